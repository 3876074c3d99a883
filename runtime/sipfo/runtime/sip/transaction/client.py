"""The non-INVITE client transaction (RFC 3261 §17.1.2) as a table."""

from __future__ import annotations

from enum import Enum, auto

from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response, serialize
from sipfo.runtime.sip.transaction.machine import ClientMachine, Mark, Means
from sipfo.runtime.sip.transaction.user import ClientUser


class State(Mark):
    TRYING = auto()
    PROCEEDING = auto()
    COMPLETED = auto()
    TERMINATED = auto()


class Event(Mark):
    TIMER_E = auto()
    TIMER_F = auto()
    TIMER_K = auto()
    R_1XX = auto()
    R_200_699 = auto()
    TRANSPORT_ERROR = auto()


class Action(Enum):
    IGNORE = auto()
    RETRANSMIT = auto()
    RETRANSMIT_SLOWLY = auto()
    PASS = auto()
    COMPLETE = auto()
    TIME_OUT = auto()
    FAIL = auto()
    END = auto()


S, E, A = State, Event, Action

TABLE: dict[tuple[State, Event], tuple[State, Action]] = {
    (S.TRYING, E.TIMER_E): (S.TRYING, A.RETRANSMIT),
    (S.TRYING, E.TIMER_F): (S.TERMINATED, A.TIME_OUT),
    (S.TRYING, E.TIMER_K): (S.TRYING, A.IGNORE),
    (S.TRYING, E.R_1XX): (S.PROCEEDING, A.PASS),
    (S.TRYING, E.R_200_699): (S.COMPLETED, A.COMPLETE),
    (S.TRYING, E.TRANSPORT_ERROR): (S.TERMINATED, A.FAIL),
    (S.PROCEEDING, E.TIMER_E): (S.PROCEEDING, A.RETRANSMIT_SLOWLY),
    (S.PROCEEDING, E.TIMER_F): (S.TERMINATED, A.TIME_OUT),
    (S.PROCEEDING, E.TIMER_K): (S.PROCEEDING, A.IGNORE),
    (S.PROCEEDING, E.R_1XX): (S.PROCEEDING, A.PASS),
    (S.PROCEEDING, E.R_200_699): (S.COMPLETED, A.COMPLETE),
    (S.PROCEEDING, E.TRANSPORT_ERROR): (S.TERMINATED, A.FAIL),
    (S.COMPLETED, E.TIMER_E): (S.COMPLETED, A.IGNORE),
    (S.COMPLETED, E.TIMER_F): (S.COMPLETED, A.IGNORE),
    (S.COMPLETED, E.TIMER_K): (S.TERMINATED, A.END),
    (S.COMPLETED, E.R_1XX): (S.COMPLETED, A.IGNORE),
    (S.COMPLETED, E.R_200_699): (S.COMPLETED, A.IGNORE),
    (S.COMPLETED, E.TRANSPORT_ERROR): (S.COMPLETED, A.IGNORE),
    (S.TERMINATED, E.TIMER_E): (S.TERMINATED, A.IGNORE),
    (S.TERMINATED, E.TIMER_F): (S.TERMINATED, A.IGNORE),
    (S.TERMINATED, E.TIMER_K): (S.TERMINATED, A.IGNORE),
    (S.TERMINATED, E.R_1XX): (S.TERMINATED, A.IGNORE),
    (S.TERMINATED, E.R_200_699): (S.TERMINATED, A.IGNORE),
    (S.TERMINATED, E.TRANSPORT_ERROR): (S.TERMINATED, A.IGNORE),
}


class ClientTransaction(ClientMachine):
    """One request other than INVITE and ACK sent, until its answer cannot be repeated any more."""

    __slots__ = ("_awaited", "_data", "key", "state")

    def __init__(self, request: Request, flow: Flow, user: ClientUser, means: Means) -> None:
        super().__init__(request, flow, user, means)
        self.key = (request.via.branch, request.method)
        self.state = State.TRYING
        self._awaited = Event.TIMER_F
        self._data = serialize(request)

    def start(self, now: float) -> None:
        """Send the request; arm Timer E (unreliable transports) and Timer F."""
        if not self.flow.reliable:
            self._repeat(self._timer_e, now)
        self._arm(self._values.t1_64, Event.TIMER_F, now)
        self._put(self._data)

    def receive(self, response: Response, now: float) -> None:
        """A response that matches this transaction."""
        event = Event.R_1XX if response.status < 200 else Event.R_200_699
        self._take(event, now, response)

    def transport_failed(self, now: float) -> None:
        """The request, or the connection that it went over, did not get through."""
        self._take(Event.TRANSPORT_ERROR, now)

    def _take(self, event: Event, now: float, response: Response | None = None) -> None:
        self.state, action = TABLE[self.state, event]
        match action:
            case Action.IGNORE:
                pass
            case Action.RETRANSMIT:
                self._retransmit(min(2 * self._interval, self._values.t2), now)
            case Action.RETRANSMIT_SLOWLY:
                self._retransmit(self._values.t2, now)
            case Action.PASS:
                assert response is not None  # R_1XX carries one
                self._user.on_response(self, response, now)
            case Action.COMPLETE:
                assert response is not None  # R_200_699 carries one
                self._hush()
                self._arm(0.0 if self.flow.reliable else self._values.t4, Event.TIMER_K, now)
                self._user.on_response(self, response, now)
            case Action.TIME_OUT:
                self._end(self, now, self._user.on_timeout)
            case Action.FAIL:
                self._end(self, now, self._user.on_transport_error)
            case Action.END:
                self._end(self, now)

    def _retransmit(self, interval: float, now: float) -> None:
        self._interval = interval
        self._repeat(self._timer_e, now)
        self._put(self._data)

    def _timer_e(self, now: float) -> None:
        self._take(Event.TIMER_E, now)

    def _arm(self, seconds: float, event: Event, now: float) -> None:
        self._awaited = event
        self._await(seconds, self._waited, now)

    def _waited(self, now: float) -> None:
        self._take(self._awaited, now)
