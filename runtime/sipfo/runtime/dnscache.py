"""DNS answers remembered: until their time is up, and after that for when the DNS is down.

Ours, because that of older dnspython keeps an empty answer without SOA for 68 years, and forgets
every answer at the very moment the nameserver stops answering. What would surprise: a failure is
remembered too (RFC 9520 §3.2), so that a name which cannot be resolved costs the next call nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Literal

from sipfo.runtime.question import Answer, Query, Status

CACHE_SIZE: Final = 4096
"""Answers remembered; the least recently used is forgotten first."""

STALE_LIFE: Final = 86400.0
"""Seconds an answer may outlive its TTL while no nameserver answers (RFC 8767 §5: one to three
days)."""

STALE_RECHECK: Final = 30.0
"""Seconds until the nameserver is asked again after a stale answer was used (RFC 8767 §5)."""

PREFETCH: Final = 0.1
"""The last part of an answer's time, in which whoever uses it has it asked for anew."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long an answer of one status is believed: its TTL, within these bounds, in seconds."""

    least: float
    most: float
    is_failure: bool = False
    """Whether an older answer is used in its place, if there is one."""


KEEPING: Final[dict[Status, Keeping]] = {
    # A TTL of 0 would be a query for every call: a second is a burst's worth.
    "ok": Keeping(1.0, 3600.0),
    # RFC 2308 §5: as long as the SOA record says, without one not at all. A name that appears
    # should not be missing for the hours which that may be.
    "nodata": Keeping(0.0, 300.0),
    "nxdomain": Keeping(0.0, 300.0),
    # RFC 9520 §3.2: "at least 1 second", "no longer than 5 minutes". The first two pass by
    # themselves; a nameserver that refuses us has been told to.
    "servfail": Keeping(5.0, 5.0, is_failure=True),
    "timeout": Keeping(5.0, 5.0, is_failure=True),
    "refused": Keeping(30.0, 30.0, is_failure=True),
}

Source = Literal["asked", "remembered", "stale"]


@dataclass(frozen=True, slots=True)
class Known:
    """An answer as it is to be believed now; times are seconds.

    `left` is how long it still may be; a `stale` one is `age` older than it should be.
    """

    answer: Answer
    source: Source
    left: float
    age: float = 0.0
    is_due: bool = False
    """Whether it should be asked for anew already."""


class _Entry:
    __slots__ = ("answer", "dead", "fresh_until", "overdue_since", "ttl")

    def __init__(self, answer: Answer, ttl: float, life: float, now: float) -> None:
        self.answer = answer
        self.ttl = ttl
        self.fresh_until = self.overdue_since = now + ttl
        self.dead = self.fresh_until + life


class Cache:
    """What is known by query; `now` is the caller's monotonic clock, in seconds."""

    __slots__ = ("_entries", "_size")

    def __init__(self, size: int = CACHE_SIZE) -> None:
        self._size = size
        self._entries: OrderedDict[Query, _Entry] = OrderedDict()

    def learn(self, query: Query, answer: Answer, ttl: float, now: float) -> Known:
        """Take what came of asking; what is to be believed now: the answer, or an older one in
        place of a failure. `ttl` is of no account for a failure."""
        keeping = KEEPING[answer.status]
        if keeping.is_failure:
            older = self.known(query, now) or self.stale(query, now)
            if older is not None:
                return older
        kept = min(max(ttl, keeping.least), keeping.most)
        life = 0.0 if keeping.is_failure else STALE_LIFE
        self._entries[query] = _Entry(answer, kept, life, now)
        self._entries.move_to_end(query)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)
        return Known(answer, "asked", kept)

    def known(self, query: Query, now: float) -> Known | None:
        """The answer, while it is to be believed without asking."""
        entry = self._entries.get(query)
        if entry is None or entry.fresh_until <= now:
            return None
        self._entries.move_to_end(query)
        left = entry.fresh_until - now
        if now >= entry.overdue_since:
            return Known(entry.answer, "stale", left, now - entry.overdue_since)
        is_due = left < entry.ttl * PREFETCH and not KEEPING[entry.answer.status].is_failure
        return Known(entry.answer, "remembered", left, is_due=is_due)

    def has_stale(self, query: Query, now: float) -> bool:
        """Whether there is an answer for want of a better one."""
        entry = self._entries.get(query)
        return entry is not None and now < entry.dead

    def stale(self, query: Query, now: float) -> Known | None:
        """The last answer, for want of a better one; it counts as known for STALE_RECHECK."""
        entry = self._entries.get(query)
        if entry is None or entry.dead <= now:
            return None
        entry.fresh_until = min(now + STALE_RECHECK, entry.dead)
        self._entries.move_to_end(query)
        age = max(0.0, now - entry.overdue_since)
        return Known(entry.answer, "stale", entry.fresh_until - now, age)
