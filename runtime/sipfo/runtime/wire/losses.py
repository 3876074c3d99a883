"""Messages that could not be shown: counted always, said now and then."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

_log = logging.getLogger("sipfo")

SAY_EVERY: Final = 60.0
"""Seconds between two words about it."""


class Losses:
    """What one watcher has lost; any thread may add to it."""

    __slots__ = ("_lock", "_name", "_said", "_said_at", "count")

    def __init__(self, name: str) -> None:
        """`name` is what the watcher is called in what is said."""
        self.count = 0
        self._lock = threading.Lock()
        self._name = name
        self._said = 0
        self._said_at = -SAY_EVERY

    def add(self, why: str) -> None:
        """One more is lost."""
        with self._lock:
            self.count += 1
            now = time.monotonic()
            if now - self._said_at >= SAY_EVERY:
                self._said_at = now
                self._say(why)

    def close(self) -> None:
        """No more will be lost: say the count if it has not been said."""
        if self.count > self._said:
            self._say("in all")

    def _say(self, why: str) -> None:
        self._said = self.count
        plural = "s" * (self.count != 1)
        _log.warning("%s: %d message%s lost: %s", self._name, self.count, plural, why)
