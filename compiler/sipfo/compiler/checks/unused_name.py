"""A region, retry policy, route, registrar or carrier is declared and no trunk uses it.

Avoid: a route that no trunk's `routes` lists.
Prefer: remove it, or comment it out until it is used.
Why: a standby route that is declared and not listed looks like protection and is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.policy import ToRegion, ToRegistered
from sipfo.compiler.scope import KIND, Kind, region_of
from sipfo.grammar.diagnostic import Diagnostic, quoted
from sipfo.grammar.tree import LibraryName

CODE: Final = "SF203"
TITLE: Final = "Unused name"

_USED_BY: Final[dict[Kind, str]] = {
    "region": "no trunk sends from it and no route goes to it",
    "retry": "no trunk is under it",
    "route": "no trunk's `routes` lists it",
    "registrar": "no route goes to its users",
    "carrier": "no trunk's `on failure forward` lists it",
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    """A warning each. That a test mentions it is no use of it."""
    policy = subject.policy
    used: dict[Kind, set[str]] = {kind: set() for kind in _USED_BY}
    for route in policy.routes:
        if isinstance(route.destination, ToRegion):
            used["region"].add(route.destination.region.text)
        elif isinstance(route.destination, ToRegistered):
            used["registrar"].add(route.destination.registrar.text)
    for trunk in policy.trunks:
        sources = [word.text for word in trunk.egresses]
        if trunk.forward is not None and trunk.forward.egress is not None:
            sources.append(trunk.forward.egress.text)
        regions = subject.scope.declared["region"]
        used["region"].update(region_of(text, regions) or text for text in sources)
        used["route"].update(word.text for word in trunk.routes)
        if trunk.retry is not None:
            used["retry"].add(trunk.retry.text)
        if trunk.forward is not None:
            used["carrier"].update(word.text for word in trunk.forward.carriers)
    for kind, names in used.items():
        for name, word in subject.scope.declared[kind].items():
            if name not in names and not isinstance(word, LibraryName):
                message = f"this {KIND[kind]} is never used: {quoted(name)}"
                yield Diagnostic(CODE, "warning", TITLE, message, word.span, _USED_BY[kind])
