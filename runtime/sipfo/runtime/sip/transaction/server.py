"""The non-INVITE server transaction (RFC 3261 §17.2.2) as a table."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response, serialize
from sipfo.runtime.sip.transaction.machine import Mark, Means, ServerMachine, by_state


class State(Mark):
    TRYING = auto()
    PROCEEDING = auto()
    COMPLETED = auto()
    TERMINATED = auto()


class Event(Mark):
    REQUEST = auto()
    SEND_1XX = auto()
    SEND_200_699 = auto()
    TIMER_J = auto()


class Action(Enum):
    IGNORE = auto()
    SEND = auto()
    RESEND = auto()
    COMPLETE = auto()
    END = auto()


S, E, A = State, Event, Action

TABLE: dict[tuple[State, Event], tuple[State, Action]] = {
    (S.TRYING, E.REQUEST): (S.TRYING, A.IGNORE),
    (S.TRYING, E.SEND_1XX): (S.PROCEEDING, A.SEND),
    (S.TRYING, E.SEND_200_699): (S.COMPLETED, A.COMPLETE),
    (S.TRYING, E.TIMER_J): (S.TRYING, A.IGNORE),
    (S.PROCEEDING, E.REQUEST): (S.PROCEEDING, A.RESEND),
    (S.PROCEEDING, E.SEND_1XX): (S.PROCEEDING, A.SEND),
    (S.PROCEEDING, E.SEND_200_699): (S.COMPLETED, A.COMPLETE),
    (S.PROCEEDING, E.TIMER_J): (S.PROCEEDING, A.IGNORE),
    (S.COMPLETED, E.REQUEST): (S.COMPLETED, A.RESEND),
    (S.COMPLETED, E.SEND_1XX): (S.COMPLETED, A.IGNORE),
    # "Any other final responses passed by the TU ... MUST be discarded" (§17.2.2)
    (S.COMPLETED, E.SEND_200_699): (S.COMPLETED, A.IGNORE),
    (S.COMPLETED, E.TIMER_J): (S.TERMINATED, A.END),
    **{(S.TERMINATED, event): (S.TERMINATED, A.IGNORE) for event in Event},
}

# Bound here, because a look-up of an Enum's member costs more than one of a row.
_ROWS: Final = by_state(TABLE)
_TRYING: Final = S.TRYING
_PROCEEDING: Final = S.PROCEEDING
_SEND_1XX: Final = E.SEND_1XX
_SEND_200_699: Final = E.SEND_200_699
_COMPLETE: Final = A.COMPLETE
_SEND: Final = A.SEND
_RESEND: Final = A.RESEND
_END: Final = A.END


class ServerTransaction(ServerMachine):
    """One request other than INVITE and ACK received, until it cannot be repeated any more."""

    __slots__ = ("state",)

    def __init__(self, request: Request, flow: Flow, key: object, means: Means) -> None:
        super().__init__(request, flow, key, means)
        self.state: State = _TRYING

    @property
    def is_waiting(self) -> bool:
        return self.state is _TRYING or self.state is _PROCEEDING

    def respond(self, response: Response, now: float) -> None:
        """Send a response; one after the final is discarded."""
        event = _SEND_1XX if response.status < 200 else _SEND_200_699
        self._take(event, now, serialize(response))

    def receive(self, request: Request, now: float) -> None:
        """A retransmission of the request."""
        self._take(Event.REQUEST, now)

    def ring(self, now: float) -> None:
        self._take(Event.TIMER_J, now)

    def _take(self, event: Event, now: float, data: bytes | None = None) -> None:
        self.state, action = _ROWS[self.state][event]
        if action is _COMPLETE:
            self._answer(data)
            self._wait(0.0 if self.is_reliable else self._values.t1_64, now)
        elif action is _SEND:
            self._answer(data)
        elif action is _RESEND:
            self._answer_again()
        elif action is _END:
            self._end()
