"""One socket to one peer as whole messages in and out, the same over UDP, TCP and TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

from sipfo.runtime.sip.framing import Stream
from sipfo.runtime.sip.malformed import Malformed

Address = tuple[str, int]
Tap = Callable[[Address, Address, bytes], None]
"""Told of each message, source first, that nobody could read on the wire."""


class Line(asyncio.DatagramProtocol, asyncio.Protocol):
    """Messages that arrived wait in a queue; `receive` gives them in order."""

    def __init__(self, datagrams: bool, tap: Tap | None = None) -> None:
        self._datagrams = datagrams
        self._tap = tap
        self._peer: Address = ("", 0)
        self.local: Address = ("", 0)
        self._arrived: asyncio.Queue[bytes | Exception] = asyncio.Queue()
        self._stream = Stream()
        self._transport: asyncio.DatagramTransport | asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport | asyncio.Transport) -> None:  # type: ignore[override]  # typeshed: any transport
        self._transport = transport
        name = transport.get_extra_info("sockname")
        self.local = (name[0], name[1])
        peer = transport.get_extra_info("peername")
        self._peer = (peer[0], peer[1])

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._arrived.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        self._arrived.put_nowait(exc)

    def data_received(self, data: bytes) -> None:
        try:
            for message in self._stream.feed(data):
                if isinstance(message, bytes):
                    if self._tap is not None:
                        self._tap(self._peer, self.local, message)
                    self._arrived.put_nowait(message)
        except Malformed as error:
            self._arrived.put_nowait(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived.put_nowait(exc or ConnectionError("the connection was closed"))

    async def receive(self) -> bytes:
        """The next message. Raises OSError when the peer cannot be reached, Malformed."""
        arrived = await self._arrived.get()
        if isinstance(arrived, Exception):
            raise arrived
        return arrived

    def send(self, data: bytes) -> None:
        """Send one message."""
        assert self._transport is not None  # `open_line` gives open lines only
        if self._tap is not None:
            self._tap(self.local, self._peer, data)
        # asyncio's own datagram transport is a Transport too, so that its class tells nothing.
        if self._datagrams:
            cast("asyncio.DatagramTransport", self._transport).sendto(data)
        else:
            cast("asyncio.Transport", self._transport).write(data)

    def close(self) -> None:
        """Close after what was sent."""
        if self._transport is not None:
            self._transport.close()


async def open_line(
    transport: str,
    local: Address,
    remote: Address,
    secure: ssl.SSLContext | None = None,
    tap: Tap | None = None,
) -> Line:
    """Open a line from a local address (port 0: any); TLS has its context, and its `tap`. Raises
    OSError."""
    loop = asyncio.get_running_loop()
    if transport == "udp":
        _, line = await loop.create_datagram_endpoint(
            lambda: Line(datagrams=True), local_addr=local, remote_addr=remote
        )
    else:
        _, line = await loop.create_connection(
            lambda: Line(datagrams=False, tap=tap), *remote, local_addr=local, ssl=secure
        )
    return line
