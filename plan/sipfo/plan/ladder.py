"""What one call did: its attempts in order, and the result. Every executor reports this shape.

Times are seconds; `at` counts from the arrival of the caller's INVITE. Each call makes them: they
have constructors of their own, as events do (`event`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypedDict


@dataclass(init=False, slots=True, unsafe_hash=True)
class Attempt:
    """One attempt: where from, where to, how it ended, when it began and how long it took.

    `target` is None when the route's name did not resolve; `phrase` is the reason phrase of the
    response, if one ended it, and `reasons` the values of its Reason headers (RFC 3326); `level` is
    the name of the route's destination, where it has several.
    """

    egress: Final[str]
    route: Final[str]
    target: Final[str | None]
    outcome: Final[str]
    at: Final[float]
    took: Final[float]
    phrase: Final[str]
    level: Final[str | None]
    reasons: Final[tuple[str, ...]]

    def __init__(
        self,
        egress: str,
        route: str,
        target: str | None,
        outcome: str,
        at: float,
        took: float,
        phrase: str = "",
        level: str | None = None,
        reasons: tuple[str, ...] = (),
    ) -> None:
        self.egress = egress
        self.route = route
        self.target = target
        self.outcome = outcome
        self.at = at
        self.took = took
        self.phrase = phrase
        self.level = level
        self.reasons = reasons

    @property
    def place(self) -> str:
        """Where to, as a test block can write it: the route, with its level if that has a name."""
        return self.route if self.level is None else f"{self.route}.{self.level}"


Kind = Literal["answered", "refused", "cancelled"]


@dataclass(init=False, slots=True, unsafe_hash=True)
class Settled:
    """What the caller got: the status code sent, and the destination that said it, if one did."""

    kind: Final[Kind]
    code: Final[int]
    by: Final[str | None]

    def __init__(self, kind: Kind, code: int, by: str | None = None) -> None:
        self.kind = kind
        self.code = code
        self.by = by


@dataclass(init=False, slots=True, unsafe_hash=True)
class Ladder:
    """A call's set-up from its INVITE to its result, `elapsed` seconds later."""

    attempts: Final[tuple[Attempt, ...]]
    result: Final[Settled]
    elapsed: Final[float]

    def __init__(self, attempts: tuple[Attempt, ...], result: Settled, elapsed: float) -> None:
        self.attempts = attempts
        self.result = result
        self.elapsed = elapsed


class AttemptJson(TypedDict):
    egress: str
    route: str
    level: str | None
    target: str | None
    outcome: str
    at: float
    took: float


class ResultJson(TypedDict):
    kind: str
    code: int
    by: str | None


class LadderJson(TypedDict):
    attempts: list[AttemptJson]
    result: ResultJson
    elapsed: float


def to_json(ladder: Ladder) -> LadderJson:
    """The ladder as `sipfo simulate --format json` prints it; times to the millisecond."""
    return {
        "attempts": [
            {
                "egress": attempt.egress,
                "route": attempt.route,
                "level": attempt.level,
                "target": attempt.target,
                "outcome": attempt.outcome,
                "at": round(attempt.at, 3),
                "took": round(attempt.took, 3),
            }
            for attempt in ladder.attempts
        ],
        "result": {
            "kind": ladder.result.kind,
            "code": ladder.result.code,
            "by": ladder.result.by,
        },
        "elapsed": round(ladder.elapsed, 3),
    }
