"""An IPv4 address is to send to an IPv6 one, or the other way round.

Avoid: `from us` with IPv4 addresses and `route six { to sip:[2001:db8::1] }`.
Prefer: a region whose addresses are of the family of the routes, or a host name with both records.
Why: such an attempt never leaves: it is a `transport-error` every time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted
from sipfo.grammar.source import Span
from sipfo.plan.model import Plan

CODE: Final = "SF514"
TITLE: Final = "Address families differ"

_LITERAL: Final = re.compile(r"sip:(?:[^@]*@)?(?:(\[)|[0-9.]+(?:[:;]|$))")


def check(subject: Subject, plan: Plan) -> Iterator[Diagnostic]:
    """A warning for each trunk and destination, at the first address that cannot reach it."""
    six = {one.name: ":" in one.host for one in plan.egress}
    families = {one.name: _family(one.destinations[0]) for one in plan.routes}
    families |= {one.name: _family(one.destination) for one in plan.carriers}
    for trunk, own in zip(plan.trunks, subject.policy.trunks, strict=True):
        pairs = [(word, trunk.egress) for word in own.routes]
        if trunk.forward is not None and own.forward is not None:
            pairs += [(word, (trunk.forward.egress,)) for word in own.forward.carriers]
        for word, egresses in pairs:
            family = families[word.text]
            wrong = [one for one in egresses if family is not None and six[one] != family]
            if wrong:
                place = _place(subject, wrong[0])
                yield Diagnostic(
                    CODE,
                    "warning",
                    TITLE,
                    f"{quoted(wrong[0])} is {_name(six[wrong[0]])} and cannot send to "
                    f"{quoted(word.text)}",
                    word.span,
                    f"has an {_name(not six[wrong[0]])} address",
                    (Label(place, "sends from here"),) if place else (),
                    "send from an address of the same family",
                )


def _family(uri: str) -> bool | None:
    """Whether a destination is an IPv6 literal; None for a name, which may have both."""
    found = _LITERAL.match(uri)
    return None if found is None else found[1] is not None


def _name(six: bool) -> str:
    return "IPv6" if six else "IPv4"


def _place(subject: Subject, egress: str) -> Span | None:
    """Where an address to send from is declared."""
    region, _, which = egress.rpartition(".")
    for one in subject.policy.regions:
        if one.name.text == region:
            endpoint = one.primary if which == "primary" else one.secondary
            return endpoint.span if endpoint else None
    return subject.policy.listens[0].endpoint.span
