"""The INVITE server transaction (RFC 3261 §17.2.1, RFC 6026 §7.1) as a table.

What would surprise: a 2xx is retransmitted by the transaction user until its ACK comes
(§13.3.1.4); the transaction only stays Accepted to absorb the INVITE's retransmissions.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from sipfo.runtime.sip.build import outlined
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response, parse, serialize
from sipfo.runtime.sip.transaction.machine import Mark, Means, ServerMachine, by_state


class State(Mark):
    PROCEEDING = auto()
    ACCEPTED = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    TERMINATED = auto()


class Event(Mark):
    INVITE = auto()
    ACK = auto()
    SEND_1XX = auto()
    SEND_2XX = auto()
    SEND_300_699 = auto()
    TIMER_G = auto()
    TIMER_H = auto()
    TIMER_I = auto()
    TIMER_L = auto()


class Action(Enum):
    IGNORE = auto()
    SEND = auto()
    RESEND = auto()
    ACCEPT = auto()
    REFUSE = auto()
    RETRANSMIT = auto()
    CONFIRM = auto()
    END = auto()


S, E, A = State, Event, Action

TABLE: dict[tuple[State, Event], tuple[State, Action]] = {
    (S.PROCEEDING, E.INVITE): (S.PROCEEDING, A.RESEND),
    (S.PROCEEDING, E.ACK): (S.PROCEEDING, A.IGNORE),
    (S.PROCEEDING, E.SEND_1XX): (S.PROCEEDING, A.SEND),
    (S.PROCEEDING, E.SEND_2XX): (S.ACCEPTED, A.ACCEPT),
    (S.PROCEEDING, E.SEND_300_699): (S.COMPLETED, A.REFUSE),
    (S.PROCEEDING, E.TIMER_G): (S.PROCEEDING, A.IGNORE),
    (S.PROCEEDING, E.TIMER_H): (S.PROCEEDING, A.IGNORE),
    (S.PROCEEDING, E.TIMER_I): (S.PROCEEDING, A.IGNORE),
    (S.PROCEEDING, E.TIMER_L): (S.PROCEEDING, A.IGNORE),
    (S.ACCEPTED, E.INVITE): (S.ACCEPTED, A.IGNORE),
    (S.ACCEPTED, E.ACK): (S.ACCEPTED, A.IGNORE),
    (S.ACCEPTED, E.SEND_1XX): (S.ACCEPTED, A.IGNORE),
    (S.ACCEPTED, E.SEND_2XX): (S.ACCEPTED, A.SEND),
    (S.ACCEPTED, E.SEND_300_699): (S.ACCEPTED, A.IGNORE),
    (S.ACCEPTED, E.TIMER_G): (S.ACCEPTED, A.IGNORE),
    (S.ACCEPTED, E.TIMER_H): (S.ACCEPTED, A.IGNORE),
    (S.ACCEPTED, E.TIMER_I): (S.ACCEPTED, A.IGNORE),
    (S.ACCEPTED, E.TIMER_L): (S.TERMINATED, A.END),
    (S.COMPLETED, E.INVITE): (S.COMPLETED, A.RESEND),
    (S.COMPLETED, E.ACK): (S.CONFIRMED, A.CONFIRM),
    (S.COMPLETED, E.SEND_1XX): (S.COMPLETED, A.IGNORE),
    (S.COMPLETED, E.SEND_2XX): (S.COMPLETED, A.IGNORE),
    (S.COMPLETED, E.SEND_300_699): (S.COMPLETED, A.IGNORE),
    (S.COMPLETED, E.TIMER_G): (S.COMPLETED, A.RETRANSMIT),
    # No ACK came for a refusal: there is nothing that a transaction user could do about it.
    (S.COMPLETED, E.TIMER_H): (S.TERMINATED, A.END),
    (S.COMPLETED, E.TIMER_I): (S.COMPLETED, A.IGNORE),
    (S.COMPLETED, E.TIMER_L): (S.COMPLETED, A.IGNORE),
    (S.CONFIRMED, E.INVITE): (S.CONFIRMED, A.IGNORE),
    (S.CONFIRMED, E.ACK): (S.CONFIRMED, A.IGNORE),
    (S.CONFIRMED, E.SEND_1XX): (S.CONFIRMED, A.IGNORE),
    (S.CONFIRMED, E.SEND_2XX): (S.CONFIRMED, A.IGNORE),
    (S.CONFIRMED, E.SEND_300_699): (S.CONFIRMED, A.IGNORE),
    (S.CONFIRMED, E.TIMER_G): (S.CONFIRMED, A.IGNORE),
    (S.CONFIRMED, E.TIMER_H): (S.CONFIRMED, A.IGNORE),
    (S.CONFIRMED, E.TIMER_I): (S.TERMINATED, A.END),
    (S.CONFIRMED, E.TIMER_L): (S.CONFIRMED, A.IGNORE),
    **{(S.TERMINATED, event): (S.TERMINATED, A.IGNORE) for event in Event},
}

# Bound here, because a look-up of an Enum's member costs more than one of a row.
_ROWS: Final = by_state(TABLE)
_PROCEEDING: Final = S.PROCEEDING
_COMPLETED: Final = S.COMPLETED
_CONFIRMED: Final = S.CONFIRMED
_INVITE: Final = E.INVITE
_ACK: Final = E.ACK
_SEND_1XX: Final = E.SEND_1XX
_SEND_2XX: Final = E.SEND_2XX
_SEND_300_699: Final = E.SEND_300_699
_SEND: Final = A.SEND
_ACCEPT: Final = A.ACCEPT
_REFUSE: Final = A.REFUSE
_IGNORE: Final = A.IGNORE


class InviteServerTransaction(ServerMachine):
    """One INVITE received, until nothing of it can arrive any more."""

    __slots__ = ("_awaited", "request", "state")

    def __init__(self, request: Request, flow: Flow, key: object, means: Means) -> None:
        super().__init__(request, flow, key, means)
        self.request = request
        self.state: State = _PROCEEDING
        self._awaited: Event = Event.TIMER_L

    @property
    def is_waiting(self) -> bool:
        return self.state is _PROCEEDING

    @property
    def refused(self) -> bool:
        """Whether a 300-699 response was sent, whose ACK is the transaction's own business."""
        return self.state is _COMPLETED or self.state is _CONFIRMED

    @property
    def to_tag(self) -> bytes | None:
        """The To tag of the latest response, if one was sent that has one."""
        return parse(self._last).to.tag if self._last is not None else None

    def respond(self, response: Response, now: float) -> None:
        """Send a response; one that the state has no use for any more is not sent."""
        if response.status < 200:
            event = _SEND_1XX
        elif response.status < 300:
            event = _SEND_2XX
        else:
            event = _SEND_300_699
        self._take(event, now, serialize(response))

    def receive(self, request: Request, now: float) -> None:
        """A retransmission of the INVITE, or the ACK of its 300-699 response."""
        self._take(_ACK if request.method == "ACK" else _INVITE, now)

    def again(self, now: float) -> None:
        self._take(Event.TIMER_G, now)

    def ring(self, now: float) -> None:
        self._take(self._awaited, now)

    def _take(self, event: Event, now: float, data: bytes | None = None) -> None:
        self.state, action = _ROWS[self.state][event]
        if action is _SEND:
            self._answer(data)
        elif action is _ACCEPT:
            self._awaited = Event.TIMER_L
            self._wait(self._values.t1_64, now)
            self._answer(data)
        elif action is _REFUSE:
            self._awaited = Event.TIMER_H
            self._wait(self._values.t1_64, now)
            if not self.is_reliable:
                self._repeat(now)
            self._answer(data)
        elif action is not _IGNORE:
            self._do(action, now)

    def _do(self, action: Action, now: float) -> None:
        """What no response of the user's asks for."""
        match action:
            case Action.RESEND:
                self._answer_again()
            case Action.RETRANSMIT:
                self._interval = min(2 * self._interval, self._values.t2)
                self._repeat(now)
                self._answer_again()
            case Action.CONFIRM:
                self._hush()
                self._awaited = Event.TIMER_I
                self._wait(0.0 if self.is_reliable else self._values.t4, now)
            case Action.END:
                self._end()
                self._last = None  # whoever served it may hold on to this as long as a call lasts
                self.request = outlined(self.request)
