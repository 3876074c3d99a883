"""Which connections a server keeps: how many of each source's, and how long one may say nothing.

Only those that others opened are counted here. A message that comes octet by octet has its time
from the first octet, so that a slow sender holds a connection no longer than a silent one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from sipfo.runtime.limits import Limits
from sipfo.runtime.strangers import network_of


class Connection:
    """What is known of one connection; times are seconds of the caller's monotonic clock."""

    __slots__ = ("host", "known", "partial", "since", "source", "spoken")

    def __init__(self, host: str, source: str, known: bool, now: float) -> None:
        """`source` is what its address, `host`, is counted under."""
        self.host = host
        self.source = source
        self.known = known
        self.since = now
        self.spoken = False
        self.partial = False


class Connections:
    """Every connection that a peer opened, by its number."""

    __slots__ = ("_limits", "_open", "_per_source", "_strange")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: dict[int, Connection] = {}
        self._per_source: Counter[str] = Counter()
        self._strange = 0

    def __len__(self) -> int:
        return len(self._open)

    def accept(self, number: int, source: str, known: bool, now: float) -> bool:
        """Whether a new connection is kept; `known`: from a source that a trunk accepts."""
        limits = self._limits
        host, source = source, network_of(source)
        if known:
            kind = len(self._open) - self._strange
            most, most_each = limits.connections, limits.connections_each
        else:
            kind = self._strange
            most, most_each = limits.stranger_connections, limits.stranger_connections_each
        if kind >= most or self._per_source[source] >= most_each:
            return False
        self._open[number] = Connection(host, source, known, now)
        self._per_source[source] += 1
        self._strange += not known
        return True

    def heard(self, number: int, whole: bool, partial: bool, now: float) -> None:
        """Something came: whether it completed a message, and whether one is begun now."""
        one = self._open.get(number)
        if one is None:
            return  # one of our own
        if whole or not one.partial:
            one.since = now
        one.spoken = one.spoken or whole
        one.partial = partial

    def acquaint(self, knows: Callable[[str], bool]) -> None:
        """Whose source has shown a password since it was accepted is a stranger's no more."""
        if not self._strange:
            return
        for one in self._open.values():
            if not one.known and knows(one.host):
                one.known = True
                self._strange -= 1

    def closed(self, number: int) -> None:
        """A connection is gone."""
        one = self._open.pop(number, None)
        if one is None:
            return
        self._strange -= not one.known
        self._per_source[one.source] -= 1
        if not self._per_source[one.source]:
            del self._per_source[one.source]

    def overdue(self, now: float) -> list[int]:
        """The numbers of those that have had their time."""
        return [
            number for number, one in self._open.items() if now - one.since > self._patience(one)
        ]

    def _patience(self, one: Connection) -> float:
        if one.partial or not one.spoken:
            return self._limits.message_time
        return self._limits.idle_time if one.known else self._limits.stranger_idle_time
