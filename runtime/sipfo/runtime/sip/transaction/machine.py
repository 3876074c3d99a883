"""What the four machines share: a way to send, one timer that repeats, one that waits."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request
from sipfo.runtime.sip.timer import Callback, Handle, Timers
from sipfo.runtime.sip.transaction.user import ClientUser, Sent
from sipfo.runtime.sip.transaction.values import TimerValues

_Tell = Callable[[Sent, float], None]


class Mark(Enum):
    """A state or event, as half of a table's key: each is one object, so its address is its hash.
    `Enum` hashes the name, in Python."""

    __hash__ = object.__hash__


class Means(NamedTuple):
    """What every transaction of an engine works with."""

    timers: Timers
    values: TimerValues
    send: Callable[[Flow, bytes], None]


class Machine:
    """One transaction: its request, its flow, and its two timers."""

    __slots__ = ("_interval", "_means", "_resend", "_values", "_wait", "flow", "request")

    def __init__(self, request: Request, flow: Flow, means: Means) -> None:
        self.request = request
        self.flow = flow
        self._means = means
        self._values = means.values
        self._interval = means.values.t1
        self._resend: Handle | None = None
        self._wait: Handle | None = None

    def _put(self, data: bytes) -> None:
        self._means.send(self.flow, data)

    def _repeat(self, again: Callback, now: float) -> None:
        """Arm the timer that repeats, for the interval as it stands."""
        self._resend = self._means.timers.at(now + self._interval, again)

    def _await(self, seconds: float, work: Callback, now: float) -> None:
        """Arm the timer that waits, instead of what it waited for before."""
        if self._wait is not None:
            self._wait.cancel()
        self._wait = self._means.timers.at(now + seconds, work)

    def _hush(self) -> None:
        """End the repetitions."""
        if self._resend is not None:
            self._resend.cancel()
            self._resend = None

    def _disarm(self) -> None:
        self._hush()
        if self._wait is not None:
            self._wait.cancel()


class ClientMachine(Machine):
    """The client's two: they end by telling their user."""

    __slots__ = ("_user",)

    def __init__(self, request: Request, flow: Flow, user: ClientUser, means: Means) -> None:
        super().__init__(request, flow, means)
        self._user = user

    def _end(self, sent: Sent, now: float, tell: _Tell | None = None) -> None:
        """Stop, whatever the user makes of what it is told first; `sent` is this machine."""
        try:
            if tell is not None:
                tell(sent, now)
        finally:
            self._disarm()
            self._user.on_terminated(sent, now)


class ServerMachine(Machine):
    """The server's two: they keep what they sent last, to send it again."""

    __slots__ = ("_forget", "_last", "key")

    def __init__(
        self,
        request: Request,
        flow: Flow,
        key: object,
        means: Means,
        forget: Callable[[object], None],
    ) -> None:
        """`flow` is where responses go (`response_address`); `forget` is told the key at the end."""
        super().__init__(request, flow, means)
        self.key = key
        self._forget = forget
        self._last: bytes | None = None

    def _answer(self, data: bytes | None) -> None:
        assert data is not None  # only `respond` leads here
        self._last = data
        self._put(data)

    def _answer_again(self) -> None:
        if self._last is not None:
            self._put(self._last)

    def _end(self) -> None:
        self._disarm()
        self._forget(self.key)
