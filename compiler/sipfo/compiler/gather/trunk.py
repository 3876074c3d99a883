"""Which calls, from whom, from where, by which routes: `trunk NAME { … }`."""

from __future__ import annotations

from functools import partial
from typing import Final

from sipfo.compiler import policy
from sipfo.compiler.gather.places import credential, is_trusted, limit, name_of
from sipfo.compiler.gather.reader import Reader, first_of
from sipfo.compiler.values.amount import amount
from sipfo.compiler.values.count import count
from sipfo.compiler.values.duration import duration
from sipfo.compiler.values.network import network
from sipfo.compiler.values.number import DIALLED, forwarded_to
from sipfo.compiler.values.number_set import number_set
from sipfo.grammar import tree
from sipfo.plan.model import Accept

HEAVIEST: Final = 65535
"""RFC 2782: a weight has 16 bits."""


def trunk(reader: Reader, node: tree.Trunk) -> policy.Trunk:
    """A trunk; what is missing is told by a check."""
    faults = len(reader.found)
    numbers = first_of(tree.Numbers, node)
    made = [_claim(reader, one) for one in (numbers.sets if numbers else ())]
    claims = tuple(claim for claim in made if claim is not None)
    egresses = first_of(tree.SendFrom, node)
    method, routes, weights = _routes(reader, node)
    order = first_of(tree.Order, node)
    under = first_of(tree.Under, node)
    forward = first_of(tree.Forward, node)
    accept = _accept(reader, node)
    deadline = _time(reader, first_of(tree.Deadline, node))
    patience = _time(reader, first_of(tree.Patience, node))
    last = None if forward is None else _forward(reader, forward)
    most = limit(reader, node)
    return policy.Trunk(
        name_of(node),
        claims,
        accept,
        egresses.egresses if egresses else (),
        method,
        routes,
        weights,
        "route-major" if order and order.order.text == "route-major" else "source-major",
        under.retry if under else None,
        deadline,
        patience,
        most,
        is_trusted(node),
        last,
        node.whole and len(reader.found) == faults,
    )


def _claim(reader: Reader, node: tree.NumberSet) -> policy.Claim | None:
    numbers = reader.value(number_set, node)
    return None if numbers is None else policy.Claim(numbers, node.span)


def _accept(reader: Reader, node: tree.Trunk) -> Accept | None:
    """By network, by credential or both; `anyone` stands alone, which a check sees to."""
    networks = first_of(tree.AcceptFrom, node)
    known = first_of(tree.AcceptCredential, node)
    anyone = first_of(tree.AcceptAnyone, node) is not None
    if networks is None and known is None and not anyone:
        return None
    credentials = (credential(reader, one) for one in (known.credentials if known else ()))
    return Accept(
        anyone=anyone,
        networks=reader.values(network, networks.networks if networks else ()),
        credentials=tuple(one for one in credentials if one is not None),
    )


def _routes(
    reader: Reader, node: tree.Trunk
) -> tuple[policy.Method | None, tuple[tree.Word, ...], tuple[int, ...]]:
    """How the routes are taken, which they are, and their weights if they have any."""
    for item in node.items:
        if isinstance(item, tree.Routes):
            by_turn = item.method.text == "round-robin"
            return "round-robin" if by_turn else "sequential", item.names, ()
        if isinstance(item, tree.Weighted):
            weight = partial(count, most=HEAVIEST)
            read = [reader.value(weight, share.weight) for share in item.shares]
            return (
                "weighted",
                tuple(share.route for share in item.shares),
                tuple(one or 0 for one in read),
            )
    return None, (), ()


def _time(reader: Reader, node: tree.Deadline | tree.Patience | None) -> policy.Time | None:
    seconds = reader.value(duration, node.duration if node else None)
    return None if node is None or seconds is None else policy.Time(seconds, node.duration.span)


def _forward(reader: Reader, node: tree.Forward) -> policy.Forward:
    cheapest = any(word.text == "cheapest" for word in node.choice)
    dialled = node.number.text == DIALLED
    return policy.Forward(
        None if dialled else reader.value(forwarded_to, node.number),
        dialled,
        "cheapest" if cheapest else "listed",
        node.carriers,
        reader.value(amount, node.at_most),
        node.at_most.span if node.at_most else None,
        node.egress,
        node.span,
        isinstance(node, tree.AlwaysForward),
    )
