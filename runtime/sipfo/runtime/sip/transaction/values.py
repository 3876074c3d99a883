"""The timer values that every transaction of an engine shares (RFC 3261 §17.1.1.1)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TimerValues:
    """Seconds: the round-trip estimate, the longest retransmission interval, and the longest
    time that a message stays in the network."""

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0

    @property
    def t1_64(self) -> float:
        """64·T1: Timers B, F, H, J, L and M."""
        return 64 * self.t1

    @property
    def d(self) -> float:
        """Timer D: "at least 32 seconds for unreliable transports" (§17.1.1.2)."""
        return max(32.0, self.t1_64)
