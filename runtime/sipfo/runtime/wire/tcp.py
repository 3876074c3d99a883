"""TCP for the engine: listeners, connections opened on demand, and framing between.

A flow names the connection it came over; a flow without one means "the connection to that
address, or a new one". What would surprise: a request for which a connection is being opened
waits inside that connection, so that opening it counts against the attempt's own timers, and is
taken out again when the attempt is given up. `tls.py` is the same with a handshake.

A connection that a peer opened carries the dialogs that began on it, and nothing else: it is no way
to that peer's address (RFC 5923 `alias` is neither offered nor believed). A trunk calls from a port
that nobody listens on, an alias needs the proof of who called that only mutual TLS gives, and what
is declared as a destination is reached the same way whether or not it has just called us.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from sipfo.runtime.connections import Connections
from sipfo.runtime.limits import Limits
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.framing import Stream
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.wire.watch import watch

CONNECT_LIMIT = 32.0
"""Seconds after which opening a connection is given up (64·T1: nobody waits any longer)."""

WRITE_LIMIT = 1024 * 1024
"""Bytes that may wait to be written before a connection whose peer does not read is dropped."""

Address = tuple[str, int]
Failed = Callable[[Flow, str, Sequence[bytes]], None]
"""Takes a flow that is of no use any more, the reason in words where an operator needs it, and the
messages that were never written."""


class Connection(asyncio.Protocol):
    """One connection, opened by either side."""

    def __init__(
        self,
        owner: TcpTransport,
        number: int,
        local: Address,
        remote: Address | None,
        name: str = "",
    ) -> None:
        """`remote` is None, and `name` (`Flow.name`) empty, for one that the peer opens."""
        self.number = number
        self.local = local
        self.remote = remote
        self.name = name
        self.reason = ""
        """Why it broke, in words, if that is worth saying."""
        self._owner = owner
        self._stream = Stream()
        self._dialled = remote is not None
        self._heard = False
        self._below: asyncio.Transport | None = None
        self._transport: asyncio.Transport | None = None
        self.waiting: list[bytes] = []
        """What is to be written when it is open."""

    @property
    def flow(self) -> Flow:
        assert self.remote is not None  # known once connected, and nothing is received before
        return Flow(self._owner.transport, self.local, self.remote, self.number, self.name)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._below = transport
        watch(transport)
        if self.remote is None:
            peer = transport.get_extra_info("peername")
            self.remote = (peer[0], peer[1])
            if not self._owner.accepted(self):
                transport.abort()
                return
            self._owner.opened(self)
            self._owner.secure(self, transport)
            return
        self.reason = self._owner.objection(self, transport)
        if self.reason:
            transport.abort()
            return
        self._owner.opened(self)
        self.ready(transport)

    def ready(self, transport: asyncio.Transport) -> None:
        """What is written goes to this transport from now on, and what waited goes first; what it
        has broken under waits on, as never written."""
        self._below = self._transport = transport
        written = 0
        while written < len(self.waiting) and not transport.is_closing():
            transport.write(self.waiting[written])
            written += 1
        del self.waiting[:written]

    def data_received(self, data: bytes) -> None:
        self._heard = True
        try:
            items = self._stream.feed(data)
            self._owner.heard(self, bool(items), self._stream.partial)
            for item in items:
                if isinstance(item, bytes):
                    self._owner.receive(item, self.flow)
                else:
                    self.write(b"\r\n")  # RFC 5626 §4.4.1: a ping of CRLF CRLF, a pong of CRLF
            self._stream.feed(b"")  # rubbish after whole messages is told with the next feed
        except Malformed:
            self.close()  # where the next message starts is not known any more

    def connection_lost(self, exc: Exception | None) -> None:
        if self._dialled and not self.reason and (exc is not None or not self._heard):
            self.reason = self._owner.explain(exc)
        self._owner.lost(self)

    def write(self, data: bytes) -> None:
        """Write now, or when the connection is open; one that does not open keeps no more than one
        that does not read, and what is too much is lost as on any network."""
        if self._transport is None:
            if sum(map(len, self.waiting)) < WRITE_LIMIT:
                self.waiting.append(data)
        elif self._transport.is_closing():
            return  # broken, and asyncio would log each write; `connection_lost` follows
        elif self._transport.get_write_buffer_size() > WRITE_LIMIT:
            self._transport.abort()
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Close after what was written; `connection_lost` follows."""
        if self._below is not None:
            self._below.close()

    def abort(self) -> None:
        """Close at once, whatever was still to be written."""
        if self._below is not None:
            self._below.abort()


class TcpTransport:
    """Every TCP listener and connection of one server."""

    transport: ClassVar[str] = "tcp"

    def __init__(
        self,
        receive: Callable[[bytes, Flow], None],
        failed: Failed,
        knows: Callable[[str], bool],
        limits: Limits,
        numbers: Iterator[int],
    ) -> None:
        """`knows` tells whether a trunk accepts an address; `numbers` gives each connection of the
        server, over whichever transport, its own."""
        self.receive = receive
        self._knows = knows
        self._limits = limits
        self._watched = Connections(limits)
        self._sweeping: asyncio.TimerHandle | None = None
        self._failed = failed
        self._numbers = numbers
        self._open: dict[int, Connection] = {}
        self._to: dict[tuple[Address, Address, str], Connection] = {}
        self.servers: dict[Address, asyncio.Server] = {}
        self._opening: set[asyncio.Task[None]] = set()

    async def listen(self, host: str, port: int, given: socket.socket | None = None) -> None:
        """Accept connections on an address; on a listening socket that is `given` not before
        `begin`. Raises OSError."""
        loop = asyncio.get_running_loop()

        def accepting() -> Connection:
            return self.accepting((host, port))

        if given is None:
            made = await loop.create_server(accepting, host, port, reuse_address=True)
        else:
            made = await loop.create_server(accepting, sock=given, start_serving=False)
        self.servers[host, port] = made

    async def begin(self, host: str, port: int) -> None:
        """Accept connections on a socket that was given."""
        await self.servers[host, port].start_serving()

    def stop_listening(self, host: str, port: int) -> None:
        """Accept no more connections on an address; those that are there go on."""
        self.servers.pop((host, port)).close()

    def send(self, data: bytes, flow: Flow) -> None:
        """Write to the flow's connection, or to the one to its remote address, opening it."""
        connection = self._open.get(flow.connection) if flow.connection is not None else None
        if connection is None:
            connection = self._to.get((flow.local, flow.remote, flow.name))
        if connection is None:
            number = next(self._numbers)
            connection = Connection(self, number, flow.local, flow.remote, flow.name)
            self._to[flow.local, flow.remote, flow.name] = connection
            task = asyncio.get_running_loop().create_task(self._connect(connection, flow))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
        connection.write(data)

    def holds(self, number: int) -> bool:
        """Whether a connection is one of this transport's."""
        return number in self._open

    def peer(self, number: int) -> Address | None:
        """Where a connection leads to, if it is open."""
        connection = self._open.get(number)
        return connection.remote if connection is not None else None

    @property
    def numbers(self) -> list[int]:
        """The connections that are open."""
        return list(self._open)

    def recall(self, flow: Flow, branch: bytes) -> None:
        """Take back the request with this branch, if it still waits for its connection to open."""
        connection = self._to.get((flow.local, flow.remote, flow.name))
        if connection is not None:
            connection.waiting = [one for one in connection.waiting if branch not in one]

    async def _connect(self, connection: Connection, flow: Flow) -> None:
        try:
            async with asyncio.timeout(flow.opened_within or CONNECT_LIMIT):
                await self.dial(connection, flow)
        except OSError as error:  # TimeoutError is one
            self._to.pop((flow.local, flow.remote, flow.name), None)
            self._failed(flow._replace(connection=None), self.explain(error), connection.waiting)

    def accepting(self, local: Address) -> Connection:
        """The protocol of a connection that a peer opens."""
        return Connection(self, next(self._numbers), local, None)

    def secure(self, connection: Connection, transport: asyncio.Transport) -> None:
        """Get a connection that a peer opened ready for use."""
        connection.ready(transport)

    async def dial(self, connection: Connection, flow: Flow) -> None:
        """Open a connection. Raises OSError."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(
            lambda: connection, *flow.remote, local_addr=(flow.local[0], 0)
        )

    def objection(self, connection: Connection, transport: asyncio.Transport) -> str:
        """Why a connection that we opened is not to be used; empty if it is."""
        return ""

    def explain(self, error: Exception | None) -> str:
        """An error in words for the operator; empty for what an outcome says well enough. None is
        a connection that the peer closed without a word."""
        return ""

    def accepted(self, connection: Connection) -> bool:
        """Whether a connection that a peer opened is kept."""
        assert connection.remote is not None  # that of a peer
        source = connection.remote[0]
        loop = asyncio.get_running_loop()
        kept = self._watched.accept(connection.number, source, self._knows(source), loop.time())
        if kept and self._sweeping is None:
            self._sweeping = loop.call_later(self._limits.sweep_time, self._sweep)
        return kept

    def heard(self, connection: Connection, whole: bool, partial: bool) -> None:
        """Something came: whether it completed a message, and whether one is begun."""
        now = asyncio.get_running_loop().time()
        self._watched.heard(connection.number, whole, partial, now)

    def _sweep(self) -> None:
        """Drop the connections that have had their time."""
        loop = asyncio.get_running_loop()
        self._watched.acquaint(self._knows)
        for number in self._watched.overdue(loop.time()):
            self._open[number].abort()
        self._sweeping = None
        if len(self._watched):
            self._sweeping = loop.call_later(self._limits.sweep_time, self._sweep)

    def opened(self, connection: Connection) -> None:
        """A connection is up, by either side."""
        self._open[connection.number] = connection

    def lost(self, connection: Connection) -> None:
        """A connection is gone: what waited for an answer on it has failed."""
        self._open.pop(connection.number, None)
        self._watched.closed(connection.number)
        if connection.remote is None:
            return
        key = (connection.local, connection.remote, connection.name)
        if self._to.get(key) is connection:
            del self._to[key]
        self._failed(connection.flow, connection.reason, connection.waiting)

    async def close(self) -> None:
        """Close listeners and connections, and wait until they are closed."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for task in self._opening:
            task.cancel()
        servers = list(self.servers.values())
        for server in servers:
            server.close()
        for connection in list(self._open.values()):
            connection.close()
        if sys.version_info >= (3, 12, 1):  # waits for connections too, which are closing
            for server in servers:
                await server.wait_closed()
        await asyncio.gather(*self._opening, return_exceptions=True)
