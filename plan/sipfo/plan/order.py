"""The order of a call's attempts: which egress sends to which destination, one after the other.

All routes by the first address, then all routes by the second (source-major), then the carriers.
Round robin turns the routes by one place for each call placed, the same in every pass.
"""

from __future__ import annotations

from dataclasses import dataclass

from sipfo.plan.model import Carrier, Plan, Trunk


@dataclass(frozen=True, slots=True)
class Step:
    """One place in the order: an egress and a destination, which RFC 3263 turns into targets."""

    egress: str
    route: str
    number: str
    destinations: tuple[str, ...]
    carrier: bool = False


def matches_prefix(carrier: Carrier, number: str) -> bool:
    """Whether a carrier terminates this number; one without prefixes terminates any."""
    return not carrier.prefixes or number.startswith(carrier.prefixes)


def steps(plan: Plan, trunk: Trunk, number: str, calls_before: int = 0) -> tuple[Step, ...]:
    """The steps of the call that follows `calls_before` earlier ones on this trunk.

    `number` is what the caller dialled; carriers are sent the number that the trunk forwards to.
    """
    destinations = {route.name: route.destinations for route in plan.routes}
    turn = calls_before % len(trunk.routes) if trunk.method == "round-robin" else 0
    routes = trunk.routes[turn:] + trunk.routes[:turn]
    found = [
        Step(egress, route, number, destinations[route])
        for egress in trunk.egress
        for route in routes
    ]
    if trunk.forward is not None:
        carriers = {carrier.name: carrier for carrier in plan.carriers}
        forward = trunk.forward
        found += [
            Step(forward.egress, name, forward.number, (carriers[name].destination,), carrier=True)
            for name in forward.carriers
            if matches_prefix(carriers[name], forward.number)
        ]
    return tuple(found)
