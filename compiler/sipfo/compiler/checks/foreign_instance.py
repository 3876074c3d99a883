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
from sipfo.compiler.policy import Route, ToRegistered
from sipfo.grammar.diagnostic import Diagnostic, Label, one_of, quoted
from sipfo.grammar.source import Span

CODE: Final = "SF606"
TITLE: Final = "No such registration"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each place."""
    routes = subject.scope.routes
    for test in subject.policy.tests:
        for holder in test.holders:
            route = routes.get(holder.destination.text)
            if route is None:
                continue
            if not isinstance(route.destination, ToRegistered):
                yield _no_user(route, holder.destination.span)
                continue
            instances = subject.scope.levels_of(route)
            if instances and holder.instance.text not in instances:
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
            route = routes.get(one.destination.text)
            absent = any(step.does == "unregistered" for step in one.steps)
            if absent and route is not None and not isinstance(route.destination, ToRegistered):
                yield _no_user(route, one.span)


def _no_user(route: Route, span: Span) -> Diagnostic:
    return Diagnostic(
        CODE,
        "error",
        TITLE,
        f"nobody registers for {quoted(route.name.text)}",
        span,
        "goes to no registered user",
        (Label(route.name.span, "declared here"),),
        "a route to a user is written `to registered USER at REGISTRAR`",
    )
