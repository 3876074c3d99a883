"""A trunk accepts callers of an address family that nothing listens on.

Avoid: `accept from 2001:db8::/32` with `listen udp 192.0.2.10:5060` alone.
Prefer: a `listen` of the same family: `listen udp [2001:db8::10]:5060`.
Why: no call of theirs can arrive.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted
from sipfo.plan.model import Plan

CODE: Final = "SF706"
TITLE: Final = "Nobody can call"


def check(subject: Subject, plan: Plan) -> Iterator[Diagnostic]:
    """A warning for each trunk all of whose networks are of the other family."""
    families = {":" in one.host for one in plan.listen}
    if len(families) > 1:
        return
    (six,) = families
    for trunk, own in zip(plan.trunks, subject.policy.trunks, strict=True):
        accept = trunk.accept
        if accept.anyone or accept.credentials or not accept.networks:
            continue
        if all((":" in network) != six for network in accept.networks):
            here, there = ("IPv6", "IPv4") if six else ("IPv4", "IPv6")
            yield Diagnostic(
                CODE,
                "warning",
                TITLE,
                f"trunk {quoted(trunk.name)} accepts {there} callers, and only {here} is listened on",
                own.name.span,
                "gets no call",
                (Label(subject.policy.listens[0].span, f"{here}"),),
                f"add a `listen` with an {there} address",
            )
