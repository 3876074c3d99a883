"""What the runtime reports: one record when an attempt ends, one when a call's set-up does."""

from __future__ import annotations

from dataclasses import dataclass

from sipfo.plan.ladder import Attempt, Ladder


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One ended attempt: `call` names the call in every line about it, `number` counts from 1."""

    call: str
    trunk: str
    number: int
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call whose set-up has its result; `source` is the caller's address."""

    call: str
    trunk: str
    number: str
    source: str
    ladder: Ladder


@dataclass(frozen=True, slots=True)
class Notice:
    """Anything else an operator should see: a step passed over, a call refused at the door."""

    call: str
    text: str


Record = AttemptRecord | CallRecord | Notice
