"""Two statements declare the same name.

Avoid: two `route pbx { … }`; a carrier with the name of a route; two tests with one title.
Prefer: one name for each thing.
Why: nobody could say which of the two is meant. A route and a carrier differ in name as well,
because a test's `when NAME` stands for either.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted
from sipfo.grammar.source import Span

CODE: Final = "SF202"
TITLE: Final = "Name declared twice"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each declaration after the first; both places are shown."""
    policy = subject.policy
    families: list[list[tuple[str, str, Span]]] = [
        [("region", one.name.text, one.name.span) for one in policy.regions],
        [("retry", one.name.text, one.name.span) for one in policy.retries],
        [("registrar", one.name.text, one.name.span) for one in policy.registrars],
        [("trunk", one.name.text, one.name.span) for one in policy.trunks],
        [("test", one.title, one.span) for one in policy.tests],
        sorted(
            [("route", one.name.text, one.name.span) for one in policy.routes]
            + [("carrier", one.name.text, one.name.span) for one in policy.carriers],
            key=lambda declared: declared[2],
        ),
    ]
    for family in families:
        first: dict[str, tuple[str, Span]] = {}
        for kind, name, span in family:
            if name not in first:
                first[name] = (kind, span)
                continue
            other, place = first[name]
            called = "has the title" if kind == "test" else "is called"
            message = f"another {other} {called} {quoted(name)}"
            hint = None
            if kind != other:
                message = f"a {other} already has the name of this {kind}: {quoted(name)}"
                hint = "a test's `when NAME` could mean either; call one of them otherwise"
            yield Diagnostic(
                CODE,
                "error",
                TITLE,
                message,
                span,
                "declared again",
                (Label(place, "declared first"),),
                hint,
            )
