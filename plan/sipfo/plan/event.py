"""What happens to a call during its set-up, as the failover machine is told it."""

from __future__ import annotations

from dataclasses import dataclass

from sipfo.plan.model import Timer
from sipfo.plan.outcome import Final


@dataclass(frozen=True, slots=True)
class Placed:
    """The caller's INVITE arrived."""


@dataclass(frozen=True, slots=True)
class Located:
    """RFC 3263 gave the step's targets, in order; none when the name does not resolve, or, with
    `unregistered`, when nobody is registered.

    It answers the latest Locate, once. `held` says that every one of them asked to be left alone
    for a while (Retry-After).
    """

    targets: tuple[str, ...]
    held: bool = False
    unregistered: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """A provisional response to an attempt."""

    attempt: int
    status: int
    has_body: bool = False


@dataclass(frozen=True, slots=True)
class Responded:
    """A final response to an attempt."""

    attempt: int
    final: Final


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt's target could not be reached."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Expired:
    """The timer that an attempt's phase armed ran out."""

    attempt: int
    timer: Timer


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The caller cancelled, or hung up before the answer."""


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The trunk's deadline for the whole set-up ran out."""


Event = Placed | Located | Heard | Responded | Failed | Expired | CallerLeft | DeadlinePassed
