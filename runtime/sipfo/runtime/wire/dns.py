"""Drives `sipfo.runtime.locate` with real DNS queries, and remembers the answers.

Equal questions that are under way at once are one query. What would surprise: a question goes on
when whoever asked it has given up, so that its answer is there for the next call; and with an old
answer at hand nobody waits long for a new one (RFC 8767 §5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from sipfo.runtime.dnscache import Cache, Known
from sipfo.runtime.locate import SUPPORTED, Target, Unlocatable, foreseen, locate
from sipfo.runtime.question import WORDS, Answer, Query
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.uri import SipUri, parse_uri
from sipfo.runtime.trail import Asked, Trail
from sipfo.runtime.wire import nameserver
from sipfo.runtime.wire.entropy import draw

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver as AsyncResolver

LOOKUP_LIMIT = 3.0
"""Seconds for the whole of a lookup, however many questions it takes."""

STALE_AFTER = 0.4
"""Seconds until an old answer is used in place of one that does not come."""


class Resolver:
    """RFC 3263 lookups with a limit on their time."""

    def __init__(
        self,
        nameservers: Sequence[tuple[str, int]] | None = None,
        timeout: float = LOOKUP_LIMIT,
        resolv_conf: str = "/etc/resolv.conf",
        *,
        clock: Callable[[], float] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        """Ask `nameservers` (address literal, port), or those of `resolv_conf` if None.

        `timeout` is in seconds and for the whole lookup; one query gets a third of it, so that a
        nameserver that drops NAPTR queries only does not make every domain unreachable. `clock`
        is what answers age by, in seconds, the loop's if None.
        """
        self._nameservers = nameservers
        self._timeout = timeout
        self._resolv_conf = resolv_conf
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self.say = say
        """Told of old answers that are used, and of nobody to ask; it may be changed any time."""
        self._cache = Cache()
        self._dns: AsyncResolver | None = None
        self._under_way: dict[Query, asyncio.Task[Known]] = {}

    async def targets(
        self, uri: SipUri, transports: frozenset[str] = SUPPORTED
    ) -> tuple[Target, ...]:
        """Where to send a request for the URI, in the order to be tried. Raises Unlocatable."""
        trail = await self.trail(uri, transports)
        if trail.failure is not None:
            raise trail.failure
        return trail.targets

    async def every(self, uris: Iterable[SipUri]) -> tuple[tuple[Target, ...], tuple[str, ...]]:
        """The targets of several URIs, in their order, within the time of one lookup; and of each
        that leads nowhere the reason."""
        deadline = self._deadline()
        trails = [await self.trail(uri, deadline=deadline) for uri in uris]
        targets = tuple(target for one in trails for target in one.targets)
        return targets, tuple(one.failure.said for one in trails if one.failure is not None)

    async def trail(
        self,
        uri: SipUri,
        transports: frozenset[str] = SUPPORTED,
        *,
        deadline: float | None = None,
    ) -> Trail:
        """The whole RFC 3263 lookup of a URI as a value, failed or not: never raises Unlocatable.
        It is over by `deadline`, on the loop's clock."""
        if deadline is None:
            deadline = self._deadline()
        asked: list[Asked] = []
        lookup = locate(uri, draw, transports)
        try:
            query = next(lookup)
            while True:
                asked.append(await self._ask(query, deadline))
                query = lookup.send(asked[-1].known.answer)
        except StopIteration as end:
            found: tuple[Target, ...] = end.value
            return Trail(uri, tuple(asked), found)
        except Unlocatable as failure:
            return Trail(uri, tuple(asked), (), failure)

    def prepare(self) -> AsyncResolver:
        """Load dnspython and its configuration now, not with the first lookup (0.1 s).

        Raises Unlocatable if there is no nameserver to ask.
        """
        if self._dns is None:
            # A lost datagram is sent again within its query's time.
            again = self._timeout / 6
            self._dns = nameserver.prepare(self._nameservers, self._resolv_conf, again)
        return self._dns

    def expect(self, uris: Iterable[str]) -> None:
        """Be prepared if there is a name among the destinations of a plan; that there is nobody to
        ask is said now, not with the first call."""
        for uri in uris:
            try:
                next(locate(parse_uri(uri), draw))
            except (StopIteration, Unlocatable, Malformed):
                continue  # an address, or what its first call says better
            try:
                self.prepare()
            except Unlocatable as failure:
                self._tell(f"dns: {failure.reason}")
            return

    async def close(self) -> None:
        """Give up the questions under way."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._timeout

    async def _ask(self, query: Query, deadline: float) -> Asked:
        """One question of a lookup, which waits for its answer until `deadline` at most."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        known = await self._believed(query, deadline - begun)
        for one in foreseen(query, known.answer):
            self._foresee(one)
        return Asked(query, known, loop.time() - begun)

    async def _believed(self, query: Query, patience: float) -> Known:
        key = _key(query)
        known = self._cache.known(key, self._clock())
        if known is not None:
            if known.is_due:
                self._begin(key)
            return known
        if patience <= 0:
            return self._old(key) or Known(Answer("timeout"), "asked", 0.0)
        task = self._begin(key)
        for one in foreseen(query):
            self._foresee(one)
        if self._cache.has_stale(key, self._clock()):
            patience = min(patience, STALE_AFTER)
        await asyncio.wait({task}, timeout=patience)
        if task.done():
            return task.result()
        return self._old(key) or Known(Answer("timeout"), "asked", 0.0)

    def _foresee(self, query: Query) -> None:
        """Ask a question that will be asked soon."""
        key = _key(query)
        if self._cache.known(key, self._clock()) is None:
            self._begin(key)

    def _begin(self, key: Query) -> asyncio.Task[Known]:
        """The query under way for a question, begun if there is none."""
        task = self._under_way.get(key)
        if task is None:
            dns = self.prepare()
            task = asyncio.get_running_loop().create_task(self._learn(dns, key))
            self._under_way[key] = task
        return task

    async def _learn(self, dns: AsyncResolver, key: Query) -> Known:
        try:
            answer, ttl = await nameserver.ask(dns, key, self._timeout / 3)
        finally:
            self._under_way.pop(key, None)
        is_told = self._cache.known(key, self._clock()) is not None
        known = self._cache.learn(key, answer, ttl, self._clock())
        if known.source == "stale" and not is_told:
            self._tell_old(key, known, WORDS[answer.status])
        return known

    def _old(self, key: Query) -> Known | None:
        """The old answer to a question that nobody answers in time."""
        old = self._cache.stale(key, self._clock())
        if old is not None:
            self._tell_old(key, old, WORDS["timeout"])
        return old

    def _tell_old(self, key: Query, old: Known, why: str) -> None:
        self._tell(f"dns: {why} for {key}: using {old.answer}, {old.age:.0f} s out of date")

    def _tell(self, text: str) -> None:
        if self.say is not None:
            self.say(text)


def _key(query: Query) -> Query:
    """The same for the same name, however it is written (RFC 4343)."""
    return Query(query.name.lower(), query.kind)
