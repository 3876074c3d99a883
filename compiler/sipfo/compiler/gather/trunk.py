"""Which calls, from whom, from where, by which routes: `trunk NAME { … }`."""

from __future__ import annotations

from sipfo.compiler import policy
from sipfo.compiler.gather.places import name_of
from sipfo.compiler.gather.reader import Reader, first_of
from sipfo.compiler.values.duration import duration
from sipfo.compiler.values.network import network
from sipfo.compiler.values.number import telephone
from sipfo.compiler.values.number_set import number_set
from sipfo.grammar import tree
from sipfo.plan.model import Accept


def trunk(reader: Reader, node: tree.Trunk) -> policy.Trunk:
    """A trunk; what is missing is told by a check."""
    faults = len(reader.found)
    numbers = first_of(tree.Numbers, node)
    made = [_claim(reader, one) for one in (numbers.sets if numbers else ())]
    claims = tuple(claim for claim in made if claim is not None)
    egresses = first_of(tree.SendFrom, node)
    routes = first_of(tree.Routes, node)
    under = first_of(tree.Under, node)
    deadline = first_of(tree.Deadline, node)
    forward = first_of(tree.Forward, node)
    accept = _accept(reader, node)
    limit = reader.value(duration, deadline.duration if deadline else None)
    last = None if forward is None else _forward(reader, forward)
    return policy.Trunk(
        name_of(node),
        claims,
        accept,
        egresses.egresses if egresses else (),
        None if routes is None else _method(routes),
        routes.names if routes else (),
        under.retry if under else None,
        limit,
        last,
        node.whole and len(reader.found) == faults,
    )


def _claim(reader: Reader, node: tree.NumberSet) -> policy.Claim | None:
    numbers = reader.value(number_set, node)
    return None if numbers is None else policy.Claim(numbers, node.span)


def _accept(reader: Reader, node: tree.Trunk) -> Accept | None:
    for item in node.items:
        if isinstance(item, tree.AcceptAnyone):
            return Accept(anyone=True)
        if isinstance(item, tree.AcceptFrom):
            return Accept(networks=reader.values(network, item.networks))
    return None


def _method(routes: tree.Routes) -> policy.Method:
    return "round-robin" if routes.method.text == "round-robin" else "sequential"


def _forward(reader: Reader, node: tree.Forward) -> policy.Forward:
    return policy.Forward(reader.value(telephone, node.number), node.carriers, node.span)
