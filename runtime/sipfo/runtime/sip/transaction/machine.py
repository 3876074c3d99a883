"""What the four machines share: who they work for, a timer that repeats, and one that waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import TypeVar

from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.sip.repeater import Repeater
from sipfo.runtime.sip.timer import Timers
from sipfo.runtime.sip.transaction.values import TimerValues


class Mark(Enum):
    """A state or event, as a key of a table: each is one object, so its address is its hash.
    `Enum` hashes the name, in Python."""

    __hash__ = object.__hash__


_State = TypeVar("_State", bound=Mark)
_Event = TypeVar("_Event", bound=Mark)
_Row = TypeVar("_Row")


def by_state(table: Mapping[tuple[_State, _Event], _Row]) -> dict[_State, dict[_Event, _Row]]:
    """A machine's table as it is looked up: no pair has to be made to find a row."""
    rows: dict[_State, dict[_Event, _Row]] = {}
    for (state, event), row in table.items():
        rows.setdefault(state, {})[event] = row
    return rows


class Means:
    """What every transaction of an engine works with; it is told when one is over."""

    __slots__ = ("send", "timers", "values")

    def __init__(
        self, timers: Timers, send: Callable[[Flow, bytes], None], values: TimerValues
    ) -> None:
        self.timers = timers
        self.send = send
        self.values = values

    def over(self, transaction: Machine) -> None:
        """A transaction has terminated."""
        raise NotImplementedError


class Machine(Repeater):
    """One transaction: whose it is, its flow, and its two timers. Those that have to do with the
    request later on keep it."""

    __slots__ = ("_means", "_values", "call_id", "flow", "is_reliable")

    def __init__(self, request: Request, flow: Flow, means: Means) -> None:
        super().__init__(means.timers, means.values.t1)
        self.call_id = request.call_id
        self.flow = flow
        self.is_reliable = flow.transport != "udp"
        self._means = means
        self._values = means.values

    @property
    def is_waiting(self) -> bool:
        """Whether there is no final response yet."""
        raise NotImplementedError

    def _put(self, data: bytes) -> None:
        self._means.send(self.flow, data)

    def _disarm(self) -> None:
        self._hush()
        self.disarm()


class ServerMachine(Machine):
    """The server's two: they keep what they sent last, to send it again."""

    __slots__ = ("_last", "key")

    def __init__(self, request: Request, flow: Flow, key: object, means: Means) -> None:
        """`flow` is where responses go (`response_address`); `key` is what it is found by."""
        super().__init__(request, flow, means)
        self.key = key
        self._last: bytes | None = None

    def receive(self, request: Request, now: float) -> None:
        """A request that matches."""
        raise NotImplementedError

    def respond(self, response: Response, now: float) -> None:
        """Send a response."""
        raise NotImplementedError

    def _answer(self, data: bytes | None) -> None:
        assert data is not None  # only `respond` leads here
        self._last = data
        self._put(data)

    def _answer_again(self) -> None:
        if self._last is not None:
            self._put(self._last)

    def _end(self) -> None:
        self._disarm()
        self._means.over(self)
