"""Why we end something ourselves, as Reason header values (RFC 3326)."""

from __future__ import annotations

from typing import Final

from sipfo.plan.event import CallerLeft, Event, Expired

NOT_ACKNOWLEDGED: Final = b'SIP;cause=408;text="No ACK"'
SESSION_EXPIRED: Final = b'SIP;cause=408;text="Session expired"'
INVITE_EXPIRED: Final = b'SIP;cause=487;text="INVITE expired"'
SHUTTING_DOWN: Final = b'SIP;cause=503;text="Shutting down"'
ANSWERED_TOO_LATE: Final = b'SIP;cause=487;text="Answered too late"'
ANSWERED_ELSEWHERE: Final = b'SIP;cause=200;text="Call completed elsewhere"'
UNUSABLE: Final = b'SIP;cause=502;text="Unusable answer"'
DEADLINE: Final = b'SIP;cause=408;text="Deadline"'

TIMED_OUT: Final = {
    "no-response": b'SIP;cause=408;text="No response"',
    "no-progress": b'SIP;cause=408;text="No progress"',
    "no-answer": b'SIP;cause=408;text="No answer"',
}
"""By the timer that gave an attempt up; the three count as 408."""


def why_given_up(event: Event, said: list[bytes]) -> list[bytes]:
    """The values of Reason for an attempt that an event gives up; `said` are those of the caller."""
    match event:
        case CallerLeft():
            return said
        case Expired(timer=timer):
            return [TIMED_OUT[timer]]
        case _:
            return [DEADLINE]
