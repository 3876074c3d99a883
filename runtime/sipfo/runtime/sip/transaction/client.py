"""The non-INVITE client transaction (RFC 3261 §17.1.2) as a table."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.sip.transaction.machine import Mark, Means, by_state
from sipfo.runtime.sip.transaction.user import ClientUser, Sent


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

# Bound here, because a look-up of an Enum's member costs more than one of a row.
_ROWS: Final = by_state(TABLE)
_TRYING: Final = S.TRYING
_PROCEEDING: Final = S.PROCEEDING
_R_1XX: Final = E.R_1XX
_R_200_699: Final = E.R_200_699
_COMPLETE: Final = A.COMPLETE
_PASS: Final = A.PASS
_IGNORE: Final = A.IGNORE


class ClientTransaction(Sent):
    """One request other than INVITE and ACK sent, until its answer cannot be repeated any more."""

    __slots__ = ("_awaited", "state")

    def __init__(self, request: Request, flow: Flow, user: ClientUser, means: Means) -> None:
        super().__init__(request, flow, user, means)
        self.state: State = _TRYING
        self._awaited: Event = Event.TIMER_F

    @property
    def is_waiting(self) -> bool:
        return self.state is _TRYING or self.state is _PROCEEDING

    @property
    def is_unheard(self) -> bool:
        return self.state is _TRYING

    def start(self, now: float) -> None:
        """Send the request; arm Timer E (unreliable transports) and Timer F."""
        if not self.is_reliable:
            self._repeat(now)
        self._wait(self._values.t1_64, now)
        self._put(self._data)

    def receive(self, response: Response, now: float) -> None:
        self._take(_R_1XX if response.status < 200 else _R_200_699, now, response)

    def transport_failed(self, now: float) -> None:
        self._take(Event.TRANSPORT_ERROR, now)

    def again(self, now: float) -> None:
        self._take(Event.TIMER_E, now)

    def ring(self, now: float) -> None:
        self._take(self._awaited, now)

    def _take(self, event: Event, now: float, response: Response | None = None) -> None:
        self.state, action = _ROWS[self.state][event]
        if action is _COMPLETE:
            assert response is not None  # R_200_699 carries one
            self._hush()
            self._awaited = Event.TIMER_K
            self._wait(0.0 if self.is_reliable else self._values.t4, now)
            self._user.on_response(self, response, now)
        elif action is _PASS:
            assert response is not None  # R_1XX carries one
            self._user.on_response(self, response, now)
        elif action is not _IGNORE:
            self._do(action, now)

    def _do(self, action: Action, now: float) -> None:
        """What no response asks for."""
        match action:
            case Action.RETRANSMIT:
                self._retransmit(min(2 * self._interval, self._values.t2), now)
            case Action.RETRANSMIT_SLOWLY:
                self._retransmit(self._values.t2, now)
            case Action.TIME_OUT:
                self._time_out(now)
            case Action.FAIL:
                self._fail(now)
            case Action.END:
                self._end(now)

    def _retransmit(self, interval: float, now: float) -> None:
        self._interval = interval
        self._repeat(now)
        self._put(self._data)
