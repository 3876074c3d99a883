"""Every timer of one engine: a queue for each duration, asked for the next moment and run when it has come.

Nearly every timer has one of a few durations, those of RFC 3261 and those of the policy, and time goes
forward: what is armed for the same duration is due in the order of arming. So arming puts a timer
behind the last of its duration and disarming takes it out, however many there are, and nothing is
kept of one that was disarmed. Times are seconds of the caller's monotonic clock.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable
from typing import Final

Callback = Callable[[float], None]

MOST_QUEUES: Final = 64
"""Durations that have a queue of their own: their heads are compared to find the next moment."""


class Timer:
    """What is armed for one moment at a time; a subclass says what is to be done then."""

    __slots__ = ("after", "before", "order", "queue", "when")

    def __init__(self) -> None:
        self.when = 0.0
        self.order = 0
        self.queue: Queue | None = None
        """Where it waits; None of one that is not armed."""
        self.before: Timer | None = None
        self.after: Timer | None = None

    def ring(self, now: float) -> None:
        """Its moment has come, and it is not armed any more."""
        raise NotImplementedError

    def disarm(self) -> None:
        """Safe at any time and more than once."""
        queue = self.queue
        if queue is not None:
            self.queue = None
            queue.take_out(self)

    def is_before(self, other: Timer) -> bool:
        """Whether it rings first; of equal moments the one that was armed first."""
        return self.when < other.when or (self.when == other.when and self.order < other.order)


class Queue:
    """The armed timers of one duration, linked in the order of their moments."""

    __slots__ = ("_timers", "first", "last")

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self.first: Timer | None = None
        self.last: Timer | None = None

    def put(self, timer: Timer) -> None:
        """Arm a timer that is not armed."""
        before = self.last
        while before is not None and before.when > timer.when:
            before = before.before  # only when the clock was set back
        after = self.first if before is None else before.after
        timer.queue, timer.before, timer.after = self, before, after
        if before is None:
            self.first = timer
        else:
            before.after = timer
        if after is None:
            self.last = timer
        else:
            after.before = timer

    def take_out(self, timer: Timer) -> None:
        """Told by a timer that is armed here no more."""
        before, after = timer.before, timer.after
        timer.before = timer.after = None
        if before is None:
            self.first = after
        else:
            before.after = after
        if after is None:
            self.last = before
        else:
            after.before = before
        self._timers.disarmed(timer)


class Odd(Queue):
    """The armed timers of all other durations, which may be anything: in a sorted list."""

    __slots__ = ("_sorted",)

    def __init__(self, timers: Timers) -> None:
        super().__init__(timers)
        self._sorted: list[tuple[float, int, Timer]] = []

    def put(self, timer: Timer) -> None:
        timer.queue = self
        insort(self._sorted, (timer.when, timer.order, timer))
        self.first = self._sorted[0][2]

    def take_out(self, timer: Timer) -> None:
        del self._sorted[bisect_left(self._sorted, (timer.when, timer.order, timer))]
        self.first = self._sorted[0][2] if self._sorted else None
        self._timers.disarmed(timer)


class Handle(Timer):
    """A timer that calls somebody back."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callback) -> None:
        super().__init__()
        self.callback: Callback | None = callback

    def ring(self, now: float) -> None:
        callback, self.callback = self.callback, None
        if callback is not None:
            callback(now)

    def cancel(self) -> None:
        """Disarm; safe at any time and more than once."""
        self.callback = None
        self.disarm()


class Timers:
    """Timers of one engine, in order of their moments; equal moments in order of arming."""

    __slots__ = ("_armed", "_is_known", "_most_queues", "_next", "_odd", "_queues")

    def __init__(self, most_queues: int = MOST_QUEUES) -> None:
        self._most_queues = most_queues
        self._queues: dict[float, Queue] = {}
        self._odd = Odd(self)
        self._armed = 0
        self._next: Timer | None = None
        self._is_known = True
        """Whether `_next` is the earliest timer; it is looked for when somebody asks."""

    def at(self, when: float, callback: Callback) -> Handle:
        """Call `callback(now)` at a moment that is no usual duration from now."""
        handle = Handle(callback)
        self._put(handle, when, self._odd)
        return handle

    def after(self, seconds: float, callback: Callback, now: float) -> Handle:
        """Call `callback(then)` in so many seconds."""
        handle = Handle(callback)
        self.arm(handle, seconds, now)
        return handle

    def arm(self, timer: Timer, seconds: float, now: float) -> None:
        """Have a timer ring in so many seconds, and no longer when it would have."""
        timer.disarm()
        queue = self._queues.get(seconds)
        if queue is None:
            queue = self._queue(seconds)
        self._put(timer, now + seconds, queue)

    def next_due(self) -> float | None:
        """The moment of the earliest timer, or None."""
        timer = self._earliest()
        return timer.when if timer is not None else None

    def run(self, now: float) -> None:
        """Ring everything whose moment has come, also what that arms for a moment already past."""
        while (timer := self._earliest()) is not None and timer.when <= now:
            timer.disarm()
            timer.ring(now)

    def disarmed(self, timer: Timer) -> None:
        """Told by its queue."""
        if timer is self._next:
            self._next = None
            self._is_known = False

    def _put(self, timer: Timer, when: float, queue: Queue) -> None:
        self._armed += 1
        timer.when, timer.order = when, self._armed
        queue.put(timer)
        if self._is_known and (self._next is None or timer.is_before(self._next)):
            self._next = timer

    def _earliest(self) -> Timer | None:
        if not self._is_known:
            found = self._odd.first
            for queue in self._queues.values():
                first = queue.first
                if first is not None and (found is None or first.is_before(found)):
                    found = first
            self._next = found
            self._is_known = True
        return self._next

    def _queue(self, seconds: float) -> Queue:
        """The queue of a duration that has none yet; when there are too many, the empty ones go."""
        if len(self._queues) >= self._most_queues:
            self._queues = {
                one: queue for one, queue in self._queues.items() if queue.first is not None
            }
            if len(self._queues) >= self._most_queues:
                return self._odd
        queue = self._queues[seconds] = Queue(self)
        return queue
