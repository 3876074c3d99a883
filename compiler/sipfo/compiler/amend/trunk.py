"""What is changed of one trunk, to the edits of its text.

What would surprise: a forward that the policy does not have is given every carrier that takes the
number, in the order of the policy, ten at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sipfo.compiler.gather.reader import first_of
from sipfo.compiler.values.number import DIALLED
from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Edit
from sipfo.grammar.source import Source, Span
from sipfo.plan.change import Change, Forwarding, Said
from sipfo.plan.model import MAX_CARRIERS

INDENT = "    "
WORDS: dict[Forwarding, str] = {"on-failure": "on failure forward", "always": "always forward"}


class CannotAmend(ValueError):
    """A change that the policy's text cannot have; the message says why."""


def said_of(trunk: tree.Trunk) -> Said:
    """What a trunk's text says."""
    routes = first_of(tree.Routes, trunk)
    method = routes.method.text if routes is not None else "weighted"
    forward = first_of(tree.Forward, trunk)
    if forward is None:
        return Said.model_validate({"method": method, "forwarding": "off"})
    always = isinstance(forward, tree.AlwaysForward)
    return Said.model_validate(
        {
            "method": method,
            "forwarding": "always" if always else "on-failure",
            "forwards_to": None if forward.number.text == DIALLED else forward.number.text,
        }
    )


def edits_of(
    source: Source, trunk: tree.Trunk, change: Change, carriers: Sequence[tree.Carrier]
) -> Iterator[Edit]:
    """The edits that make a change. Raises CannotAmend."""
    if change.method is not None:
        yield from _routes(trunk, change.method)
    yield from _forward(source, trunk, change, carriers)


def _routes(trunk: tree.Trunk, method: str) -> Iterator[Edit]:
    routes, weighted = first_of(tree.Routes, trunk), first_of(tree.Weighted, trunk)
    if routes is not None and routes.method.text != method:
        yield Edit(routes.method.span, method)
    if weighted is not None:
        names = ", ".join(share.route.text for share in weighted.shares)
        yield Edit(weighted.span, f"routes {method} {names}")


def _forward(
    source: Source, trunk: tree.Trunk, change: Change, carriers: Sequence[tree.Carrier]
) -> Iterator[Edit]:
    node = first_of(tree.Forward, trunk)
    now = said_of(trunk)
    wanted = change.forwarding or now.forwarding
    number = change.forwards_to or now.forwards_to
    if wanted == "off":
        if node is not None:
            yield Edit(node.span, "")
        return
    if node is not None:
        if wanted != now.forwarding:
            words = Span(node.span.start, node.number.span.start)
            yield Edit(words, f"{WORDS[wanted]} to ")
        if number != now.forwards_to:
            yield Edit(node.number.span, str(number))
        return
    if number is None:
        raise CannotAmend(f"trunk {trunk.name.text} forwards nowhere: say to which number")
    yield _added(source, trunk, forward_statement(wanted, number, carriers))


def forward_statement(forwarding: Forwarding, number: str, carriers: Sequence[tree.Carrier]) -> str:
    """A forward by every carrier that takes the number. Raises CannotAmend if none does."""
    names = [one.name.text for one in carriers if _takes(one, number)][:MAX_CARRIERS]
    if not names:
        raise CannotAmend(f"the policy has no carrier that takes {number}")
    return f"{WORDS[forwarding]} to {number} via {', '.join(names)}"


def _takes(carrier: tree.Carrier, number: str) -> bool:
    listed = first_of(tree.Prefixes, carrier)
    return listed is None or any(number.startswith(one.text) for one in listed.prefixes)


def _added(source: Source, trunk: tree.Trunk, statement: str) -> Edit:
    """A statement more at the end of a trunk, below the comment of its last one."""
    end = max(item.span.end for item in trunk.items)
    rest = source.excerpt(Span(end, trunk.span.end))
    line = rest.partition("\n")[0]
    if "\n" not in rest or (line.strip() and not line.strip().startswith("#")):
        return Edit(Span(end, end), f"  {statement}")
    place = end + len(line.rstrip("\r"))
    return Edit(Span(place, place), f"\n{INDENT}{statement}")
