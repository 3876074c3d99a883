"""The trunks as the script has them: which numbers and callers are theirs, and their steps in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from math import ceil

from sipfo.compiler.targets.names import plain_names
from sipfo.compiler.targets.numbers import declared_prefixes, taker_of_any
from sipfo.compiler.targets.opensips.encode import (
    Comment,
    Condition,
    Identifier,
    String,
    begins,
    comment,
    from_network,
    identifier,
    in_range,
    string,
    user,
)
from sipfo.compiler.targets.opensips.paths import Block, Ways
from sipfo.compiler.targets.places import carrier_key, route_key
from sipfo.compiler.targets.sockets import bracketed
from sipfo.compiler.targets.source import Source
from sipfo.plan.model import Limit, Plan, Retry, Trunk
from sipfo.plan.numbering import Numbering
from sipfo.plan.order import order_of, shaped


@dataclass(frozen=True, slots=True)
class Claim:
    """Numbers, and the trunk that they are of."""

    when: Condition
    trunk: String
    source: Comment


@dataclass(frozen=True, slots=True)
class Caller:
    """A network that a trunk accepts."""

    when: Condition


@dataclass(frozen=True, slots=True)
class Leg:
    """An address and a place: where one step leads. `user` and `own` are there for a carrier, which is
    asked for another number, from an address that the Diversion names."""

    number: int
    sends: String
    to: String
    block: Block
    user: String | None
    own: String | None
    title: Comment


@dataclass(frozen=True, slots=True)
class TrunkView:
    """A trunk; times are whole seconds, and `deadline` is 0 where it has none."""

    name: String
    title: Comment
    anyone: bool
    callers: tuple[Caller, ...]
    trusted: bool
    retry: String
    no_response: int
    no_progress: int
    no_answer: int
    deadline: int
    egresses: int
    routes: int
    steps: int
    legs: tuple[Leg, ...]
    method: String
    route_major: bool
    turn: Identifier
    deck: String
    weights: String
    calls: int | None
    per_second: int | None
    second: Identifier
    count: Identifier


@dataclass(frozen=True, slots=True)
class CarrierView:
    """A carrier with a limit."""

    name: String
    calls: int | None
    per_second: int | None
    second: Identifier
    count: Identifier


def claims(plan: Plan, sources: Source) -> Iterator[Claim]:
    """What decides whose a number is, the most specific first. Raises CannotSay."""
    for length, first, last, trunk in Numbering(plan).ranges():
        yield _claim(in_range(length, first, last), trunk, sources)
    for digits, trunk in sorted(declared_prefixes(plan), key=lambda one: -len(one[0])):
        yield _claim(begins(digits), trunk, sources)


def anybody(plan: Plan) -> String | None:
    """The trunk that takes every number that is left."""
    trunk = taker_of_any(plan)
    return None if trunk is None else string(trunk.name)


def known(plan: Plan) -> tuple[Caller, ...]:
    """Every network that some trunk accepts."""
    networks = (one for trunk in plan.trunks for one in trunk.accept.networks)
    return tuple(Caller(from_network(one)) for one in dict.fromkeys(networks))


def trunk_views(plan: Plan, found: Ways, sources: Source) -> tuple[TrunkView, ...]:
    """The trunks in the order of the plan. Raises CannotSay."""
    names = plain_names(trunk.name for trunk in plan.trunks)
    retries = {one.name: one for one in plan.retries}
    return tuple(
        _view(plan, trunk, retries[trunk.retry], found, names[trunk.name], sources)
        for trunk in plan.trunks
    )


def carrier_views(plan: Plan) -> tuple[CarrierView, ...]:
    """The carriers that have a limit. Raises CannotSay."""
    names = plain_names(one.name for one in plan.carriers)
    used = {one for trunk in plan.trunks if trunk.forward for one in trunk.forward.carriers}
    return tuple(
        CarrierView(
            name=string(carrier_key(one.name)),
            calls=one.limit.calls,
            per_second=one.limit.per_second,
            second=identifier("second_carrier", names[one.name]),
            count=identifier("count_carrier", names[one.name]),
        )
        for one in plan.carriers
        if one.limit is not None and one.name in used
    )


def shared(
    trunks: tuple[TrunkView, ...], carriers: tuple[CarrierView, ...], found: Ways
) -> tuple[Identifier, ...]:
    """Every variable that all processes share; each begins at 0."""
    limited: tuple[TrunkView | CarrierView, ...] = (*trunks, *carriers)
    limits = [one for one in limited if one.per_second is not None]
    return (
        *(one.turn for one in trunks if one.method == string("round-robin")),
        *(name for one in limits for name in (one.second, one.count)),
        *(identifier("held", str(path.number)) for path in found.paths),
    )


def seconds(duration: float) -> int:
    """OpenSIPS's timers are whole seconds, and none of them is 0."""
    return max(1, ceil(duration))


def _claim(when: Condition, trunk: Trunk, sources: Source) -> Claim:
    return Claim(when, string(trunk.name), comment(sources.trunk(trunk.name)))


def _view(
    plan: Plan, trunk: Trunk, retry: Retry, found: Ways, name: str, sources: Source
) -> TrunkView:
    limit = trunk.limit or Limit()
    routes = range(len(trunk.routes))
    legs = tuple(_legs(plan, trunk, found))
    # RFC 2782: weights of 0 are at the beginning of the list
    deck = sorted(routes, key=lambda place: bool(trunk.weights) and trunk.weights[place] != 0)
    return TrunkView(
        name=string(trunk.name),
        title=comment(" ".join(filter(None, [trunk.name, sources.trunk(trunk.name)]))),
        anyone=trunk.accept.anyone,
        callers=tuple(Caller(from_network(str(ip_network(one)))) for one in trunk.accept.networks),
        trusted=bool(trunk.trusted),
        retry=string(trunk.retry),
        no_response=seconds(retry.no_response),
        no_progress=seconds(retry.no_progress),
        no_answer=seconds(retry.no_answer),
        deadline=0 if trunk.deadline is None else seconds(trunk.deadline),
        egresses=len(trunk.egress),
        routes=len(trunk.routes),
        steps=len(trunk.egress) * len(trunk.routes),
        legs=legs,
        method=string(trunk.method),
        route_major=trunk.order == "route-major",
        turn=identifier("turn", name),
        deck=string("".join(f"{place}," for place in deck)),
        weights=string("".join(f"{weight}," for weight in trunk.weights)),
        calls=limit.calls,
        per_second=limit.per_second,
        second=identifier("second", name),
        count=identifier("count", name),
    )


def _legs(plan: Plan, trunk: Trunk, found: Ways) -> Iterator[Leg]:
    number = 0
    for sends in trunk.egress:
        for name in trunk.routes:
            block = found.blocks[sends, route_key(name)]
            title = comment(f"{sends} to {name}")
            yield Leg(number, string(sends), string(route_key(name)), block, None, None, title)
            number += 1
    forward = trunk.forward
    if forward is None or forward.number is None:
        return
    (own,) = (one for one in plan.egress if one.name == forward.egress)
    for carrier in order_of(plan).carriers(trunk):
        yield Leg(
            number,
            string(forward.egress),
            string(carrier_key(carrier.name)),
            found.blocks[forward.egress, carrier_key(carrier.name)],
            user(shaped(carrier, forward.number)),
            string(f"{bracketed(own.host)}:{own.port}"),
            comment(f"{forward.egress} to {carrier.name}"),
        )
        number += 1
