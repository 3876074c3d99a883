"""Drives `sipfo.runtime.locate` with real DNS queries, and remembers the answers.

dnspython is imported with the first name to look up: a plan of addresses never loads it. The cache
is ours because that of older dnspython keeps an empty answer without SOA for 68 years, and forgets
every answer at the very moment the nameserver stops answering (RFC 8767).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sipfo.runtime.locate import (
    SUPPORTED,
    Answer,
    NaptrRecord,
    Query,
    Record,
    SrvRecord,
    Status,
    Target,
    Unlocatable,
    locate,
)
from sipfo.runtime.sip.uri import SipUri
from sipfo.runtime.wire.entropy import draw

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver as AsyncResolver
    from dns.message import QueryMessage
    from dns.rdata import Rdata
    from dns.resolver import NoNameservers

CACHE_SIZE = 4096
"""Answers remembered; the least recently used is forgotten first."""

LONGEST = 3600.0
"""Seconds an answer is believed at most, whatever its TTL says."""

STALE_LIFE = 86400.0
"""Seconds an answer may outlive its TTL while no nameserver answers (RFC 8767 §5)."""

STALE_RECHECK = 30.0
"""Seconds until the nameserver is asked again after a stale answer was used (RFC 8767 §5)."""


class Cache:
    """Answers by query, until their time is up; after that, for when the DNS is down."""

    __slots__ = ("_entries", "_size")

    def __init__(self, size: int = CACHE_SIZE) -> None:
        self._size = size
        self._entries: OrderedDict[Query, tuple[Answer, float, float]] = OrderedDict()

    def put(self, query: Query, answer: Answer, ttl: float, now: float) -> None:
        """Remember an answer for `ttl` seconds, at most LONGEST."""
        fresh_until = now + min(ttl, LONGEST)
        self._entries[query] = (answer, fresh_until, fresh_until + STALE_LIFE)
        self._entries.move_to_end(query)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def fresh(self, query: Query, now: float) -> Answer | None:
        """The answer, while it is to be believed."""
        entry = self._entries.get(query)
        if entry is None or entry[1] <= now:
            return None
        self._entries.move_to_end(query)
        return entry[0]

    def stale(self, query: Query, now: float) -> Answer | None:
        """The last answer, for want of a better one; it counts as fresh for STALE_RECHECK."""
        entry = self._entries.get(query)
        if entry is None or entry[2] <= now:
            return None
        answer, _, dead = entry
        self._entries[query] = (answer, min(now + STALE_RECHECK, dead), dead)
        return answer


class Resolver:
    """RFC 3263 lookups with a limit on their time."""

    def __init__(
        self,
        nameservers: Sequence[tuple[str, int]] | None = None,
        timeout: float = 3.0,
        resolv_conf: str = "/etc/resolv.conf",
    ) -> None:
        """Ask `nameservers` (address literal, port), or those of `resolv_conf` if None.

        `timeout` is in seconds and for the whole lookup; one query gets a third of it, so that a
        nameserver that drops NAPTR queries only does not make every domain unreachable.
        """
        self._nameservers = nameservers
        self._timeout = timeout
        self._resolv_conf = resolv_conf
        self._cache = Cache()
        self._dns: AsyncResolver | None = None

    async def targets(
        self, uri: SipUri, transports: frozenset[str] = SUPPORTED
    ) -> tuple[Target, ...]:
        """Where to send a request for the URI, in the order to be tried. Raises Unlocatable."""
        deadline = asyncio.get_running_loop().time() + self._timeout
        lookup = locate(uri, draw, transports)
        try:
            query = next(lookup)
            while True:
                query = lookup.send(await self._answer(query, deadline))
        except StopIteration as end:
            found: tuple[Target, ...] = end.value
            return found

    def prepare(self) -> AsyncResolver:
        """Load dnspython and its configuration now, not with the first lookup (0.1 s).

        Raises Unlocatable if there is no nameserver to ask.
        """
        if self._dns is not None:
            return self._dns
        from dns.asyncresolver import Resolver as AsyncResolver
        from dns.exception import DNSException
        from dns.nameserver import Do53Nameserver

        try:
            if self._nameservers is None:
                made = AsyncResolver(self._resolv_conf)
            else:
                made = AsyncResolver(configure=False)
                made.nameservers = [Do53Nameserver(*one) for one in self._nameservers]
        except (DNSException, OSError, ValueError) as error:
            raise Unlocatable("no-resolver", f"{self._resolv_conf}: {error}") from None
        if not made.nameservers:
            raise Unlocatable("no-resolver", "there is no nameserver to ask")
        made.timeout = self._timeout / 6  # a lost datagram is sent again within its query's time
        self._dns = made
        return made

    async def _answer(self, query: Query, deadline: float) -> Answer:
        clock = asyncio.get_running_loop().time
        known = self._cache.fresh(query, clock())
        if known is not None:
            return known
        lifetime = min(self._timeout / 3, deadline - clock())
        answer, ttl = Answer("timeout"), 0.0
        if lifetime > 0:
            answer, ttl = await _ask(self.prepare(), query, lifetime)
        if answer.status in ("ok", "nodata", "nxdomain"):
            self._cache.put(query, answer, ttl, clock())
            return answer
        return self._cache.stale(query, clock()) or answer


async def _ask(resolver: AsyncResolver, query: Query, lifetime: float) -> tuple[Answer, float]:
    """One query's answer and for how many seconds it holds."""
    from dns.exception import DNSException, Timeout
    from dns.name import LabelTooLong, NameTooLong, from_text
    from dns.resolver import NXDOMAIN, NoNameservers

    try:
        name = from_text(query.name)  # absolute: the search list is for people
        found = await resolver.resolve(
            name, query.kind, raise_on_no_answer=False, lifetime=lifetime
        )
    except NXDOMAIN as error:
        return Answer("nxdomain"), _negative_ttl(error.kwargs["responses"][name])
    except (LabelTooLong, NameTooLong):
        return Answer("nxdomain"), LONGEST  # no such name can exist
    except Timeout:
        return Answer("timeout"), 0.0
    except NoNameservers as error:
        return Answer(_failure(error)), 0.0
    except (DNSException, OSError, EOFError, ValueError):
        return Answer("servfail"), 0.0
    if found.rrset is None:
        return Answer("nodata"), _negative_ttl(found.response)
    records = tuple(_record(one) for one in found.rrset)
    return Answer("ok", records), float(found.chaining_result.minimum_ttl)


def _negative_ttl(response: QueryMessage) -> float:
    """RFC 2308 §5: an empty answer holds as long as its SOA record says, without one not at all."""
    if not any(one.rdtype.name == "SOA" for one in response.authority):
        return 0.0
    return float(response.resolve_chaining().minimum_ttl)


def _failure(error: NoNameservers) -> Status:
    """Why every nameserver was given up: out of reach, REFUSED by all that answered, or worse."""
    answers = [one[4] for one in error.kwargs["errors"] if one[4] is not None]
    if not answers:
        return "timeout"
    refused = [one.rcode().name == "REFUSED" for one in answers]
    return "refused" if all(refused) else "servfail"


def _record(rdata: Rdata) -> Record:
    from dns.rdtypes.IN.NAPTR import NAPTR
    from dns.rdtypes.IN.SRV import SRV

    if isinstance(rdata, SRV):
        target = rdata.target.to_text(omit_final_dot=True)
        return SrvRecord(rdata.priority, rdata.weight, rdata.port, target)
    if isinstance(rdata, NAPTR):
        return NaptrRecord(
            rdata.order,
            rdata.preference,
            rdata.flags.decode("ascii", "replace"),
            rdata.service.decode("ascii", "replace"),
            rdata.replacement.to_text(omit_final_dot=True),
            rdata.regexp.decode("ascii", "replace"),
        )
    return rdata.to_text()
