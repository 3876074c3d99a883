"""What a plan needs of the script: it has no word about what the policy does not use."""

from __future__ import annotations

from dataclasses import dataclass

from sipfo.compiler.targets.opensips.encode import (
    Comment,
    Condition,
    Literal,
    comment,
    literal,
    socket_literal,
)
from sipfo.compiler.targets.places import places, used_retries
from sipfo.compiler.targets.sockets import sockets, transports
from sipfo.plan.model import Carrier, CommitOn, Limit, Plan


@dataclass(frozen=True, slots=True)
class Uses:
    """What a plan needs of the script."""

    streams: bool
    networks: bool
    anyone: bool
    inner_sockets: bool
    turns: bool
    weighted: bool
    route_major: bool
    carriers: bool
    fixed_users: bool
    deadline: bool
    commit: bool
    tags: bool
    causes: bool
    trusted_callers: bool
    calls: bool
    trunk_limits: bool
    carrier_limits: bool
    rates: bool


@dataclass(frozen=True, slots=True)
class SocketLine:
    """A `socket`, and whom it is for."""

    address: Literal
    tag: Literal
    comment: Comment


def uses(plan: Plan) -> Uses:
    """What a plan needs."""
    found = places(plan)
    trunks = plan.trunks
    limits = [one.limit for one in trunks if one.limit is not None and one.limit != Limit()]
    carried = [
        one.of.limit for one in found if isinstance(one.of, Carrier) and one.of.limit is not None
    ]
    retries = used_retries(plan)
    kinds = {rule.match.kind for one in retries for rule in one.rules}
    return Uses(
        streams=bool((transports(plan) | {one.transport for one in plan.listen}) - {"udp"}),
        networks=any(trunk.accept.networks for trunk in trunks),
        anyone=any(trunk.accept.anyone for trunk in trunks),
        inner_sockets=any(not one.door for one in sockets(plan)),
        turns=any(trunk.method == "round-robin" for trunk in trunks),
        weighted=any(trunk.method == "weighted" for trunk in trunks),
        route_major=any(trunk.order == "route-major" for trunk in trunks),
        carriers=any(isinstance(one.of, Carrier) for one in found),
        fixed_users=any(to.user is not None for one in found for to in one.destinations),
        deadline=any(trunk.deadline is not None for trunk in trunks),
        commit=any(point != CommitOn(point="answer") for one in retries for point in one.commit),
        tags="tagged" in kinds,
        causes="cause" in kinds,
        trusted_callers=any(trunk.trusted for trunk in trunks),
        calls=any(one.calls is not None for one in (*limits, *carried)),
        trunk_limits=bool(limits),
        carrier_limits=bool(carried),
        rates=any(one.per_second is not None for one in (*limits, *carried)),
    )


def socket_lines(plan: Plan) -> tuple[SocketLine, ...]:
    """Every `socket`, in order. Raises CannotSay."""
    return tuple(
        SocketLine(
            socket_literal(one.address),
            literal(one.tag(number)),
            comment(one.purpose),
        )
        for number, one in enumerate(sockets(plan), start=1)
    )


def trusted_places(plan: Plan) -> tuple[Condition, ...]:
    """That an attempt goes to a place that is trusted."""
    return tuple(
        Condition(f'$avp(to) == "{place.key}"') for place in places(plan) if place.of.trusted
    )
