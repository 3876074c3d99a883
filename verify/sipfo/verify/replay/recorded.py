"""A call that took place, whoever recorded it: what each destination did, and what the caller got.

What would surprise: a recording knows what a destination did only until it was given up there.
`known` is that moment, and nothing is assumed behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sipfo.plan.ladder import Settled
from sipfo.plan.outcome import Final
from sipfo.verify.targets import Place

FOREVER = float("inf")

SOON = 0.1
"""When a provisional is taken to have come that no record has the time of, in seconds: a nominal
round trip."""


@dataclass(frozen=True, slots=True)
class RecordedTry:
    """One attempt. Times are seconds: `at` since the caller's INVITE, the others since the attempt.

    `place` is None for a name that did not resolve; `route` is there where the recording names it.
    `heard` are provisionals: when, status, with a body or not. `rang` is None where it is not known
    whether somebody was alerted. `source` is the host that it came from, or an egress's name.
    `is_sparse` says that a 100 would not have been recorded, `guess` what was inferred.
    """

    at: float
    place: Place | None
    source: str
    known: float
    heard: tuple[tuple[float, int, bool], ...] = ()
    final: tuple[float, Final] | None = None
    failed: float | None = None
    route: str | None = None
    rang: bool | None = False
    is_sparse: bool = False
    guess: str = ""

    @property
    def first(self) -> float:
        """When the first thing happened that the recording has the time of."""
        moments = [at for at, status, _ in self.heard if status > 100 or not self.is_sparse]
        moments += [self.final[0]] if self.final is not None else []
        moments += [self.failed] if self.failed is not None else []
        return min(moments, default=self.known)


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call; `result` and `elapsed` are None where the recording ends before it. `gave_up` is
    when the caller cancelled."""

    name: str
    number: str
    trunk: str | None
    tries: tuple[RecordedTry, ...]
    result: Settled | None
    elapsed: float | None
    gave_up: float | None = None

    @property
    def rings(self) -> int:
        """Attempts that alerted somebody, as far as is known."""
        return sum(one.rang is True for one in self.tries)
