"""What the failover machine asks of its executor, and the one result of a call.

Values with constructors of their own, as events are (`event`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sipfo.plan.ladder import Kind
from sipfo.plan.model import Timer
from sipfo.plan.order import Step
from sipfo.plan.outcome import Outcome


@dataclass(init=False, slots=True, unsafe_hash=True)
class ArmDeadline:
    """Arm the call's one deadline, in seconds from now."""

    seconds: Final[float]

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


@dataclass(init=False, slots=True, unsafe_hash=True)
class Locate:
    """Find the targets of a step and answer with Located."""

    step: Final[Step]

    def __init__(self, step: Step) -> None:
        self.step = step


@dataclass(init=False, slots=True, unsafe_hash=True)
class Invite:
    """Send an INVITE to a target; arm no-response for `seconds`."""

    attempt: Final[int]
    step: Final[Step]
    target: Final[str]
    seconds: Final[float]

    def __init__(self, attempt: int, step: Step, target: str, seconds: float) -> None:
        self.attempt = attempt
        self.step = step
        self.target = target
        self.seconds = seconds


@dataclass(init=False, slots=True, unsafe_hash=True)
class Arm:
    """Replace the attempt's timer with this one, in seconds from now."""

    attempt: Final[int]
    timer: Final[Timer]
    seconds: Final[float]

    def __init__(self, attempt: int, timer: Timer, seconds: float) -> None:
        self.attempt = attempt
        self.timer = timer
        self.seconds = seconds


@dataclass(init=False, slots=True, unsafe_hash=True)
class Relay:
    """Pass the provisional just heard on to the caller."""

    attempt: Final[int]

    def __init__(self, attempt: int) -> None:
        self.attempt = attempt


@dataclass(init=False, slots=True, unsafe_hash=True)
class Unreached:
    """Record an attempt that never had a target, because its name did not resolve."""

    attempt: Final[int]
    step: Final[Step]

    def __init__(self, attempt: int, step: Step) -> None:
        self.attempt = attempt
        self.step = step


@dataclass(init=False, slots=True, unsafe_hash=True)
class Skipped:
    """Say that a step was passed over, because all its targets are held."""

    step: Final[Step]

    def __init__(self, step: Step) -> None:
        self.step = step


@dataclass(init=False, slots=True, unsafe_hash=True)
class Over:
    """Record how an attempt ended and disarm its timer."""

    attempt: Final[int]
    outcome: Final[Outcome]

    def __init__(self, attempt: int, outcome: Outcome) -> None:
        self.attempt = attempt
        self.outcome = outcome


@dataclass(init=False, slots=True, unsafe_hash=True)
class Abandon:
    """Give up an attempt that has had no final response: CANCEL it when that is allowed."""

    attempt: Final[int]

    def __init__(self, attempt: int) -> None:
        self.attempt = attempt


@dataclass(init=False, slots=True, unsafe_hash=True)
class Finish:
    """Tell the caller the call's one result."""

    result: Final[Result]

    def __init__(self, result: Result) -> None:
        self.result = result


Action = ArmDeadline | Locate | Invite | Arm | Relay | Unreached | Skipped | Over | Abandon | Finish


@dataclass(init=False, slots=True, unsafe_hash=True)
class Result:
    """What the caller gets: `code` as sent, `by` the destination that said it, None when it was
    said here; `attempt` is the attempt whose response is passed on, if one is."""

    kind: Final[Kind]
    code: Final[int]
    by: Final[str | None]
    attempt: Final[int | None]
    outcome: Final[Outcome | None]

    def __init__(
        self,
        kind: Kind,
        code: int,
        by: str | None = None,
        attempt: int | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        self.kind = kind
        self.code = code
        self.by = by
        self.attempt = attempt
        self.outcome = outcome
