"""A registrar names a user, an instance or an instance's address twice.

Avoid: `user alice …` twice, two instances at one address.
Prefer: one password for a user, one address for each instance.
Why: which password counts would be a guess, and a level of failover that leads to the same process
saves no call.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted
from sipfo.grammar.source import Span

CODE: Final = "SF510"
TITLE: Final = "Repeated in registrar"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each place after the first."""
    for registrar in subject.policy.registrars:
        yield from _repeated("user", [(one.name, one.span) for one in registrar.users])
        names = [(one.name.text, one.name.span) for one in registrar.instances]
        yield from _repeated("instance", names)
        places = [
            (f"{one.endpoint.host} port {one.endpoint.port or 5060}", one.endpoint.span)
            for one in registrar.instances
            if one.endpoint is not None
        ]
        yield from _repeated("address", places)


def _repeated(kind: str, listed: list[tuple[str, Span]]) -> Iterator[Diagnostic]:
    first: dict[str, Span] = {}
    for key, span in listed:
        place = first.setdefault(key, span)
        if place is not span:
            yield Diagnostic(
                CODE,
                "error",
                TITLE,
                f"this registrar already has the {kind} {quoted(key)}",
                span,
                "given again",
                (Label(place, "given first"),),
                "remove one of them",
            )
