"""What happens to a call during its set-up, as the failover machine is told it.

Values, of which `Final` says that nobody changes one; made for every message, so that each has a
constructor of its own: that of a frozen dataclass takes ten times as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sipfo.plan.model import Timer
from sipfo.plan.outcome import Final as FinalResponse


@dataclass(frozen=True, slots=True)
class Placed:
    """The caller's INVITE arrived."""


@dataclass(init=False, slots=True, unsafe_hash=True)
class Located:
    """RFC 3263 gave the step's targets, in order; none when the name does not resolve, or, with
    `unregistered`, when nobody is registered.

    It answers the latest Locate, once. `held` says that every one of them asked to be left alone
    for a while (Retry-After).
    """

    targets: Final[tuple[str, ...]]
    held: Final[bool]
    unregistered: Final[bool]

    def __init__(
        self, targets: tuple[str, ...], held: bool = False, unregistered: bool = False
    ) -> None:
        self.targets = targets
        self.held = held
        self.unregistered = unregistered


@dataclass(init=False, slots=True, unsafe_hash=True)
class Heard:
    """A provisional response to an attempt."""

    attempt: Final[int]
    status: Final[int]
    has_body: Final[bool]

    def __init__(self, attempt: int, status: int, has_body: bool = False) -> None:
        self.attempt = attempt
        self.status = status
        self.has_body = has_body


@dataclass(init=False, slots=True, unsafe_hash=True)
class Responded:
    """A final response to an attempt."""

    attempt: Final[int]
    final: Final[FinalResponse]

    def __init__(self, attempt: int, final: FinalResponse) -> None:
        self.attempt = attempt
        self.final = final


@dataclass(init=False, slots=True, unsafe_hash=True)
class Failed:
    """An attempt's target could not be reached."""

    attempt: Final[int]

    def __init__(self, attempt: int) -> None:
        self.attempt = attempt


@dataclass(init=False, slots=True, unsafe_hash=True)
class Expired:
    """The timer that an attempt's phase armed ran out."""

    attempt: Final[int]
    timer: Final[Timer]

    def __init__(self, attempt: int, timer: Timer) -> None:
        self.attempt = attempt
        self.timer = timer


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The caller cancelled, or hung up before the answer."""


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The trunk's deadline for the whole set-up ran out."""


Event = Placed | Located | Heard | Responded | Failed | Expired | CallerLeft | DeadlinePassed
