"""How often strangers are answered: a token bucket for each source, and one for all together.

A source is an IPv4 address or an IPv6 /64, which one host has to itself. Without answers a scan
learns nothing and a forged source address is flooded with nothing.
"""

from __future__ import annotations

from enum import Enum, auto
from ipaddress import IPv6Address, ip_address

from sipfo.runtime.limits import Limits


class Verdict(Enum):
    ANSWER = auto()
    FALL_SILENT = auto()  # the first that is not answered, worth a line in the log
    STAY_SILENT = auto()


class Bucket:
    """So many per second, and a burst after a pause."""

    __slots__ = ("_burst", "_left", "_rate", "_silent", "_since")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        """`rate` is per second; the bucket starts full."""
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._since = now
        self._silent = False

    def take(self, now: float) -> Verdict:
        """One more, if it is within the rate."""
        self._left = min(self._burst, self._left + (now - self._since) * self._rate)
        self._since = now
        if self._left == self._burst:
            self._silent = False
        if self._left >= 1:
            self._left -= 1
            return Verdict.ANSWER
        if self._silent:
            return Verdict.STAY_SILENT
        self._silent = True
        return Verdict.FALL_SILENT


class Strangers:
    """The sources that no trunk accepts and that were heard lately."""

    __slots__ = ("_all", "_buckets", "_limits")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buckets: dict[str, Bucket] = {}  # in the order in which they were heard last
        self._all = Bucket(limits.all_answers, limits.all_answers, 0.0)

    def __len__(self) -> int:
        return len(self._buckets)

    def hear(self, source: str, now: float) -> Verdict:
        """Whether a request from a stranger's address is answered."""
        key = network_of(source)
        bucket = self._buckets.pop(key, None)
        if bucket is None:
            if len(self._buckets) >= self._limits.strangers:
                del self._buckets[next(iter(self._buckets))]
            bucket = Bucket(self._limits.answers, self._limits.answers_burst, now)
        self._buckets[key] = bucket
        verdict = bucket.take(now)
        return self._all.take(now) if verdict is Verdict.ANSWER else verdict


def network_of(source: str) -> str:
    """What an address literal is counted under."""
    address = ip_address(source)
    if not isinstance(address, IPv6Address):
        return source
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> 64 << 64))
