"""A test speaks of a registration where there is none.

Avoid: `when pbx-east registered at kss-a`, `when pbx-east unregistered` when `pbx-east` goes to a
URI; `when desk registered at kss-z` when the registrar has no such instance.
Prefer: a route with `to registered USER at REGISTRAR`, and one of that registrar's instances.
Why: what such a line says can never happen, so that the test proves less than it seems to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.policy import ToRegistered
from sipfo.grammar.diagnostic import Diagnostic, Label, one_of, quoted
from sipfo.grammar.source import Span
from sipfo.grammar.tree import Word

CODE: Final = "SF606"
TITLE: Final = "No such registration"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each place."""
    routes = subject.scope.routes
    for test in subject.policy.tests:
        for holder in test.holders:
            route = routes.get(holder.destination.text)
            if route is None or route.destination is None:  # of the latter the reason is told
                continue
            if not isinstance(route.destination, ToRegistered):
                yield nobody(route.name.text, holder.destination.span, route.name.span)
                continue
            instances = subject.scope.levels_of(route)
            known = not subject.scope.is_partly_read(route.destination.registrar.text)
            if known and instances and holder.instance.text not in instances:
                yield Diagnostic(
                    CODE,
                    "error",
                    TITLE,
                    f"{quoted(route.destination.registrar.text)} has no instance "
                    f"{quoted(holder.instance.text)}",
                    holder.instance.span,
                    "not an instance of it",
                    (Label(route.name.span, "the route's registrar"),),
                    f"it has {one_of([quoted(name) for name in instances], 'and')}",
                )
        for one in test.behaviours:
            name, _, level = one.destination.text.partition(".")
            route = routes.get(name)
            carrier = subject.scope.declared["carrier"].get(one.destination.text)
            absent = any(step.does == "unregistered" for step in one.steps)
            if absent and carrier is not None:
                yield nobody(carrier.text, one.span, carrier.span)
            if not absent or route is None or route.destination is None:
                continue
            if not isinstance(route.destination, ToRegistered):
                yield nobody(name, one.span, route.name.span)
            elif level in subject.scope.levels_of(route):
                yield at_a_level(one.destination)


def nobody(route: str, span: Span, declared: Span | None = None) -> Diagnostic:
    """A route that goes to no registered user."""
    return Diagnostic(
        CODE,
        "error",
        TITLE,
        f"nobody registers for {quoted(route)}",
        span,
        "goes to no registered user",
        () if declared is None else (Label(declared, "declared here"),),
        "a route to a user is written `to registered USER at REGISTRAR`",
    )


def at_a_level(destination: Word) -> Diagnostic:
    """`when desk.kss-b unregistered`: a user is registered somewhere, or nowhere."""
    route = destination.text.partition(".")[0]
    return Diagnostic(
        CODE,
        "error",
        TITLE,
        "`unregistered` is said of a user, not of one instance",
        destination.span,
        "one instance",
        hint=f"write `when {route} unregistered`, or `registered at` where it is registered",
    )
