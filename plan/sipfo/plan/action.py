"""What the failover machine asks of its executor, and the one result of a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sipfo.plan.model import Timer
from sipfo.plan.order import Step
from sipfo.plan.outcome import Outcome


@dataclass(frozen=True, slots=True)
class ArmDeadline:
    """Arm the call's one deadline, in seconds from now."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Locate:
    """Find the targets of a step and answer with Located."""

    step: Step


@dataclass(frozen=True, slots=True)
class Invite:
    """Send an INVITE to a target; arm no-response for `seconds`."""

    attempt: int
    step: Step
    target: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Arm:
    """Replace the attempt's timer with this one, in seconds from now."""

    attempt: int
    timer: Timer
    seconds: float


@dataclass(frozen=True, slots=True)
class Relay:
    """Pass the provisional just heard on to the caller."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Unreached:
    """Record an attempt that never had a target, because its name did not resolve."""

    attempt: int
    step: Step


@dataclass(frozen=True, slots=True)
class Skipped:
    """Say that a step was passed over, because all its targets are held."""

    step: Step


@dataclass(frozen=True, slots=True)
class Over:
    """Record how an attempt ended and disarm its timer."""

    attempt: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Abandon:
    """Give up an attempt that has had no final response: CANCEL it when that is allowed."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Finish:
    """Tell the caller the call's one result."""

    result: Result


Action = ArmDeadline | Locate | Invite | Arm | Relay | Unreached | Skipped | Over | Abandon | Finish


@dataclass(frozen=True, slots=True)
class Result:
    """What the caller gets: `code` as sent, `by` the destination that said it, None when it was
    said here; `attempt` is the attempt whose response is passed on, if one is."""

    kind: Literal["answered", "refused", "cancelled"]
    code: int
    by: str | None = None
    attempt: int | None = None
    outcome: Outcome | None = None
