"""TCP for the engine: listeners, connections opened on demand, and framing between.

A flow names the connection it came over; a flow without one means "the connection to that
address, or a new one". What would surprise: a request for which a connection is being opened
waits inside that connection, so that opening it counts against the attempt's own timers.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Callable

from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.framing import Stream
from sipfo.runtime.sip.malformed import Malformed

CONNECT_LIMIT = 32.0
"""Seconds after which opening a connection is given up (64·T1: nobody waits any longer)."""

WRITE_LIMIT = 1024 * 1024
"""Bytes that may wait to be written before a connection whose peer does not read is dropped."""

Address = tuple[str, int]


class Connection(asyncio.Protocol):
    """One TCP connection, opened by either side."""

    def __init__(self, owner: TcpTransport, number: int, local: Address, remote: Address | None):
        self.number = number
        self.local = local
        self.remote = remote
        self._owner = owner
        self._stream = Stream()
        self._transport: asyncio.Transport | None = None
        self._waiting: list[bytes] = []

    @property
    def flow(self) -> Flow:
        assert self.remote is not None  # known once connected, and nothing is received before
        return Flow("tcp", self.local, self.remote, self.number)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self.remote is None:
            peer = transport.get_extra_info("peername")
            self.remote = (peer[0], peer[1])
        self._owner.opened(self)
        for data in self._waiting:
            transport.write(data)
        self._waiting.clear()

    def data_received(self, data: bytes) -> None:
        try:
            for item in self._stream.feed(data):
                if isinstance(item, bytes):
                    self._owner.receive(item, self.flow)
                else:
                    self.write(b"\r\n")  # RFC 5626 §4.4.1: a ping of CRLF CRLF, a pong of CRLF
            self._stream.feed(b"")  # rubbish after whole messages is told with the next feed
        except Malformed:
            self.close()  # where the next message starts is not known any more

    def connection_lost(self, exc: Exception | None) -> None:
        self._owner.lost(self)

    def write(self, data: bytes) -> None:
        """Write now, or when the connection is open."""
        if self._transport is None:
            self._waiting.append(data)
        elif self._transport.get_write_buffer_size() > WRITE_LIMIT:
            self._transport.abort()
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Close after what was written; `connection_lost` follows."""
        if self._transport is not None:
            self._transport.close()


class TcpTransport:
    """Every TCP listener and connection of one server."""

    def __init__(
        self, receive: Callable[[bytes, Flow], None], failed: Callable[[Flow], None]
    ) -> None:
        self.receive = receive
        self._failed = failed
        self._numbers = itertools.count(1)
        self._open: dict[int, Connection] = {}
        self._to: dict[tuple[Address, Address], Connection] = {}
        self._servers: list[asyncio.Server] = []
        self._opening: set[asyncio.Task[None]] = set()

    async def listen(self, host: str, port: int) -> None:
        """Accept connections on an address. Raises OSError."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Connection(self, next(self._numbers), (host, port), None),
            host,
            port,
            reuse_address=True,
        )
        self._servers.append(server)

    def send(self, data: bytes, flow: Flow) -> None:
        """Write to the flow's connection, or to the one to its remote address, opening it."""
        connection = self._open.get(flow.connection) if flow.connection is not None else None
        if connection is None:
            connection = self._to.get((flow.local, flow.remote))
        if connection is None:
            connection = Connection(self, next(self._numbers), flow.local, flow.remote)
            self._to[flow.local, flow.remote] = connection
            task = asyncio.get_running_loop().create_task(self._connect(connection, flow))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
        connection.write(data)

    async def _connect(self, connection: Connection, flow: Flow) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_LIMIT):
                await loop.create_connection(
                    lambda: connection, *flow.remote, local_addr=(flow.local[0], 0)
                )
        except OSError:  # TimeoutError is one
            self._to.pop((flow.local, flow.remote), None)
            self._failed(Flow("tcp", flow.local, flow.remote, None))

    def opened(self, connection: Connection) -> None:
        """A connection is up, by either side."""
        self._open[connection.number] = connection

    def lost(self, connection: Connection) -> None:
        """A connection is gone: what waited for an answer on it has failed."""
        self._open.pop(connection.number, None)
        if connection.remote is None:
            return
        key = (connection.local, connection.remote)
        if self._to.get(key) is connection:
            del self._to[key]
        self._failed(connection.flow)

    async def close(self) -> None:
        """Close listeners and connections, and wait until they are closed."""
        for task in self._opening:
            task.cancel()
        for server in self._servers:
            server.close()
        for connection in list(self._open.values()):
            connection.close()
        if sys.version_info >= (3, 12, 1):  # waits for connections too, which are closing
            for server in self._servers:
                await server.wait_closed()
        await asyncio.gather(*self._opening, return_exceptions=True)
