"""A script behind a socket: one destination of the policy, on UDP, TCP or TLS.

What would surprise: a destination that refuses some egresses and answers others has, on UDP, one
connected socket for each egress that it answers; the kernel refuses the rest (ICMP) by itself.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable
from functools import partial

from sipfo.runtime.sip.framing import Stream
from sipfo.runtime.sip.malformed import Malformed
from sipfo.verify.lab.line import Tap
from sipfo.verify.lab.script import Address, Script

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # socket(7): SO_LINGER on, for no time


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, script: Script, connected: bool) -> None:
        self._script = script
        self._connected = connected
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # typeshed: any transport
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._script.receive(data, addr, lambda response: self._send(response, addr))

    def _send(self, data: bytes, to: Address) -> None:
        assert self._transport is not None  # something was received
        if not self._transport.is_closing():
            self._transport.sendto(data, None if self._connected else to)


class _Connection(asyncio.Protocol):
    def __init__(
        self,
        script: Script,
        refuses: Callable[[Address], bool],
        others: set[_Connection],
        tap: Tap | None,
    ) -> None:
        self._script = script
        self._tap = tap
        self._here: Address = ("", 0)
        self._others = others
        self._refuses = refuses
        self._stream = Stream()
        self._transport: asyncio.Transport | None = None
        self._peer: Address = ("", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._peer = (peer[0], peer[1])
        here = transport.get_extra_info("sockname")
        self._here = (here[0], here[1])
        if self._refuses(self._peer):
            handle = transport.get_extra_info("socket")
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            transport.abort()
        else:
            self._others.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._others.discard(self)

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._stream.feed(data)
        except Malformed:
            self.close()
            return
        for message in messages:
            if isinstance(message, bytes):
                if self._tap is not None:
                    self._tap(self._peer, self._here, message)
                self._script.receive(message, self._peer, self._send)
            else:
                self._send(b"\r\n")  # RFC 5626 §4.4.1

    def _send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            if self._tap is not None:
                self._tap(self._here, self._peer, data)
            self._transport.write(data)

    def close(self) -> None:
        """Close after what was written. TLS is not waited for: asyncio would keep the connection
        until the other side has closed it too, and a half of one is what nobody expects."""
        if self._transport is None:
            return
        if self._transport.get_extra_info("ssl_object") is not None:
            self._transport.abort()
        else:
            self._transport.close()


class Endpoint:
    """A bound script; `close` releases the address and says nothing more."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self._datagrams: list[asyncio.DatagramTransport] = []
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    async def listen_udp(self, at: Address, only_from: list[Address] | None = None) -> None:
        """Bind; with `only_from`, hear those sources alone. Raises OSError."""
        loop = asyncio.get_running_loop()
        for source in [None] if only_from is None else only_from:
            transport, _ = await loop.create_datagram_endpoint(
                partial(_Datagrams, self.script, source is not None),
                local_addr=at,
                remote_addr=source,
                reuse_port=source is not None,
            )
            self._datagrams.append(transport)

    async def listen(
        self,
        at: Address,
        refuses: Callable[[Address], bool],
        secure: ssl.SSLContext | None,
        tap: Tap | None = None,
    ) -> None:
        """Listen on TCP, or with a context on TLS, where `tap` is told what is said; connections
        from sources that are refused are reset. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self.script, refuses, self._connections, tap), *at, ssl=secure
        )

    def close(self) -> None:
        """Stop and release."""
        self.script.close()
        for transport in self._datagrams:
            transport.close()
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.close()
