"""Every timer of one engine: a heap that is asked for its next moment and run when it has come.

Cancelling is lazy: a cancelled entry stays in the heap until its moment, so that arming and
disarming are cheap. Times are seconds of the caller's monotonic clock.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from heapq import heapify, heappop, heappush

Callback = Callable[[float], None]


class Handle:
    """One armed timer."""

    __slots__ = ("callback", "when")

    def __init__(self, when: float, callback: Callback) -> None:
        self.when = when
        self.callback: Callback | None = callback

    def cancel(self) -> None:
        """Disarm; safe at any time and more than once."""
        self.callback = None


class Timers:
    """Timers of one engine, in order of their moments; equal moments in order of arming."""

    __slots__ = ("_cancelled_bound", "_heap", "_order")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Handle]] = []
        self._order = itertools.count()
        self._cancelled_bound = 1024

    def at(self, when: float, callback: Callback) -> Handle:
        """Call `callback(now)` at `when`."""
        handle = Handle(when, callback)
        heappush(self._heap, (when, next(self._order), handle))
        if len(self._heap) > self._cancelled_bound:
            self._sweep()
        return handle

    def next_due(self) -> float | None:
        """The moment of the earliest timer, or None."""
        while self._heap and self._heap[0][2].callback is None:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def run(self, now: float) -> None:
        """Call everything whose moment has come, also what that arms for a moment already past."""
        while (due := self.next_due()) is not None and due <= now:
            handle = heappop(self._heap)[2]
            callback, handle.callback = handle.callback, None
            if callback is not None:
                callback(now)

    def _sweep(self) -> None:
        """Drop cancelled entries; the bound doubles with what is alive, so this is amortised."""
        self._heap = [entry for entry in self._heap if entry[2].callback is not None]
        heapify(self._heap)
        self._cancelled_bound = max(1024, 2 * len(self._heap))
