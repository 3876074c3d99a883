"""Sources that gave wrong credentials too often: for a while none of theirs are looked at.

A source is an IPv4 address or an IPv6 /64. Being locked out costs nobody else anything, and nobody
can be locked out by others who forge its address: a failure counts only with a nonce that was sent
to that address.
"""

from __future__ import annotations

from collections import OrderedDict, deque

from sipfo.runtime.limits import Limits
from sipfo.runtime.strangers import network_of


class Lockout:
    """The failures of the last while, by source."""

    __slots__ = ("_failures", "_limits")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def fail(self, source: str, now: float) -> None:
        """A source gave wrong credentials."""
        key = network_of(source)
        times = self._failures.setdefault(key, deque(maxlen=self._limits.failures))
        times.append(now)
        self._failures.move_to_end(key)
        if len(self._failures) > self._limits.failing_sources:
            self._failures.popitem(last=False)

    def is_locked(self, source: str, now: float) -> bool:
        """Whether a source has used up its failures."""
        times = self._failures.get(network_of(source))
        if times is None:
            return False
        while times and now >= times[0] + self._limits.failure_time:
            times.popleft()
        return len(times) >= self._limits.failures
