"""Plans whose destinations are probed, and what the engine said about them."""

from __future__ import annotations

from runtime.world import World
from sipfo.plan.model import Plan, Probe
from sipfo.runtime.record import Notice

EVERY = 30.0
PROBE = Probe(every=EVERY, down_after=3, up_after=2)


def probing(plan: Plan, *names: str, probe: Probe = PROBE) -> Plan:
    """The plan with a `probe` in the routes and carriers of these names."""
    routes = tuple(
        one.model_copy(update={"probe": probe}) if one.name in names else one for one in plan.routes
    )
    carriers = tuple(
        one.model_copy(update={"probe": probe}) if one.name in names else one
        for one in plan.carriers
    )
    return plan.model_copy(update={"routes": routes, "carriers": carriers})


def notices(world: World) -> list[str]:
    """What was said, in order."""
    return [one.text for one in world.records if isinstance(one, Notice)]
