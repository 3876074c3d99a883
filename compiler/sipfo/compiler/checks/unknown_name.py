"""A name is used that nothing in the policy declares.

Avoid: `routes sequential pbx-esat` when the route is `pbx-east`.
Prefer: the name as declared, upper and lower case alike.
Why: what the misspelt name was meant to do would not happen, and it would be found out in an
outage.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.places import by_name, everywhere
from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.scope import KIND, Scope, Use, region_of, those_there_are
from sipfo.grammar.diagnostic import Diagnostic, one_of, quoted
from sipfo.grammar.near import near

CODE: Final = "SF201"
TITLE: Final = "Unknown name"

SUGGESTED: Final = 50
"""Unknown names for which near ones are looked for, so that the cost stays linear."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each name, at the first place that uses it; the others are pointed at."""
    scope = subject.scope
    unknown = [
        (use.word.text, use)
        for use in scope.uses()
        if not (scope.has(use) or scope.may_be(use.word.text) or scope.is_misnamed(use))
    ]
    for told, uses in enumerate(by_name(unknown)):
        words = [use.word for use in uses]
        yield everywhere(_finding(scope, uses[0], suggest=told < SUGGESTED), words)


def _finding(scope: Scope, use: Use, *, suggest: bool) -> Diagnostic:
    name = use.word.text
    elsewhere = [kind for kind, names in scope.declared.items() if name in names]
    meant = _meant(scope, use) if suggest else ()
    route, _, level = name.rpartition(".")
    hint: str | None
    if route in scope.declared["carrier"] and "carrier" in use.kinds:
        hint = _one_place(route)
    elif route in scope.routes and "route" in use.kinds:
        hint = _levels(scope, route, level) if suggest else None
    elif use.kinds == ("region",) and region_of(name, scope.declared["region"]):
        hint = f"it is one address of a region: write `to region {route}`, or `to sip:ADDRESS`"
    elif elsewhere:
        hint = f"{quoted(name)} is a {KIND[elsewhere[0]]}"
    elif meant:
        hint = f"did you mean {one_of([quoted(other) for other in meant])}?"
    else:
        hint = those_there_are(scope, use.kinds)
    message = f"no {one_of([KIND[kind] for kind in use.kinds])} is called {quoted(name)}"
    return Diagnostic(CODE, "error", TITLE, message, use.word.span, "not declared", hint=hint)


def _meant(scope: Scope, use: Use) -> tuple[str, ...]:
    """The names that were perhaps meant: a library's with its library before it, or near ones."""
    known = [other for kind in use.kinds for other in scope.names(kind)]
    qualified = tuple(other for other in known if other.endswith(f".{use.word.text}"))
    return qualified or near(use.word.text, known)


def _levels(scope: Scope, route: str, level: str) -> str:
    """What to write for `route.level` when the route has no such level."""
    levels = scope.levels_of(scope.routes[route])
    if not levels:
        return _one_place(route)
    names = near(level, levels) or levels
    return f"write {one_of([f'`{route}.{one}`' for one in names])}"


def _one_place(name: str) -> str:
    return f"{quoted(name)} goes to one place: write `{name}`"
