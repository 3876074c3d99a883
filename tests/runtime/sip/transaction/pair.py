"""Two ends of a network that drops, repeats and reorders, in virtual time, with a call between them.

Each end is a transaction layer under a small transaction user: the caller places one call, the
callee answers it by a script, repeats a 2xx until its ACK and takes a CANCEL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, repeat

from sipfo.runtime.sip.build import make_cancel, make_response
from sipfo.runtime.sip.dialog import Dialog
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response, parse, serialize
from sipfo.runtime.sip.timer import Handle, Timers
from sipfo.runtime.sip.transaction.invite_server import InviteServerTransaction
from sipfo.runtime.sip.transaction.layer import AnyServer, TransactionLayer
from sipfo.runtime.sip.transaction.user import Sent
from sipfo.runtime.sip.transaction.values import TimerValues

Fate = tuple[float, ...]
"""When each copy of a message arrives, in seconds after it was sent; none arrives if empty."""

VALUES = TimerValues()


class Network:
    """Carries messages between its ends, each by its own fate; the last fate is everyone's."""

    def __init__(self, fates: list[Fate], usual: Fate = (0.05,)) -> None:
        self.timers = Timers()
        self.now = 0.0
        self.sent: list[str] = []
        self._fates: Iterator[Fate] = chain(fates, repeat(usual))
        self._ends: dict[tuple[str, int], Callable[[bytes, Flow], None]] = {}

    def join(self, address: tuple[str, int], receive: Callable[[bytes, Flow], None]) -> None:
        self._ends[address] = receive

    def send(self, flow: Flow, data: bytes) -> None:
        message = parse(data)
        self.sent.append(message.method if isinstance(message, Request) else str(message.status))
        back = flow._replace(local=flow.remote, remote=flow.local)
        for delay in next(self._fates):
            self.timers.at(self.now + delay, lambda now: self._ends[flow.remote](data, back))

    def run(self, until: float) -> None:
        """Let time pass, up to and including that moment."""
        while (due := self.timers.next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            self.timers.run(self.now)
        self.now = until


class Caller:
    """Sends one request; acknowledges every 2xx of an INVITE; cancels when told to."""

    def __init__(self, network: Network, flow: Flow) -> None:
        self.told: list[int | str] = []
        self.network = network
        self.layer = TransactionLayer(network.timers, network.send, VALUES)
        self._flow = flow
        network.join(flow.local, self._receive)

    def send(self, request: Request) -> None:
        start = self.layer.invite if request.method == "INVITE" else self.layer.request
        start(request, self._flow, self, self.network.now)

    def cancel(self, request: Request) -> None:
        self.layer.request(make_cancel(request), self._flow, self, self.network.now)

    def _receive(self, data: bytes, flow: Flow) -> None:
        message = parse(data)
        assert isinstance(message, Response)  # nobody sends this end a request
        if not self.layer.receive_response(message, self.network.now):
            self.told.append("stray")

    def on_response(self, transaction: Sent, response: Response, now: float) -> None:
        self.told.append(response.status)
        if transaction.request.method == "INVITE" and 200 <= response.status < 300:
            ack = Dialog.of_client(transaction.request, response).request(
                "ACK", response.cseq.number
            )
            ack.headers.prepend(b"via", b"SIP/2.0/UDP h;branch=z9hG4bK-ack")
            self.network.send(self._flow, serialize(ack))

    def on_timeout(self, transaction: Sent, now: float) -> None:
        self.told.append("timeout")

    def on_transport_error(self, transaction: Sent, now: float) -> None:
        self.told.append("transport error")

    def on_terminated(self, transaction: Sent, now: float) -> None:
        self.told.append("terminated")


class Callee:
    """Answers each new request with these statuses, the last one `patience` seconds later."""

    def __init__(
        self, network: Network, address: tuple[str, int], script: list[int], patience: float
    ) -> None:
        self.served: list[str] = []
        self.acknowledged = 0
        self.layer = TransactionLayer(network.timers, network.send, VALUES)
        self._network = network
        self._script = script
        self._patience = patience
        self._resend: Handle | None = None
        network.join(address, self._receive)

    def _receive(self, data: bytes, flow: Flow) -> None:
        message = parse(data)
        assert isinstance(message, Request)  # nobody sends this end a response
        if self.layer.absorb(message, self._network.now):
            return
        if message.method == "ACK":
            self.acknowledged += 1
            self._hush()
            return
        self.served.append(message.method)
        made = self.layer.serve(message, flow)
        if message.method == "CANCEL":
            self._cancelled(message, made)
            return
        for status in self._script[:-1]:
            self._say(made, message, status)
        last = self._script[-1]
        self._network.timers.at(
            self._network.now + self._patience, lambda now: self._say(made, message, last)
        )

    def _cancelled(self, cancel: Request, made: AnyServer) -> None:
        invite = self.layer.invite_of(cancel)
        self._say(made, cancel, 200 if invite is not None else 481)
        if invite is not None:
            self._say(invite, invite.request, 487)

    def _say(self, made: AnyServer, request: Request, status: int) -> None:
        made.respond(make_response(request, status, to_tag=b"callee"), self._network.now)
        if isinstance(made, InviteServerTransaction) and 200 <= status < 300:
            self._repeat(made, status, VALUES.t1)

    def _repeat(self, made: InviteServerTransaction, status: int, interval: float) -> None:
        """§13.3.1.4: a 2xx is repeated end to end until its ACK."""

        def again(now: float) -> None:
            made.respond(make_response(made.request, status, to_tag=b"callee"), now)
            self._repeat(made, status, min(2 * interval, VALUES.t2))

        if made.state.name == "ACCEPTED":
            self._resend = self._network.timers.at(self._network.now + interval, again)

    def _hush(self) -> None:
        if self._resend is not None:
            self._resend.cancel()
