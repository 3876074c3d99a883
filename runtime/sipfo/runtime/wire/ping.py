"""OPTIONS to one target over its transport, timed: what `sipfo ping` sends.

The same transactions and transports as calls have, on sockets of its own. What would surprise: over
TCP and TLS the first ping's time has the opening of the connection in it; the next ones use that.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
from dataclasses import dataclass

from sipfo.runtime.core import Core
from sipfo.runtime.limits import Limits
from sipfo.runtime.locate import Target
from sipfo.runtime.mapping import Mapping
from sipfo.runtime.probes import build_options
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Response, parse
from sipfo.runtime.sip.transaction.user import Sent
from sipfo.runtime.sip.transaction.values import TimerValues
from sipfo.runtime.sip.uri import SipUri
from sipfo.runtime.sip.via import DEFAULT_PORT
from sipfo.runtime.wire import entropy
from sipfo.runtime.wire.certificate import Believed, Trust
from sipfo.runtime.wire.tcp import TcpTransport
from sipfo.runtime.wire.tls import TlsTransport
from sipfo.runtime.wire.udp import UdpSocket


@dataclass(frozen=True, slots=True)
class Pong:
    """What came of one ping, after so many seconds: a final response, or `failure` in words.

    `server` is what the other side says it is, if it does.
    """

    took: float
    status: int | None = None
    phrase: str = ""
    server: str = ""
    failure: str = ""


class Pinger:
    """Sockets to ping from. Use `close` in the end."""

    def __init__(self, source: str | None = None, trust: Trust | None = None) -> None:
        """`source` is the address to send from, the kernel's choice if None. Needs a running loop.
        Raises UnusableCertificate."""
        self._loop = asyncio.get_running_loop()
        self._source = source
        self._core = Core(entropy.token, entropy.draw, Mapping(), TimerValues())
        self._udp: dict[str, UdpSocket] = {}
        shared = (self._received, self._broken, _everybody, Limits(), itertools.count(1))
        self._tcp = TcpTransport(*shared)
        self._tls = TlsTransport(*shared, Believed(trust or Trust()), {})
        self._timer: asyncio.TimerHandle | None = None
        self._reasons: dict[tuple[str, int], str] = {}

    async def ping(self, uri: SipUri, target: Target, patience: float) -> Pong:
        """Send OPTIONS for a URI to a target, and wait `patience` seconds for its answer. Raises
        OSError where no packet can even be sent."""
        flow = self._flow(target)
        answered: asyncio.Future[Response | None] = self._loop.create_future()
        request = build_options(self._core, uri, flow)
        began = self._loop.time()
        self._reasons.pop(flow.remote, None)
        self._core.request(request, flow, _Wait(answered), began)
        self._flush()
        try:
            response = await asyncio.wait_for(answered, patience)
        except TimeoutError:
            return Pong(self._loop.time() - began, failure=f"no answer within {patience:g} s")
        took = self._loop.time() - began
        if response is None:
            nothing = "no connection" if flow.reliable else "unreachable (ICMP)"
            return Pong(took, failure=self._reasons.get(flow.remote) or nothing)
        return Pong(took, response.status, _text(response.phrase), _server(response))

    async def close(self) -> None:
        """Release every socket."""
        if self._timer is not None:
            self._timer.cancel()
        for one in self._udp.values():
            one.close()
        await self._tcp.close()
        await self._tls.close()

    def _flow(self, target: Target) -> Flow:
        """Raises OSError."""
        remote = (target.host, target.port)
        host = self._source or _source_toward(*remote)
        if target.transport != "udp":
            # Answers come on the connection; the port in our Via is of no use to anybody.
            local = (host, DEFAULT_PORT)
            return Flow(target.transport, local, remote, name=target.identity)
        one = self._udp.get(host)
        if one is None:
            one = self._udp[host] = UdpSocket(host, 0, self._received, self._failed)
            one.local = (host, one.socket.getsockname()[1])
        return Flow("udp", one.local, remote)

    def _received(self, data: bytes, flow: Flow) -> None:
        try:
            message = parse(data)
            if isinstance(message, Response):
                self._core.transactions.receive_response(message, self._loop.time())
        except Malformed:
            self._reasons[flow.remote] = "the answer is no SIP"
        self._flush()

    def _failed(self, flow: Flow) -> None:
        self._core.transport_failed(flow, self._loop.time())
        self._flush()

    def _broken(self, flow: Flow, reason: str, unsent: object = None) -> None:
        """A connection is of no use any more."""
        if reason:
            self._reasons[flow.remote] = reason
        self._failed(flow)

    def _flush(self) -> None:
        core = self._core
        while core.sends:
            flow, data = core.sends.popleft()
            if flow.reliable:
                (self._tls if flow.transport == "tls" else self._tcp).send(data, flow)
            else:
                self._udp[flow.local[0]].send(data, flow)
        if self._timer is not None:
            self._timer.cancel()
        due = core.timers.next_due()
        self._timer = self._loop.call_at(due, self._due) if due is not None else None

    def _due(self) -> None:
        self._core.timers.run(self._loop.time())
        self._flush()


class _Wait:
    """The user of one ping: it ends a future, once; with None where nothing can come."""

    __slots__ = ("_answered",)

    def __init__(self, answered: asyncio.Future[Response | None]) -> None:
        self._answered = answered

    def on_response(self, transaction: Sent, response: Response, now: float) -> None:
        if response.status >= 200:
            self._end(response)

    def on_timeout(self, transaction: Sent, now: float) -> None:
        self._end(None)

    def on_transport_error(self, transaction: Sent, now: float) -> None:
        self._end(None)

    def on_terminated(self, transaction: Sent, now: float) -> None:
        """Whatever ended it was told before."""

    def _end(self, response: Response | None) -> None:
        if not self._answered.done():
            self._answered.set_result(response)


def _everybody(source: str) -> bool:
    """Who may connect: nobody can, since nothing listens."""
    return True


def _source_toward(host: str, port: int) -> str:
    """The address that the kernel would send from. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((host, port))
        return str(probe.getsockname()[0])


def _server(response: Response) -> str:
    for name in (b"server", b"user-agent"):
        value = response.headers.first(name)
        if value is not None:
            return _text(value)
    return ""


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
