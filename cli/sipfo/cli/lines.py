"""Lines of a running server: the first at once, those that follow close behind it together.

A busy server says several lines a call. Written one by one they cost more than the call's messages.
"""

from __future__ import annotations

import asyncio
from typing import Final, TextIO

GATHER: Final = 0.05
"""Seconds that a line may wait for others, when one was written less than that before."""


class Lines:
    """Where lines go while a loop runs."""

    def __init__(self, out: TextIO) -> None:
        """In a running loop."""
        self._out = out
        self._loop = asyncio.get_running_loop()
        self._waiting: list[str] = []
        self._resting: asyncio.TimerHandle | None = None

    def write(self, line: str) -> None:
        """Say a line."""
        self._waiting.append(line)
        if self._resting is None:
            self._resting = self._loop.call_later(GATHER, self._rested)
            self._put()

    def close(self) -> None:
        """Write what waits."""
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        if self._waiting:
            self._put()

    def _rested(self) -> None:
        self._resting = None
        if self._waiting:
            self._resting = self._loop.call_later(GATHER, self._rested)
            self._put()

    def _put(self) -> None:
        self._waiting.append("")
        text = "\n".join(self._waiting)
        self._waiting.clear()
        self._out.write(text)
        self._out.flush()
