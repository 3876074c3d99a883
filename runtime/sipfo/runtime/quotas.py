"""The limits that a policy declares, and what is used of them: calls at once, calls per second.

The second is a token bucket that holds one second's worth. What would surprise: `take` never
refuses. It is asked beforehand whether there is room, and what is taken all the same, as the next
target of a carrier whose first one failed, is made up for by the calls that follow. What has no
limit is counted as well: the next plan may give it one while its calls are up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sipfo.plan.model import Limit

NO_LIMIT: Final = Limit()

DRAINED: Final = "drained by the operator"


class Quota:
    """One declared limit. Times are seconds of the caller's monotonic clock."""

    __slots__ = ("_left", "_limit", "_since", "calls")

    def __init__(self, limit: Limit) -> None:
        self.calls = 0
        """How many are under way."""
        self._limit = limit
        self._left = float(limit.per_second or 0)
        self._since = 0.0

    def against(self, now: float, again: bool = False) -> str | None:
        """What speaks against one more call, if anything does; one that comes `again` is new to
        nobody, and its rate is not looked at."""
        most, rate = self._limit.calls, self._limit.per_second
        if most is not None and self.calls >= most:
            return f"limit reached: {most} calls"
        if rate is not None and not again and self._refilled(rate, now) < 1:
            return f"limit reached: {rate} per second"
        return None

    def declare(self, limit: Limit) -> None:
        """Another limit from now on; what is used of the old one counts."""
        rate, before = limit.per_second, self._limit.per_second
        if rate is not None:
            self._left = float(rate) if before is None else min(self._left, float(rate))
        self._limit = limit

    def take(self, now: float, again: bool = False) -> None:
        """One more call."""
        self.calls += 1
        rate = self._limit.per_second
        if rate is not None and not again:
            self._left = self._refilled(rate, now) - 1
            self._since = now

    def give_back(self) -> None:
        """A call that was taken is over."""
        self.calls -= 1

    def _refilled(self, rate: int, now: float) -> float:
        return min(float(rate), self._left + (now - self._since) * rate)


class Quotas:
    """The limits of every trunk, or of every carrier, by name; most have none."""

    __slots__ = ("_quotas", "drained")

    def __init__(self, limits: Iterable[tuple[str, Limit | None]]) -> None:
        self.drained: set[str] = set()
        """Who takes no new call, because an operator said so; through every reload."""
        self._quotas: dict[str, Quota] = {}
        self.declare(limits)

    def declare(self, limits: Iterable[tuple[str, Limit | None]]) -> None:
        """These from now on. What keeps its name keeps its count, and so does a name that is gone,
        while calls of it are up."""
        before, self._quotas = self._quotas, {}
        for name, limit in limits:
            found = before.pop(name, None)
            if found is None:
                found = Quota(limit or NO_LIMIT)
            else:
                found.declare(limit or NO_LIMIT)
            self._quotas[name] = found
        for name, quota in before.items():
            if quota.calls:
                self._quotas[name] = quota

    def against(self, name: str, now: float, again: bool = False) -> str | None:
        """What speaks against one more call here, in words; None if nothing does."""
        if name in self.drained:
            return DRAINED
        quota = self._quotas.get(name)
        return quota.against(now, again) if quota is not None else None

    def take(self, name: str, now: float, again: bool = False) -> None:
        """One more call here."""
        quota = self._quotas.get(name)
        if quota is not None:
            quota.take(now, again)

    def give_back(self, name: str) -> None:
        """A call that was taken here is over."""
        quota = self._quotas.get(name)
        if quota is not None:
            quota.give_back()

    def calls(self, name: str) -> int:
        """How many calls are under way here."""
        quota = self._quotas.get(name)
        return quota.calls if quota is not None else 0
