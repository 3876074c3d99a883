"""The limits that a policy declares, and what is used of them: calls at once, calls per second.

The second is a token bucket that holds one second's worth. `claim` takes where there is room. What
would surprise: `take` never refuses; what is taken all the same, as the next target of a carrier
whose first one failed, is made up for by the calls that follow. What has no limit is counted as
well: the next plan may give it one while its calls are up. What is used may be shared with other
engines (`commons`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Final

from sipfo.plan.model import Limit
from sipfo.runtime.commons import Own, Usage

NO_LIMIT: Final = Limit()

DRAINED: Final = "drained by the operator"


class Quota:
    """One declared limit. Times are seconds of the caller's monotonic clock."""

    __slots__ = ("_alone", "_limit", "_used")

    def __init__(self, limit: Limit, used: Usage | None = None) -> None:
        self._limit = limit
        self._used = used or Own()
        self._alone: Final = isinstance(self._used, Own)
        """Whether no other engine counts here, and nothing needs to be kept still."""

    @property
    def calls(self) -> int:
        """How many are under way."""
        return self._used.calls

    def against(self, now: float, again: bool = False) -> str | None:
        """What speaks against one more call, if anything does; one that comes `again` is new to
        nobody, and its rate is not looked at."""
        most, rate = self._limit.calls, self._limit.per_second
        if most is not None and self._used.calls >= most:
            return f"limit reached: {most} calls"
        if rate is not None and not again and self._refilled(rate, now) < 1:
            return f"limit reached: {rate} per second"
        return None

    def declare(self, limit: Limit) -> None:
        """Another limit from now on; what is used of the old one counts."""
        if limit.per_second is not None and self._limit.per_second is None:
            self._used.since = -math.inf  # full
        self._limit = limit

    def claim(self, now: float, again: bool = False) -> str | None:
        """One more call, unless something speaks against it, which is returned then."""
        if self._alone:
            return self._claim(now, again)
        with self._used.still():
            return self._claim(now, again)

    def _claim(self, now: float, again: bool) -> str | None:
        why = self.against(now, again)
        if why is None:
            self._take(now, again)
        return why

    def take(self, now: float, again: bool = False) -> None:
        """One more call."""
        with self._used.still():
            self._take(now, again)

    def give_back(self) -> None:
        """A call that was taken is over."""
        if self._alone:
            self._used.add(-1)
            return
        with self._used.still():
            self._used.add(-1)

    def unclaim(self, now: float) -> None:
        """What was claimed just now came to nothing."""
        with self._used.still():
            self._used.add(-1)
            if self._limit.per_second is not None:
                self._used.left += 1

    def _take(self, now: float, again: bool) -> None:
        self._used.add(1)
        rate = self._limit.per_second
        if rate is not None and not again:
            self._used.left = self._refilled(rate, now) - 1
            self._used.since = now

    def _refilled(self, rate: int, now: float) -> float:
        return min(float(rate), self._used.left + (now - self._used.since) * rate)


class Quotas:
    """The limits of every trunk, or of every carrier, by name; most have none."""

    __slots__ = ("_quotas", "_usage", "drained")

    def __init__(
        self,
        limits: Iterable[tuple[str, Limit | None]],
        usage: Callable[[str], Usage] | None = None,
    ) -> None:
        """`usage` is where it is counted what of a name's limit is used; here, if nowhere."""
        self._usage = usage
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
                used = None if self._usage is None else self._usage(name)
                found = Quota(limit or NO_LIMIT, used)
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

    def claim(self, name: str, now: float, again: bool = False) -> str | None:
        """One more call here, unless something speaks against it, in words then."""
        if name in self.drained:
            return DRAINED
        quota = self._quotas.get(name)
        return quota.claim(now, again) if quota is not None else None

    def unclaim(self, name: str, now: float) -> None:
        """What was claimed here just now came to nothing."""
        quota = self._quotas.get(name)
        if quota is not None:
            quota.unclaim(now)

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
