"""What DNS says, as far as it is asked: answers with their lifetimes and aliases, each asked once.

What would surprise: an answer that is no answer (SERVFAIL, silence) is kept apart from "no such
record": of the first nothing follows for the policy, and it is a finding of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sipfo.runtime.locate import SUPPORTED, Target, locate
from sipfo.runtime.question import Answer, Query, SrvRecord
from sipfo.runtime.sip.uri import SipUri


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a question; `ttl` is in seconds, None without records; `alias` is the name that
    the one asked for stands for (CNAME), if it does."""

    answer: Answer
    ttl: int | None = None
    alias: str | None = None

    @property
    def is_known(self) -> bool:
        """Whether DNS said what there is, or that there is nothing."""
        return self.answer.status in ("ok", "nodata", "nxdomain")


class Published:
    """DNS as one asker sees it, at one time."""

    def __init__(self, ask: Callable[[Query], Found]) -> None:
        """`ask` gives an answer to whatever it is asked."""
        self._ask = ask
        self.seen: dict[Query, Found] = {}
        """All that was asked, in order."""

    def find(self, query: Query) -> Found:
        """The answer to a question, equal ones being asked once."""
        query = Query(query.name.lower(), query.kind)
        if query not in self.seen:
            self.seen[query] = self._ask(query)
        return self.seen[query]

    def services(self, name: str) -> tuple[SrvRecord, ...]:
        """The SRV records of a name that lead somewhere, by priority, then the heaviest first."""
        records = self.find(Query(name, "SRV")).answer.records
        servers = [one for one in records if isinstance(one, SrvRecord) and one.target != "."]
        return tuple(sorted(servers, key=lambda one: (one.priority, -one.weight)))

    def addresses(self, name: str) -> tuple[str, ...]:
        """The addresses of a host, of both families."""
        kinds = (Query(name, "A"), Query(name, "AAAA"))
        found = (one for query in kinds for one in self.find(query).answer.records)
        return tuple(one for one in found if isinstance(one, str))

    def order(self, uri: SipUri) -> tuple[Target, ...]:
        """The targets of a URI in the order in which a caller tries them (RFC 3263); of one priority
        the likeliest order. Raises Unlocatable."""
        # Of a level sorted by weight, drawing 1 takes the heaviest that is left.
        lookup = locate(uri, lambda most: min(1, most), SUPPORTED)
        try:
            query = next(lookup)
            while True:
                query = lookup.send(self._heaviest_first(self.find(query).answer))
        except StopIteration as end:
            targets: tuple[Target, ...] = end.value
            return targets

    @staticmethod
    def _heaviest_first(answer: Answer) -> Answer:
        weighed = [one for one in answer.records if isinstance(one, SrvRecord)]
        if not weighed:
            return answer
        weighed.sort(key=lambda one: -one.weight)
        return Answer(answer.status, tuple(weighed))
