"""A transaction layer in virtual time: what it sent when, and what its user was told when."""

from __future__ import annotations

from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response, parse
from sipfo.runtime.sip.timer import Timers
from sipfo.runtime.sip.transaction.layer import TransactionLayer
from sipfo.runtime.sip.transaction.user import Sent
from sipfo.runtime.sip.transaction.values import TimerValues

Told = tuple[float, int | str]


class Recorder:
    """A client's transaction user that only writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[Told] = []

    def on_response(self, transaction: Sent, response: Response, now: float) -> None:
        self.told.append((now, response.status))

    def on_timeout(self, transaction: Sent, now: float) -> None:
        self.told.append((now, "timeout"))

    def on_transport_error(self, transaction: Sent, now: float) -> None:
        self.told.append((now, "transport error"))

    def on_terminated(self, transaction: Sent, now: float) -> None:
        self.told.append((now, "terminated"))


class Bench:
    """One layer, its timers, and a clock that stands still between two of them."""

    def __init__(self, values: TimerValues | None = None) -> None:
        self.now = 0.0
        self.timers = Timers()
        self.sent: list[tuple[float, Flow, Request | Response]] = []
        self.layer = TransactionLayer(self.timers, self._send, values or TimerValues())
        self.user = Recorder()

    def _send(self, flow: Flow, data: bytes) -> None:
        self.sent.append((self.now, flow, parse(data)))

    def run(self, until: float) -> None:
        """Let time pass, up to and including that moment."""
        while (due := self.timers.next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            self.timers.run(self.now)
        self.now = until

    def times(self, what: str | int) -> list[float]:
        """When a request of that method, or a response of that status, was sent."""
        return [
            when
            for when, _, message in self.sent
            if what == (message.method if isinstance(message, Request) else message.status)
        ]

    def last(self) -> Request | Response:
        """What was sent last."""
        return self.sent[-1][2]

    @property
    def empty(self) -> bool:
        """Whether nothing at all is left behind."""
        return len(self.layer) == 0 and self.timers.next_due() is None
