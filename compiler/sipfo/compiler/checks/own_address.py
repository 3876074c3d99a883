"""A route or carrier leads to an address that this policy listens on.

Avoid: `listen udp 192.0.2.10:5060` and `route desk { to sip:192.0.2.10 }`.
Prefer: the address of whoever is to answer.
Why: the attempt is a new call to sipfo itself. Where a trunk accepts it, it is placed again, and
goes round until Max-Forwards is used up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.hosts import substituted
from sipfo.compiler.lower import SIP_PORT, SIPS_PORT, listen_port
from sipfo.compiler.policy import Carrier, Route, Uri
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted

CODE: Final = "SF508"
TITLE: Final = "Call into itself"

_SOCKET: Final = re.compile(r"sip:(?:[^@]*@)?(?:\[([^\]]+)\]|([0-9.]+))(?::([0-9]+))?(?:;.*)?")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """A warning for each destination with the host and port of a `listen`."""
    listening = {
        (own.get(one.endpoint.host, one.endpoint.host), listen_port(one)): one
        for own in ({}, *_members(subject))
        for one in reversed(subject.policy.listens)
    }
    places: list[Route | Carrier] = [*subject.policy.routes, *subject.policy.carriers]
    for place in places:
        destination = place.destination
        found = _SOCKET.fullmatch(destination.text) if isinstance(destination, Uri) else None
        if found is None or not isinstance(destination, Uri):
            continue
        usual = SIPS_PORT if destination.text.endswith(";transport=tls") else SIP_PORT
        own = listening.get((found[1] or found[2], int(found[3] or usual)))
        if own is not None:
            yield Diagnostic(
                CODE,
                "warning",
                TITLE,
                f"{quoted(place.name.text)} leads to sipfo's own address",
                destination.span,
                "calls come back in",
                (Label(own.endpoint.span, "listens here"),),
                "write the address of whoever is to answer",
            )


def _members(subject: Subject) -> Iterator[Mapping[str, str]]:
    """What each member of a cluster has in place of the policy's addresses."""
    for cluster in subject.policy.clusters:
        yield from (substituted(subject.policy, member) for member in cluster.members)
