"""`/metrics` over HTTP/1.0: one request per connection, whose size and time are bounded.

What would surprise: it is no web server. There is nothing to configure, nothing is read but the
first line, and whoever may connect may read; hence an address that only the scraper reaches.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from sipfo.runtime.exposition import CONTENT_TYPE, Family, Sample, exposition

MOST_BYTES: Final = 8192
"""A request longer than this is not read to its end."""

MOST_TIME: Final = 5.0
"""Seconds for a request to come and its answer to go."""

MOST_CONNECTIONS: Final = 16

_REQUEST: Final = re.compile(rb"(GET|HEAD) ([!-~]{1,1024}) HTTP/1\.[01]")
_PLAIN: Final = "text/plain; charset=utf-8"
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class CannotShow(OSError):
    """The address for metrics cannot be bound; says why."""


class MetricsPage:
    """The one page, until it is closed."""

    def __init__(
        self,
        families: Callable[[], Sequence[Family]],
        refresh: Callable[[], Awaitable[None]] | None = None,
        others: Callable[[str], float] | None = None,
    ) -> None:
        """`families` is asked at each request, after `refresh`; `others` says what other processes of
        this server take: `resident`, `blocks`, `fds`, `cpu`."""
        self._families = families
        self._refresh = refresh
        self._others = others or _nothing
        self._started = time.time()
        self._server: asyncio.Server | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def open(self, host: str, port: int) -> tuple[str, int]:
        """Listen; the address, with the port that was taken for port 0. Raises CannotShow."""
        try:
            self._server = await asyncio.start_server(self._connected, host, port, limit=MOST_BYTES)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise CannotShow(f"cannot show metrics at {host} port {port}: {reason}") from error
        found = self._server.sockets[0].getsockname()
        return found[0], found[1]

    async def close(self) -> None:
        """Stop listening, and let go of whoever is being answered."""
        if self._server is not None:
            self._server.close()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    def text(self) -> bytes:
        """What a scraper reads now."""
        return exposition([*self._families(), *_of_the_process(self._started, self._others)])

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # asyncio makes one for each connection
        if len(self._under_way) >= MOST_CONNECTIONS:
            writer.transport.abort()
            return
        self._under_way.add(task)
        # Whoever asked may be gone, or may never have asked: neither is worth a word.
        with contextlib.suppress(TimeoutError, OSError):
            try:
                async with asyncio.timeout(MOST_TIME):
                    line = await _first_line(reader)
                    if self._refresh is not None:
                        await self._refresh()
                    writer.write(self._answer(line))
                    await writer.drain()
                    writer.close()
                    await writer.wait_closed()
            finally:
                writer.transport.abort()
                self._under_way.discard(task)

    def _answer(self, line: bytes) -> bytes:
        request = _REQUEST.fullmatch(line)
        if request is None:
            return _response("400 Bad Request", _PLAIN, b"write GET /metrics\n", True)
        has_body = request[1] == b"GET"
        if request[2].partition(b"?")[0] != b"/metrics":
            return _response("404 Not Found", _PLAIN, b"metrics are at /metrics\n", has_body)
        return _response("200 OK", CONTENT_TYPE, self.text(), has_body)


async def _first_line(reader: asyncio.StreamReader) -> bytes:
    """The request line, once the header fields are in; empty for what is no HTTP."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return b""
    return head.partition(b"\r\n")[0]


def _response(status: str, content: str, body: bytes, has_body: bool) -> bytes:
    head = (
        f"HTTP/1.0 {status}\r\nContent-Type: {content}\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + (body if has_body else b"")


def _nothing(figure: str) -> float:
    """There is no other process."""
    return 0.0


def _of_the_process(started: float, others: Callable[[str], float]) -> tuple[Family, ...]:
    """The names that every Prometheus client has for its process, and what of its memory is alive;
    with that of `others`."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    opened = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are enough
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (
        _gauge("process_start_time_seconds", "When it was started, in Unix time.", started),
        _gauge(
            "process_resident_memory_bytes",
            "Memory in use, in bytes.",
            pages * _PAGE + others("resident"),
        ),
        _gauge(
            "sipfo_memory_blocks_current",
            "Blocks of memory in use; resident memory has what is kept for later as well.",
            sys.getallocatedblocks() + others("blocks"),
        ),
        _gauge("process_open_fds", "File descriptors in use.", opened + others("fds")),
        _gauge("process_max_fds", "File descriptors that may be.", most),
        Family(
            "process_cpu_seconds_total",
            "counter",
            "User and system time of the process, in seconds.",
            (Sample((), time.process_time() + others("cpu")),),
        ),
    )


def _gauge(name: str, help_: str, value: float) -> Family:
    return Family(name, "gauge", help_, (Sample((), value),))
