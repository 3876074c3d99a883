"""What keeps a call from waiting for Python itself: its collector of cycles, and its other threads.

A finished call leaves no cycles (`tests/runtime/test_garbage.py`): counting references is enough to
free it. What the collector does all the same is to look at every object there is, and all stands
still so long: a second, of the million objects of a server at 600 calls a second, which keeps those of
a call for half a minute after it. No threshold helps, because they are of how many objects there are
more than before, and a pass over the youngest generation is over all that came since the last one.

Hence it works only when nobody waits for it: when there is so little to look at that it takes no
more than a few milliseconds. A bug that leaves cycles must not take the memory of a server that is
never so quiet: when there are `MOST` more objects than calls can account for, it is worth the pause.

What would surprise: `gc.get_count` counts on while the collector is off, and never below zero. It is
at least what all objects that came since the last pass and are still there are, be they garbage or
needed, and at most the objects that there are.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from typing import Final

from sipfo.runtime.engine import Engine

_log = logging.getLogger("sipfo")

TURN: Final = 0.001
"""Seconds that another thread, the one of the records, may keep the loop waiting; 5 ms is usual."""

LOOK: Final = 5.0
"""Seconds between looks at whether there may be something to collect."""

FEW: Final = 10_000
"""Objects that came since the last pass, and are not worth another."""

SHORT: Final = 20_000
"""Objects that take a few milliseconds to look at."""

MOST: Final = 1_000_000
"""Objects that nothing accounts for: about 100 MB."""

OF_A_CALL: Final = 200
OF_A_TRANSACTION: Final = 50
"""Objects at most; those of usual calls are half of that (`tests/runtime/wire/test_calm.py`)."""


def settle() -> None:
    """Everything that a server begins with is here: it stays, and is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(TURN)


class Collector:
    """Has Python look for garbage when that is in nobody's way, or when there is no other way."""

    __slots__ = ("_engine", "_left", "_loop", "_next")

    def __init__(self, engine: Engine) -> None:
        """Settle, and look until it is closed. In a running loop."""
        settle()
        self._engine = engine
        self._left = 0
        self._loop = asyncio.get_running_loop()
        self._next = self._loop.call_later(LOOK, self._look)

    def look(self) -> None:
        """Collect, if there may be garbage and there is little to look at, or too much garbage."""
        grown, needed = gc.get_count()[0], self._needed
        if grown < FEW:
            return
        is_too_much = grown > MOST + needed
        if is_too_much or not needed or self._left + grown <= SHORT:
            found = gc.collect()
            self._left = len(gc.get_objects())
            if is_too_much and found > MOST // 2:
                _log.warning("memory: %d objects were left in cycles; that is a bug", found)

    def close(self) -> None:
        """Leave it to Python again."""
        self._next.cancel()
        gc.enable()

    @property
    def _needed(self) -> int:
        """Objects that calls may have."""
        engine = self._engine
        return OF_A_CALL * len(engine.calls) + OF_A_TRANSACTION * len(engine.core.transactions)

    def _look(self) -> None:
        self._next = self._loop.call_later(LOOK, self._look)
        self.look()
