"""What is said again and again until it is heard, or until it has waited long enough."""

from __future__ import annotations

from sipfo.runtime.sip.timer import Timer, Timers


class Repeater(Timer):
    """Two timers: one that repeats, and one that waits, which it is itself."""

    __slots__ = ("_interval", "_repetition", "_timers")

    def __init__(self, timers: Timers, interval: float) -> None:
        """`interval` is the first one; who repeats makes it longer."""
        super().__init__()
        self._timers = timers
        self._interval = interval
        self._repetition: _Repetition | None = None

    def again(self, now: float) -> None:
        """The interval has passed."""
        raise NotImplementedError

    def _repeat(self, now: float) -> None:
        """Arm the timer that repeats, for the interval as it stands."""
        repetition = self._repetition
        if repetition is None:
            repetition = self._repetition = _Repetition(self)
        self._timers.arm(repetition, self._interval, now)

    def _wait(self, seconds: float, now: float) -> None:
        """Arm the timer that waits, instead of what it waited for before."""
        self._timers.arm(self, seconds, now)

    def _hush(self) -> None:
        """End the repetitions."""
        repetition = self._repetition
        if repetition is not None:
            repetition.disarm()
            self._repetition = None  # each has the other: counting references must free both


class _Repetition(Timer):
    """The timer that repeats."""

    __slots__ = ("_repeater",)

    def __init__(self, repeater: Repeater) -> None:
        super().__init__()
        self._repeater = repeater

    def ring(self, now: float) -> None:
        self._repeater.again(now)
