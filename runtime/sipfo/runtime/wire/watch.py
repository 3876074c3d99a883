"""How a dead peer of a connection is found out: by the kernel, with socket options.

Without them a peer that lost its power keeps its connection for a quarter of an hour, and every
call that is written to it waits for nobody. CRLF pings of ours (RFC 5626 §4.4.1) are not sent: they
need a peer that has agreed to answer them ("ob" and "keep", RFC 6223), trunks have not, and what
the kernel sends is answered by every peer's. Pings of a peer are answered (`tcp.py`).
"""

from __future__ import annotations

import asyncio
import socket
from typing import Final

IDLE: Final = 60
"""Seconds of silence before the kernel asks; firewalls forget a connection after some minutes."""

INTERVAL: Final = 10
"""Seconds between questions that nobody answers."""

UNACKNOWLEDGED: Final = 20
"""Seconds that what was written, or asked, may stay unacknowledged before the connection is dead."""

_OPTIONS: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, IDLE),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, INTERVAL),
    # With it the kernel counts no unanswered questions: tcp(7), TCP_USER_TIMEOUT.
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED * 1000),
)


def watch(transport: asyncio.Transport) -> None:
    """Have the kernel end a connection whose peer is gone; it is lost like any other then."""
    below = transport.get_extra_info("socket")
    for level, option, value in _OPTIONS:
        below.setsockopt(level, option, value)
