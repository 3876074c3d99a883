"""A byte stream cut into messages by Content-Length (RFC 3261 §18.3), however it arrives."""

from __future__ import annotations

import re
from enum import Enum, auto

from sipfo.runtime.sip.limits import MAX_BODY, MAX_HEADER_SECTION
from sipfo.runtime.sip.malformed import Malformed

_LENGTH = re.compile(
    rb"\r\n(?:content-length|l)[ \t]*:[ \t]*(?:\r\n[ \t]+)?([0-9]{1,10})[ \t]*(?=\r\n(?![ \t]))",
    re.IGNORECASE,
)


class Keepalive(Enum):
    """What a stream carries besides messages."""

    PING = auto()  # CRLF CRLF between messages, to be answered with CRLF (RFC 5626 §4.4.1)


class Stream:
    """The receiving side of one connection."""

    __slots__ = ("_buffer", "_scanned", "_whole")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._whole = 0  # bytes of the message being received, once its header section is here

    @property
    def partial(self) -> bool:
        """Whether a message has begun and is not whole."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes | Keepalive]:
        """What is complete now that `data` has arrived, in order.

        Raises Malformed when the next message's end cannot be known or is too far: the connection
        must be closed. What was complete before that is returned first; the next call raises.
        """
        self._buffer += data
        found: list[bytes | Keepalive] = []
        try:
            while (item := self._next()) is not None:
                found.append(item)
        except Malformed:
            if not found:
                raise
        return found

    def _next(self) -> bytes | Keepalive | None:
        if not self._whole and (item := self._measure()) is not None:
            return item
        if not self._whole or len(self._buffer) < self._whole:
            return None
        message = bytes(self._buffer[: self._whole])
        del self._buffer[: self._whole]
        self._scanned = self._whole = 0
        return message

    def _measure(self) -> Keepalive | None:
        """Learn from the header section how long the message is, once; a ping may come before."""
        buffer = self._buffer
        if buffer[:2] == b"\r\n":
            if len(buffer) == 2:
                return None  # half a ping, or a pong: what follows will tell
            if buffer[:4] == b"\r\n\r\n":
                del buffer[:4]
                return Keepalive.PING
            if buffer[2:3] != b"\r" or len(buffer) > 3:
                del buffer[:2]
                return self._measure()
            return None
        # The search goes on where the last one ended, so that a slow sender costs no more.
        end = buffer.find(b"\r\n\r\n", max(0, self._scanned - 3))
        if end < 0:
            self._scanned = len(buffer)
            if len(buffer) - 3 > MAX_HEADER_SECTION:  # all but three bytes of the blank line
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
        self._whole = end + 4 + length
        return None
