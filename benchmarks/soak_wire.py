"""Sockets of the parties of a soak, and repetition as RFC 3261 has it over UDP.

A party has one `Wire`: a datagram socket, or a listening stream socket with the connections that
are opened to it and by it. What would surprise: `cut_off` ends connections by RST.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable

from soak_message import Message, cut, read

PORT = 5060
T1, T2 = 0.5, 4.0

Send = Callable[[bytes], bool]
"""Answers where a message came from; False when nobody is there any more."""


class Wire:
    """Where a party hears and speaks."""

    def __init__(self, host: str, heard: Callable[[Message, Send], None], faults: list[str]):
        """`heard` takes each message, and how to answer it; `faults` what could not be read."""
        self.host = host
        self._heard = heard
        self._faults = faults

    def take(self, data: bytes, send: Send) -> None:
        """Read a message and hand it on."""
        try:
            message = read(data)
        except ValueError as error:
            self._faults.append(f"malformed at {self.host}: {error}")
        else:
            self._heard(message, send)


class Datagrams(Wire, asyncio.DatagramProtocol):
    """UDP."""

    scheme = "UDP"

    async def open(self) -> None:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        made.bind((self.host, PORT))
        made.setblocking(False)
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=made)

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        def send(answer: bytes) -> bool:
            self._transport.sendto(answer, source)
            return True

        self.take(data, send)

    def send(self, data: bytes, host: str) -> None:
        """Send a datagram to port 5060."""
        self._transport.sendto(data, (host, PORT))

    def cut_off(self) -> None:
        """A datagram socket has no connections."""

    def close(self) -> None:
        self._transport.close()


class Streams(Wire):
    """TCP. What it sends first to a host opens a connection there; answers go back on the one that
    the message came by, as long as it is open."""

    scheme = "TCP"

    async def open(self) -> None:
        self._out: dict[str, _Stream] = {}
        self.streams: set[_Stream] = set()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Stream(self), self.host, PORT)

    def send(self, data: bytes, host: str) -> None:
        """Send on our connection to a host, which is opened if there is none."""
        stream = self._out.get(host)
        if stream is None:
            stream = self._out[host] = _Stream(self)
            stream.opening = asyncio.get_running_loop().create_task(self._open_to(host, stream))
        stream.write(data)

    async def _open_to(self, host: str, stream: _Stream) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: stream, host, PORT, local_addr=(self.host, 0))
        except OSError as error:
            self._faults.append(f"{host} takes no connection from {self.host}: {error}")
            self._out.pop(host, None)

    def cut_off(self) -> None:
        """Reset every connection."""
        self._out.clear()
        for stream in list(self.streams):
            stream.reset()

    def lost(self, stream: _Stream) -> None:
        self.streams.discard(stream)
        for host, known in list(self._out.items()):
            if known is stream:
                del self._out[host]

    def close(self) -> None:
        self._server.close()
        for stream in list(self.streams):
            stream.reset()


class _Stream(asyncio.Protocol):
    """One connection; what is sent before it is open waits."""

    def __init__(self, owner: Streams) -> None:
        self._owner = owner
        self._buffer = bytearray()
        self._waiting = bytearray()
        self._transport: asyncio.Transport | None = None
        self.opening: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._owner.streams.add(self)
        transport.write(bytes(self._waiting))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        for one in cut(self._buffer):
            self._owner.take(one, self.write)

    def connection_lost(self, error: Exception | None) -> None:
        self._owner.lost(self)

    def write(self, data: bytes) -> bool:
        if self._transport is None:
            self._waiting += data
        elif self._transport.is_closing():
            return False
        else:
            self._transport.write(data)
        return True

    def reset(self) -> None:
        if self._transport is not None:
            made = self._transport.get_extra_info("socket")
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()


class Repeated:
    """Something that is sent again and again, until it is stopped or 64·T1 have passed."""

    def __init__(self, send: Callable[[], None], over: Callable[[], None] | None = None) -> None:
        """Send it now; `over` is called when nobody has stopped it."""
        self._loop = asyncio.get_running_loop()
        self._send, self._over = send, over
        self._end = self._loop.time() + 64 * T1
        self._timer: asyncio.TimerHandle | None = None
        self._turn(T1)

    def _turn(self, interval: float) -> None:
        if self._loop.time() >= self._end:
            if self._over is not None:
                self._over()
            return
        self._send()
        wait = min(interval, max(0.0, self._end - self._loop.time()))
        self._timer = self._loop.call_later(wait, self._turn, min(2 * interval, T2))

    def stop(self) -> None:
        """It has got through."""
        if self._timer is not None:
            self._timer.cancel()
