"""TLS for the engine: `tcp.py` with a handshake on either side of it (RFC 3261 §26.3.1).

A peer that connects is counted before its handshake, so that those that never end it are bounded
too. A server proves to be whom the flow names (RFC 5922) before anything is sent to it.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from sipfo.runtime.identity import identities, proves
from sipfo.runtime.limits import Limits
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.wire.certificate import Believed, Shown, in_words
from sipfo.runtime.wire.tcp import Address, Connection, Failed, TcpTransport

HANDSHAKE_LIMIT = 10.0
"""Seconds after which a handshake is given up."""

SHUTDOWN_LIMIT = 2.0
"""Seconds that a peer has to agree that a connection is over."""

MOST_NAMES = 4
"""How many of a certificate's names a reason gives."""


class TlsTransport(TcpTransport):
    """Every TLS listener and connection of one server."""

    transport: ClassVar[str] = "tls"

    def __init__(
        self,
        receive: Callable[[bytes, Flow], None],
        failed: Failed,
        knows: Callable[[str], bool],
        limits: Limits,
        numbers: Iterator[int],
        believed: Believed,
        shown: Mapping[Address, Shown],
    ) -> None:
        """`shown` has a certificate for each address that is listened on."""
        super().__init__(receive, failed, knows, limits, numbers)
        self._believed = believed
        self._shown = shown
        self._securing: set[asyncio.Task[None]] = set()

    def secure(self, connection: Connection, transport: asyncio.Transport) -> None:
        """Start the handshake of a connection that a peer opened."""
        transport.pause_reading()  # what comes is the handshake's
        task = asyncio.get_running_loop().create_task(self._secure(connection, transport))
        self._securing.add(task)
        task.add_done_callback(self._securing.discard)

    async def _secure(self, connection: Connection, transport: asyncio.Transport) -> None:
        try:
            secured = await asyncio.get_running_loop().start_tls(
                transport,
                connection,
                self._shown[connection.local].context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_LIMIT,
                ssl_shutdown_timeout=SHUTDOWN_LIMIT,
            )
        except OSError:  # the peer's business: it speaks no TLS, or does not take our certificate
            secured = None
        if secured is None:  # also when the peer has gone meanwhile
            transport.abort()
            self.lost(connection)
        else:
            connection.ready(secured)

    async def dial(self, connection: Connection, flow: Flow) -> None:
        """Open a connection and end its handshake. Raises OSError."""
        await asyncio.get_running_loop().create_connection(
            lambda: connection,
            *flow.remote,
            local_addr=(flow.local[0], 0),
            ssl=self._believed.context,
            server_hostname=_proven_by(connection),
            ssl_handshake_timeout=HANDSHAKE_LIMIT,
            ssl_shutdown_timeout=SHUTDOWN_LIMIT,
        )

    def objection(self, connection: Connection, transport: asyncio.Transport) -> str:
        """The certificate's names, if they are not the one that it must be for."""
        certificate = transport.get_extra_info("peercert")
        name = _proven_by(connection)
        if proves(certificate, name):
            return ""
        names = sorted(identities(certificate))[:MOST_NAMES]
        return f"the certificate is for {', '.join(names) or 'no domain'}, not for {name}"

    def explain(self, error: Exception | None) -> str:
        """An error in words; a TLS 1.3 server turns down our certificate after the handshake."""
        if error is None:
            return "closed by the peer, which may want a certificate"
        if isinstance(error, ssl.SSLError):
            return in_words(error)
        if isinstance(error, ConnectionAbortedError):
            return f"no end of the handshake within {HANDSHAKE_LIMIT:g} s"
        if isinstance(error, OSError) and error.errno is not None:
            return os.strerror(error.errno)
        return (
            "the connection was closed" if isinstance(error, ConnectionError) else "no connection"
        )

    async def close(self) -> None:
        """Close listeners and connections, and wait until they are closed."""
        for task in self._securing:
            task.cancel()
        await super().close()
        await asyncio.gather(*self._securing, return_exceptions=True)


def _proven_by(connection: Connection) -> str:
    """Who the peer of a connection that we open must prove to be."""
    assert connection.remote is not None  # we know where we open it to
    return connection.name or connection.remote[0]
