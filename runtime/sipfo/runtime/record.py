"""What the runtime reports: one record when an attempt ends, one when a call's set-up does, and one
more when a call that was answered is over.

Moments are the engine's: seconds on a clock that never goes back, not the time of day. The wire,
which has the clocks, makes rows of them (`row`). Each call makes three: those have constructors of
their own, as events do (`plan/event`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sipfo.plan.ladder import Attempt, Ladder

Party = Literal["caller", "callee", "sipfo"]
"""Who ended a call; sipfo does when it is told to stop, or when nobody acknowledged an answer."""


@dataclass(init=False, slots=True, unsafe_hash=True)
class AttemptRecord:
    """One ended attempt: `call` names the call in every line about it, `number` counts from 1.

    `carrier` says that `attempt.route` names a carrier, not a route.
    """

    call: Final[str]
    trunk: Final[str]
    number: Final[int]
    attempt: Final[Attempt]
    carrier: Final[bool]

    def __init__(
        self, call: str, trunk: str, number: int, attempt: Attempt, carrier: bool = False
    ) -> None:
        self.call = call
        self.trunk = trunk
        self.number = number
        self.attempt = attempt
        self.carrier = carrier


@dataclass(init=False, slots=True, unsafe_hash=True)
class CallRecord:
    """One call whose set-up has its result; `source` is the caller's address.

    `began` is when its INVITE came, `rang` how many seconds later the caller first heard of
    somebody being alerted (a provisional above 100), if it did. `carrier` is the one that answered.
    `call_id`, `caller` and `callee` are the caller's Call-ID and the URIs of its From and To.
    `plan` is the fingerprint of the plan by which it was placed. `notes` is what else was said of
    its set-up: what was passed over and why, names that led nowhere.
    """

    call: Final[str]
    trunk: Final[str]
    number: Final[str]
    source: Final[str]
    ladder: Final[Ladder]
    began: Final[float]
    rang: Final[float | None]
    carrier: Final[str | None]
    call_id: Final[bytes]
    caller: Final[bytes]
    callee: Final[bytes]
    plan: Final[str]
    notes: Final[tuple[str, ...]]

    def __init__(
        self,
        call: str,
        trunk: str,
        number: str,
        source: str,
        ladder: Ladder,
        began: float = 0.0,
        rang: float | None = None,
        carrier: str | None = None,
        call_id: bytes = b"",
        caller: bytes = b"",
        callee: bytes = b"",
        plan: str = "",
        notes: tuple[str, ...] = (),
    ) -> None:
        self.call = call
        self.trunk = trunk
        self.number = number
        self.source = source
        self.ladder = ladder
        self.began = began
        self.rang = rang
        self.carrier = carrier
        self.call_id = call_id
        self.caller = caller
        self.callee = callee
        self.plan = plan
        self.notes = notes


@dataclass(init=False, slots=True, unsafe_hash=True)
class EndRecord:
    """A call that was answered is over, since the moment `at`.

    It carries all that was known when it was answered, so that it makes a row by itself. `lost`:
    nobody ended it, the process that had it died.
    """

    record: Final[CallRecord]
    by: Final[Party]
    at: Final[float]
    lost: Final[bool]

    def __init__(self, record: CallRecord, by: Party, at: float, lost: bool = False) -> None:
        self.record = record
        self.by = by
        self.at = at
        self.lost = lost

    @property
    def talked(self) -> float:
        """Seconds from the answer to the end."""
        return max(0.0, self.at - self.record.began - self.record.ladder.elapsed)


@dataclass(frozen=True, slots=True)
class Notice:
    """Anything else an operator should see: a step passed over, a call refused at the door."""

    call: str
    text: str


@dataclass(frozen=True, slots=True)
class RegisterRecord:
    """A REGISTER that was looked at: what it was answered, and how many contacts there are then.

    `user` is empty where nobody has shown a password, as of every first one; `reason` says why it
    was refused.
    """

    registrar: str
    user: str
    source: str
    status: int
    contacts: int = 0
    instance: str = ""
    reason: str = ""


Record = AttemptRecord | CallRecord | EndRecord | RegisterRecord | Notice
