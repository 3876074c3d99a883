"""A `when` of the command line against a compiled plan: `pbx-east answers 503`.

The same grammar, readers and rules as in a test block; only the names are looked up in the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sipfo.compiler import policy
from sipfo.compiler.checks import foreign_instance, unknown_name
from sipfo.compiler.checks.impossible_behaviour import order_of_steps
from sipfo.compiler.gather import test
from sipfo.compiler.gather.reader import Reader
from sipfo.compiler.lower import behaviour
from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic, one_of, quoted
from sipfo.grammar.near import near
from sipfo.grammar.parser import parse_when
from sipfo.grammar.source import Source
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Behaviour, Holder

_LISTED: Final = 8


@dataclass(frozen=True, slots=True)
class When:
    """What became of a `when`: one of `behaviour`, `holder` and `cancel_after` (seconds), or
    diagnostics."""

    source: Source
    behaviour: Behaviour | None = None
    holder: Holder | None = None
    cancel_after: float | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


def compile_when(text: str, plan: Plan, path: str = "--when") -> When:
    """Compile the body of one `when`; `path` is what diagnostics show. Raises nothing."""
    source = Source(text, path)
    reader = Reader()
    node = parse_when(source)
    match node:
        case Diagnostic():
            return When(source, diagnostics=(node,))
        case tree.CallerCancels():
            cancel = test.cancel(reader, node)
            return When(
                source,
                cancel_after=cancel.after if cancel else None,
                diagnostics=tuple(reader.found),
            )
        case tree.RegisteredAt():
            found = _no_registration(node, plan)
            named = Holder(route=node.destination.text, instance=node.instance.text)
            return When(source, holder=None if found else named, diagnostics=tuple(found))
        case tree.When():
            read = test.behaviour(reader, node)
            found = [*reader.found, *_unknown(read, plan), *order_of_steps(read)]
            if any(step.does == "unregistered" for step in read.steps):
                route, _, level = read.destination.text.partition(".")
                found += _goes_elsewhere(tree.Word(read.destination.span, route), plan)
                if level and not found:
                    found.append(foreign_instance.at_a_level(read.destination))
            return When(source, None if found else behaviour(read), diagnostics=tuple(found))


def _unknown(read: policy.Behaviour, plan: Plan) -> list[Diagnostic]:
    destinations = [one.name for one in plan.routes] + [one.name for one in plan.carriers]
    route = read.destination.text.partition(".")[0]
    destinations += [
        f"{one.name}.{level}" for one in plan.routes if one.name == route for level in one.levels
    ]
    found = [_look_up(read.destination, "route or carrier", destinations)]
    if read.egress is not None:
        egresses = [one.name for one in plan.egress]
        found.append(_look_up(read.egress, "address to send from", egresses))
    return [one for one in found if one is not None]


def _no_registration(node: tree.RegisteredAt, plan: Plan) -> list[Diagnostic]:
    """What is wrong with the names of a `when ROUTE registered at INSTANCE`."""
    unknown = _look_up(node.destination, "route", [one.name for one in plan.routes])
    if unknown is not None:
        return [unknown]
    elsewhere = _goes_elsewhere(node.destination, plan)
    if elsewhere:
        return elsewhere
    instances = next(one.levels for one in plan.routes if one.name == node.destination.text)
    at = _look_up(node.instance, "instance", instances)
    return [] if at is None else [at]


def _goes_elsewhere(destination: tree.Word, plan: Plan) -> list[Diagnostic]:
    """That a place is no route to a registered user, if it is not."""
    name = destination.text
    users = [one.name for one in plan.routes if one.registered is not None]
    known = {*(one.name for one in plan.routes), *(one.name for one in plan.carriers)}
    if name in users or name not in known:
        return []
    return [foreign_instance.nobody(name, destination.span)]


def _look_up(word: tree.Word, kind: str, names: Sequence[str]) -> Diagnostic | None:
    if word.text in names:
        return None
    meant = near(word.text, names)
    if meant:
        hint = f"did you mean {one_of([quoted(name) for name in meant])}?"
    else:
        hint = f"the plan has {one_of([quoted(name) for name in names[:_LISTED]], 'and')}"
    return Diagnostic(
        unknown_name.CODE,
        "error",
        unknown_name.TITLE,
        f"no {kind} is called {quoted(word.text)}",
        word.span,
        "not in the plan",
        hint=hint,
    )
