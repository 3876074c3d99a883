"""What a plan needs of the dialplan: a policy without carriers gets one without a word of them."""

from __future__ import annotations

from dataclasses import dataclass

from sipfo.compiler.targets.places import places
from sipfo.plan.derived import derived
from sipfo.plan.model import Carrier, OnTag, Plan, Route


@dataclass(frozen=True, slots=True)
class Uses:
    """What a plan needs."""

    streams: bool
    tls: bool
    turns: bool
    weighted: bool
    sequential: bool
    route_major: bool
    carriers: bool
    levels: bool
    deadline: bool
    commit: bool
    tags: bool
    trusted: bool
    auth: bool
    registered: bool
    srv: bool
    families: bool
    probes: bool
    rates: bool
    trunk_limits: bool
    carrier_limits: bool


@derived
def uses(plan: Plan) -> Uses:
    """What a plan needs."""
    found = places(plan)
    trunks = plan.trunks
    used = {trunk.retry for trunk in trunks}
    retries = [retry for retry in plan.retries if retry.name in used]
    limits = [trunk.limit for trunk in trunks if trunk.limit is not None]
    carried = [one.of.limit for one in found if isinstance(one.of, Carrier) and one.of.limit]
    destinations = [one for place in found for one in place.destinations]
    families = {one.family for one in destinations} | {
        6 if ":" in one.host else 4 for one in plan.egress
    }
    listening = {one.transport for one in plan.listen}
    leaving = {one for destination in destinations for one in destination.transports}
    return Uses(
        streams=bool((listening | leaving) & {"tcp", "tls"}),
        tls="tls" in listening | leaving,
        turns=any(trunk.method == "round-robin" for trunk in trunks),
        weighted=any(trunk.method == "weighted" for trunk in trunks),
        sequential=any(trunk.method == "sequential" for trunk in trunks),
        route_major=any(trunk.order == "route-major" for trunk in trunks),
        carriers=any(isinstance(one.of, Carrier) for one in found),
        levels=any(len(one.destinations) > 1 for one in found),
        deadline=any(trunk.deadline is not None for trunk in trunks),
        commit=any(retry.commit for retry in retries),
        tags=any(isinstance(rule.match, OnTag) for one in retries for rule in one.rules),
        trusted=any(trunk.trusted for trunk in trunks),
        registered=any(
            isinstance(one.of, Route) and one.of.registered is not None for one in found
        ),
        srv=any(not one.is_numeric and one.port is None for one in destinations),
        auth=any(one.of.auth is not None for one in found),
        families=len(families - {None}) > 1,
        probes=any(one.of.probe is not None for one in found),
        rates=any(one.per_second is not None for one in (*limits, *carried)),
        trunk_limits=bool(limits),
        carrier_limits=bool(carried),
    )
