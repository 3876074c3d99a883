"""HEP3 packets to a collector, by UDP or TCP; nothing ever waits for it.

What finds no room is lost and counted. What would surprise: over UDP the kernel tells that nobody
listens with the datagram after the one that was refused, so a loss is counted one message late.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Final

from sipfo.runtime.hep import Agent, TooLarge, encode
from sipfo.runtime.sighting import Sighting
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.wire.losses import Losses

Address = tuple[str, int]

MOST_WAITING: Final = 4 * 1024 * 1024
"""Bytes that may wait for a collector's TCP connection: seconds of a busy server."""

CONNECT_LIMIT: Final = 5.0
"""Seconds that a connection to the collector may take to open."""

RECONNECT: Final = 1.0
"""Seconds until the next try after a connection broke or could not be opened."""

LAST_WAIT: Final = 1.0
"""Seconds that what waits may take when the server stops."""


class UdpCollector:
    """A collector that takes datagrams."""

    def __init__(self, address: Address, agent: Agent) -> None:
        """`address` is an address literal and a port. Raises OSError."""
        self.losses = Losses(f"hep udp:{encode_host(*address)}")
        self._agent = agent
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.connect(address)
        except OSError:
            self._socket.close()
            raise

    def see(self, sighting: Sighting) -> None:
        """See Watcher."""
        try:
            packet = encode(sighting, self._agent)
        except TooLarge as error:
            self.losses.add(f"too large: {error}")
            return
        try:
            try:
                self._socket.send(packet)
            except ConnectionRefusedError:  # of the datagram before; this one did not go
                self.losses.add("nobody listens")
                self._socket.send(packet)
        except BlockingIOError:
            self.losses.add("the network takes no more")
        except OSError as error:
            self.losses.add(error.strerror or str(error))

    async def close(self) -> None:
        """See Watcher."""
        self._socket.close()
        self.losses.close()


class TcpCollector(asyncio.Protocol):
    """A collector that takes a stream; the connection is opened again whenever it breaks."""

    def __init__(self, address: Address, agent: Agent) -> None:
        """`address` is an address literal and a port. Needs a running loop."""
        self.losses = Losses(f"hep tcp:{encode_host(*address)}")
        self._address = address
        self._agent = agent
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._transport: asyncio.Transport | None = None
        self._lost = asyncio.Event()
        self._lost.set()
        self._task = asyncio.get_running_loop().create_task(self._keep_connected())

    @property
    def connected(self) -> bool:
        """Whether packets go out now."""
        return self._transport is not None

    def see(self, sighting: Sighting) -> None:
        """See Watcher."""
        try:
            packet = encode(sighting, self._agent)
        except TooLarge as error:
            self.losses.add(f"too large: {error}")
            return
        if self._transport is None or self._transport.is_closing():
            if self._waiting_bytes + len(packet) > MOST_WAITING:
                self.losses.add("no connection")
            else:
                self._waiting.append(packet)
                self._waiting_bytes += len(packet)
        elif self._transport.get_write_buffer_size() + len(packet) > MOST_WAITING:
            self.losses.add("the collector reads too slowly")
        else:
            self._transport.write(packet)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Told by the loop."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._lost.clear()
        written = 0
        while written < len(self._waiting) and not transport.is_closing():
            transport.write(self._waiting[written])
            written += 1
        del self._waiting[:written]
        self._waiting_bytes = sum(map(len, self._waiting))

    def connection_lost(self, exc: Exception | None) -> None:
        """Told by the loop; what was being written is lost, and nobody can say how much."""
        self._transport = None
        self._lost.set()

    async def close(self) -> None:
        """See Watcher: what waits has a moment to be written."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._transport is not None:
            self._transport.close()
            try:
                async with asyncio.timeout(LAST_WAIT):
                    await self._lost.wait()
            except TimeoutError:
                self._transport.abort()
        for _ in self._waiting:
            self.losses.add("no connection")
        self.losses.close()

    async def _keep_connected(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._lost.wait()
            try:
                async with asyncio.timeout(CONNECT_LIMIT):
                    await loop.create_connection(lambda: self, *self._address)
            except OSError:  # TimeoutError is one
                await asyncio.sleep(RECONNECT)
                continue
            await self._lost.wait()
            await asyncio.sleep(RECONNECT)
