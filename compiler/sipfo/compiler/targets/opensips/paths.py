"""Every way that an attempt may take, numbered: an address to send from, and one target of a place.

What would surprise: the ways of one step have numbers that follow one another, so that the next
target of a step is the next number; a step from an address whose family no target has, has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sipfo.compiler.targets.opensips.encode import (
    Comment,
    Literal,
    String,
    comment,
    socket_literal,
    string,
    user,
)
from sipfo.compiler.targets.places import Destination, Place, carrier_key, places, route_key
from sipfo.compiler.targets.safe import CannotSay
from sipfo.compiler.targets.sockets import sender
from sipfo.plan.model import Egress, Plan, Trunk
from sipfo.plan.order import order_of


@dataclass(frozen=True, slots=True)
class Path:
    """Where an INVITE goes and from which socket; `user` is None where the called number is."""

    number: int
    next_hop: String
    rest: String
    user: String | None
    socket: Literal
    title: Comment


@dataclass(frozen=True, slots=True)
class Block:
    """The paths of one address and one place: their numbers from `first` to `last`, or none, when
    `last` is before `first`."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Ways:
    """All paths, and which of them lead from an address to a place."""

    paths: tuple[Path, ...]
    blocks: dict[tuple[str, str], Block]


def ways(plan: Plan) -> Ways:
    """The paths that some trunk of the plan may use. Raises CannotSay."""
    by_key = {place.key: place for place in places(plan)}
    egress = {one.name: one for one in plan.egress}
    found: list[Path] = []
    blocks: dict[tuple[str, str], Block] = {}
    for sends, key in dict.fromkeys(pair for trunk in plan.trunks for pair in _pairs(plan, trunk)):
        first = len(found) + 1
        for to in by_key[key].destinations:
            if _reaches(egress[sends], to):
                found.append(_path(len(found) + 1, egress[sends], by_key[key], to))
        blocks[sends, key] = Block(first, len(found))
    if not found:
        raise CannotSay("no route has an address of the family that calls are sent from")
    return Ways(tuple(found), blocks)


def _pairs(plan: Plan, trunk: Trunk) -> Iterator[tuple[str, str]]:
    """Who sends where: each address to each route, then one to each carrier."""
    for sends in trunk.egress:
        for name in trunk.routes:
            yield sends, route_key(name)
    if trunk.forward is not None:
        for carrier in order_of(plan).carriers(trunk):
            yield trunk.forward.egress, carrier_key(carrier.name)


def _reaches(egress: Egress, to: Destination) -> bool:
    return to.family is None or to.family == (6 if ":" in egress.host else 4)


def _path(number: int, egress: Egress, place: Place, to: Destination) -> Path:
    next_hop = to.next_hop if to.is_numeric else _named(to)
    return Path(
        number=number,
        next_hop=string(next_hop),
        rest=string(to.behind_user),
        user=user(to.user) if to.user is not None else None,
        socket=socket_literal(sender(egress, to.transport or "udp")),
        title=comment(f"{egress.name} to {place.name}"),
    )


def _named(to: Destination) -> str:
    """A name as OpenSIPS looks it up: without a transport and a port there may be NAPTR and SRV."""
    port = "" if to.port is None else f":{to.port}"
    transport = "" if to.transport is None else f";transport={to.transport}"
    return f"sip:{to.host}{port}{transport}"
