"""A byte stream cut into messages by Content-Length (RFC 3261 §18.3), however it arrives."""

from __future__ import annotations

import re
from enum import Enum, auto

from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import MAX_HEADER_SECTION

MAX_BODY = 64 * 1024
"""Bytes of a body on a stream."""

_LENGTH = re.compile(
    rb"\r\n(?:content-length|l)[ \t]*:[ \t]*(?:\r\n[ \t]+)?([0-9]{1,10})[ \t]*(?=\r\n)",
    re.IGNORECASE,
)


class Keepalive(Enum):
    """What a stream carries besides messages."""

    PING = auto()  # CRLF CRLF between messages, to be answered with CRLF (RFC 5626 §4.4.1)


class Stream:
    """The receiving side of one connection."""

    __slots__ = ("_buffer", "_scanned")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0

    def feed(self, data: bytes) -> list[bytes | Keepalive]:
        """What is complete now that `data` has arrived, in order.

        Raises Malformed when the next message's end cannot be known or is too far: the connection
        must be closed.
        """
        self._buffer += data
        found: list[bytes | Keepalive] = []
        while (item := self._next()) is not None:
            found.append(item)
        return found

    def _next(self) -> bytes | Keepalive | None:
        buffer = self._buffer
        if buffer[:2] == b"\r\n":
            if len(buffer) == 2:
                return None  # half a ping, or a pong: what follows will tell
            if buffer[:4] == b"\r\n\r\n":
                del buffer[:4]
                return Keepalive.PING
            if buffer[2:3] != b"\r" or len(buffer) > 3:
                del buffer[:2]
                return self._next()
            return None
        # The search goes on where the last one ended, so that a slow sender costs no more.
        end = buffer.find(b"\r\n\r\n", max(0, self._scanned - 3))
        if end < 0:
            self._scanned = len(buffer)
            if len(buffer) > MAX_HEADER_SECTION:
                raise Malformed(513, "header section too large")
            return None
        if end > MAX_HEADER_SECTION:
            raise Malformed(513, "header section too large")
        lengths = {int(one) for one in _LENGTH.findall(buffer[: end + 2])}
        if len(lengths) != 1:
            raise Malformed(400, "no Content-Length, or several")
        (length,) = lengths
        if length > MAX_BODY:
            raise Malformed(513, "body too large")
        whole = end + 4 + length
        if len(buffer) < whole:
            return None
        message = bytes(buffer[:whole])
        del buffer[:whole]
        self._scanned = 0
        return message
