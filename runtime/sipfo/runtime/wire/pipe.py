"""One end of the connection between a server and one of its workers: words, many together.

A word is a tuple whose first item says what it is. What is said in one turn of the loop goes out
together, so that a burst costs one system call. What would surprise: they are in Python's own
`marshal` format, the fastest there is; both ends are the same program, one the other's child.
"""

from __future__ import annotations

import asyncio
import logging
import marshal
import socket
from collections.abc import Callable
from struct import Struct
from typing import Any, Final

_log = logging.getLogger("sipfo")

Word = tuple[Any, ...]

_LENGTH: Final = Struct("!I")

MOST_WAITING: Final = 64 * 1024 * 1024
"""Bytes that the other end may leave unread, before it is taken for dead."""

CHUNK: Final = 1024 * 1024

LONGEST: Final = 1024 * 1024 * 1024
"""Bytes of what is said together: a plan is."""


class Pipe:
    """One end."""

    def __init__(
        self, connection: socket.socket, take: Callable[[Word], None], gone: Callable[[], None]
    ) -> None:
        """`take` is given every word, `gone` told once that the other end says no more."""
        self._socket = connection
        self._take = take
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._words: list[Word] = []
        self._unsent = bytearray()
        self._unread = bytearray()
        self._is_open = True
        self._due = False
        connection.setblocking(False)
        self._loop.add_reader(connection.fileno(), self._readable)

    def say(self, *word: Any) -> None:
        """Say a word, with the others of this turn."""
        self._words.append(word)
        if not self._due and self._is_open:
            self._due = True
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Say what waits now."""
        self._due = False
        if not self._words or not self._is_open:
            return
        text = marshal.dumps(self._words)
        self._words = []
        was_stuck = bool(self._unsent)
        self._unsent += _LENGTH.pack(len(text))
        self._unsent += text
        if len(self._unsent) > MOST_WAITING + len(text):
            self._end()
        elif not was_stuck:
            self._send()

    def close(self) -> None:
        """Say and hear no more."""
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._socket.fileno())
            self._loop.remove_writer(self._socket.fileno())
            self._socket.close()

    def _end(self) -> None:
        if self._is_open:
            self.close()
            self._gone()

    def _send(self) -> None:
        try:
            while self._unsent:
                sent = self._socket.send(self._unsent)
                del self._unsent[:sent]
        except BlockingIOError:
            self._loop.add_writer(self._socket.fileno(), self._writable)
        except OSError:
            self._end()

    def _writable(self) -> None:
        self._loop.remove_writer(self._socket.fileno())
        self._send()

    def _readable(self) -> None:
        try:
            data = self._socket.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end()
            return
        self._unread += data
        start = 0
        while len(self._unread) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._unread, start)
            end = start + _LENGTH.size + length
            if length > LONGEST:
                self._end()
                return
            if len(self._unread) < end:
                break
            words = marshal.loads(self._unread[start + _LENGTH.size : end])
            start = end
            for word in words:
                try:
                    self._take(word)
                except Exception:  # noqa: BLE001 - a bug must cost one word, never those behind it
                    _log.exception("internal error: a word between two processes")
            if not self._is_open:
                return
        del self._unread[:start]
