"""Records as server-sent events: attempts, calls, ends, notices, and what goes down and up.

One ring of the latest is all there is, whoever listens. What would surprise: a client that reads too
slowly is not waited for and costs no memory. What it has missed is counted, and said in an event
`lost`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

from sipfo.runtime.record import Notice, Record
from sipfo.runtime.row import moment

Told = Mapping[str, object]

KEPT: Final = 1024
"""Records that a client can be behind."""

MOST_CLIENTS: Final = 32

QUIET: Final = 15.0
"""Seconds after which a comment shows that the connection is alive."""

_HEALTH: Final = re.compile(r"(\S+) to (\S+) at (\S+) is (down|up): (.*)")


class Events:
    """The ring, and who waits for more. `take` is called in the loop of calls, the rest in ours."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, told: Callable[[Record], tuple[str | None, Told]]
    ) -> None:
        """`loop` is that of the clients; `told` says what a record is, and has; None for one that is
        nobody's business."""
        self._loop = loop
        self._tell = told
        self._ring: deque[tuple[int, float, Record]] = deque(maxlen=KEPT)
        self._last = 0
        self._waiting = False
        self._more = asyncio.Event()
        self.clients = 0

    def take(self, record: Record) -> None:
        """One more record. Costs an append while nobody listens."""
        self._last += 1
        self._ring.append((self._last, time.time(), record))
        if self._waiting:
            self._waiting = False
            with contextlib.suppress(RuntimeError):  # the clients' loop is over
                self._loop.call_soon_threadsafe(self._more.set)

    async def follow(
        self, after: int | None, wanted: Callable[[str, Told], bool]
    ) -> AsyncIterator[bytes]:
        """The events from now on, or after the number of one, as they go on the wire."""
        self.clients += 1
        try:
            at = self._last if after is None or after > self._last else after
            yield b": sipfo\n\n"
            while True:
                self._more.clear()
                self._waiting = True
                ring = [one for one in list(self._ring) if one[0] > at]
                if ring and ring[0][0] > at + 1:
                    lost = ring[0][0] - at - 1
                    yield _event(ring[0][0] - 1, "lost", {"event": "lost", "count": lost})
                for number, at_time, record in ring:
                    at = number
                    kind, told = self._told(record)
                    if kind is not None and wanted(kind, told):
                        named = {"time": moment(at_time), "event": kind, **told}
                        yield _event(number, kind, named)
                if not ring:
                    try:
                        await asyncio.wait_for(self._more.wait(), QUIET)
                    except TimeoutError:
                        yield b": quiet\n\n"
        finally:
            self.clients -= 1

    def _told(self, record: Record) -> tuple[str | None, Told]:
        kind, told = self._tell(record)
        found = _HEALTH.fullmatch(record.text) if isinstance(record, Notice) else None
        if found is None:
            return kind, told
        names = ("egress", "destination", "target", "state", "why")
        return "health", dict(zip(names, found.groups(), strict=True))


def _event(number: int, kind: str, told: Told) -> bytes:
    data = json.dumps(told, ensure_ascii=False)  # in one line, as an event's data must be
    return f"id: {number}\nevent: {kind}\ndata: {data}\n\n".encode()
