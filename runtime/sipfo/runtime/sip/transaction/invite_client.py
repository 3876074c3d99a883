"""The INVITE client transaction (RFC 3261 §17.1.1, RFC 6026 §7.2) as a table.

What would surprise: a 2xx does not end it. It stays Accepted for Timer M, so that retransmitted
and forked 2xx still reach the transaction user, who owes each an ACK.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from sipfo.runtime.sip.build import make_ack
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response, serialize
from sipfo.runtime.sip.transaction.machine import Mark, Means, by_state
from sipfo.runtime.sip.transaction.user import ClientUser, Sent


class State(Mark):
    CALLING = auto()
    PROCEEDING = auto()
    ACCEPTED = auto()
    COMPLETED = auto()
    TERMINATED = auto()


class Event(Mark):
    TIMER_A = auto()
    TIMER_B = auto()
    TIMER_D = auto()
    TIMER_M = auto()
    R_1XX = auto()
    R_2XX = auto()
    R_300_699 = auto()
    TRANSPORT_ERROR = auto()


class Action(Enum):
    IGNORE = auto()
    RETRANSMIT = auto()
    PASS = auto()
    ACCEPT = auto()
    REFUSE = auto()
    RESEND_ACK = auto()
    TIME_OUT = auto()
    FAIL = auto()
    END = auto()


S, E, A = State, Event, Action

TABLE: dict[tuple[State, Event], tuple[State, Action]] = {
    (S.CALLING, E.TIMER_A): (S.CALLING, A.RETRANSMIT),
    (S.CALLING, E.TIMER_B): (S.TERMINATED, A.TIME_OUT),
    (S.CALLING, E.TIMER_D): (S.CALLING, A.IGNORE),
    (S.CALLING, E.TIMER_M): (S.CALLING, A.IGNORE),
    (S.CALLING, E.R_1XX): (S.PROCEEDING, A.PASS),
    (S.CALLING, E.R_2XX): (S.ACCEPTED, A.ACCEPT),
    (S.CALLING, E.R_300_699): (S.COMPLETED, A.REFUSE),
    (S.CALLING, E.TRANSPORT_ERROR): (S.TERMINATED, A.FAIL),
    (S.PROCEEDING, E.TIMER_A): (S.PROCEEDING, A.IGNORE),
    # "When Timer B fires ... in the Calling state": a provisional ends its business.
    (S.PROCEEDING, E.TIMER_B): (S.PROCEEDING, A.IGNORE),
    (S.PROCEEDING, E.TIMER_D): (S.PROCEEDING, A.IGNORE),
    (S.PROCEEDING, E.TIMER_M): (S.PROCEEDING, A.IGNORE),
    (S.PROCEEDING, E.R_1XX): (S.PROCEEDING, A.PASS),
    (S.PROCEEDING, E.R_2XX): (S.ACCEPTED, A.ACCEPT),
    (S.PROCEEDING, E.R_300_699): (S.COMPLETED, A.REFUSE),
    # A connection that breaks under a proceeding INVITE: the answer has no way back.
    (S.PROCEEDING, E.TRANSPORT_ERROR): (S.TERMINATED, A.FAIL),
    (S.ACCEPTED, E.TIMER_A): (S.ACCEPTED, A.IGNORE),
    (S.ACCEPTED, E.TIMER_B): (S.ACCEPTED, A.IGNORE),
    (S.ACCEPTED, E.TIMER_D): (S.ACCEPTED, A.IGNORE),
    (S.ACCEPTED, E.TIMER_M): (S.TERMINATED, A.END),
    (S.ACCEPTED, E.R_1XX): (S.ACCEPTED, A.IGNORE),
    (S.ACCEPTED, E.R_2XX): (S.ACCEPTED, A.PASS),
    (S.ACCEPTED, E.R_300_699): (S.ACCEPTED, A.IGNORE),
    (S.ACCEPTED, E.TRANSPORT_ERROR): (S.ACCEPTED, A.IGNORE),
    (S.COMPLETED, E.TIMER_A): (S.COMPLETED, A.IGNORE),
    (S.COMPLETED, E.TIMER_B): (S.COMPLETED, A.IGNORE),
    (S.COMPLETED, E.TIMER_D): (S.TERMINATED, A.END),
    (S.COMPLETED, E.TIMER_M): (S.COMPLETED, A.IGNORE),
    (S.COMPLETED, E.R_1XX): (S.COMPLETED, A.IGNORE),
    (S.COMPLETED, E.R_2XX): (S.COMPLETED, A.IGNORE),
    (S.COMPLETED, E.R_300_699): (S.COMPLETED, A.RESEND_ACK),
    (S.COMPLETED, E.TRANSPORT_ERROR): (S.TERMINATED, A.END),
    (S.TERMINATED, E.TIMER_A): (S.TERMINATED, A.IGNORE),
    (S.TERMINATED, E.TIMER_B): (S.TERMINATED, A.IGNORE),
    (S.TERMINATED, E.TIMER_D): (S.TERMINATED, A.IGNORE),
    (S.TERMINATED, E.TIMER_M): (S.TERMINATED, A.IGNORE),
    (S.TERMINATED, E.R_1XX): (S.TERMINATED, A.IGNORE),
    (S.TERMINATED, E.R_2XX): (S.TERMINATED, A.IGNORE),
    (S.TERMINATED, E.R_300_699): (S.TERMINATED, A.IGNORE),
    (S.TERMINATED, E.TRANSPORT_ERROR): (S.TERMINATED, A.IGNORE),
}

# Bound here, because a look-up of an Enum's member costs more than one of a row.
_ROWS: Final = by_state(TABLE)
_CALLING: Final = S.CALLING
_PROCEEDING: Final = S.PROCEEDING
_R_1XX: Final = E.R_1XX
_R_2XX: Final = E.R_2XX
_R_300_699: Final = E.R_300_699
_PASS: Final = A.PASS
_ACCEPT: Final = A.ACCEPT
_REFUSE: Final = A.REFUSE
_IGNORE: Final = A.IGNORE


class InviteClientTransaction(Sent):
    """One INVITE sent, until nothing of it can come back any more."""

    __slots__ = ("_ack", "_awaited", "state")

    def __init__(self, request: Request, flow: Flow, user: ClientUser, means: Means) -> None:
        super().__init__(request, flow, user, means)
        self.state: State = _CALLING
        self._awaited: Event = Event.TIMER_B
        self._ack: bytes | None = None

    @property
    def is_waiting(self) -> bool:
        return self.state is _CALLING or self.state is _PROCEEDING

    @property
    def is_unheard(self) -> bool:
        return self.state is _CALLING

    def start(self, now: float) -> None:
        """Send the INVITE; arm Timer A (unreliable transports) and Timer B."""
        if not self.is_reliable:
            self._repeat(now)
        self._wait(self._values.t1_64, now)
        self._put(self._data)

    def receive(self, response: Response, now: float) -> None:
        if response.status < 200:
            self._take(_R_1XX, now, response)
        elif response.status < 300:
            self._take(_R_2XX, now, response)
        else:
            self._take(_R_300_699, now, response)

    def transport_failed(self, now: float) -> None:
        self._take(Event.TRANSPORT_ERROR, now)

    def end(self, now: float) -> None:
        """Destroy it: 64·T1 have passed since a CANCEL and no final response came (§9.1)."""
        if self.state is _PROCEEDING:
            self.state = State.TERMINATED
            self._end(now)

    def again(self, now: float) -> None:
        self._take(Event.TIMER_A, now)

    def ring(self, now: float) -> None:
        self._take(self._awaited, now)

    def _take(self, event: Event, now: float, response: Response | None = None) -> None:
        self.state, action = _ROWS[self.state][event]
        if action is _PASS:
            self._hush()
            self._tell(response, now)
        elif action is _ACCEPT:
            self._hush()
            self._awaited = Event.TIMER_M
            self._wait(self._values.t1_64, now)
            self._tell(response, now)
        elif action is _REFUSE:
            assert response is not None  # R_300_699 carries one
            self._hush()
            self._ack = serialize(make_ack(self.request, response))
            self._put(self._ack)
            self._awaited = Event.TIMER_D
            self._wait(0.0 if self.is_reliable else self._values.d, now)
            self._tell(response, now)
        elif action is not _IGNORE:
            self._do(action, now)

    def _tell(self, response: Response | None, now: float) -> None:
        assert response is not None  # only response events pass one up
        self._user.on_response(self, response, now)

    def _do(self, action: Action, now: float) -> None:
        """What nobody above is told of at once."""
        match action:
            case Action.RETRANSMIT:
                # "doubling ... with each retransmission" without the T2 bound (§17.1.1.2)
                self._interval *= 2
                self._repeat(now)
                self._put(self._data)
            case Action.RESEND_ACK:
                assert self._ack is not None  # made on entering Completed
                self._put(self._ack)
            case Action.TIME_OUT:
                self._time_out(now)
            case Action.FAIL:
                self._fail(now)
            case Action.END:
                self._end(now)
