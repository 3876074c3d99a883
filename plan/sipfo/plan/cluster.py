"""The plan of one machine of a cluster: the same policy, from the addresses that the machine has.

What would surprise: an instance of a registrar that stands at one of those addresses is each member
for itself, since each knows all registrations.
"""

from __future__ import annotations

from collections.abc import Mapping

from sipfo.plan.model import Member, Plan, Registrar, Route


def plan_of(plan: Plan, member: Member) -> Plan:
    """What a member runs. It keeps the cluster, so that the member knows who the others are."""
    listen = tuple(
        one.model_copy(update={"host": host})
        for one, host in zip(plan.listen, member.listen, strict=True)
    )
    egress = tuple(
        one.model_copy(update={"host": host})
        for one, host in zip(plan.egress, member.egress, strict=True)
    )
    own = {was.host: now.host for was, now in zip(plan.listen, listen, strict=True)}
    return plan.model_copy(
        update={
            "listen": listen,
            "egress": egress,
            "registrars": tuple(_registrar(one, own) for one in plan.registrars),
            "routes": tuple(_route(one, own) for one in plan.routes),
        }
    )


def _registrar(one: Registrar, own: Mapping[str, str]) -> Registrar:
    instances = tuple(
        each.model_copy(update={"host": own.get(each.host, each.host)}) for each in one.instances
    )
    return one.model_copy(update={"instances": instances})


def _route(one: Route, own: Mapping[str, str]) -> Route:
    if one.registered is None:
        return one
    return one.model_copy(
        update={"destinations": tuple(_moved(uri, own) for uri in one.destinations)}
    )


def _moved(uri: str, own: Mapping[str, str]) -> str:
    """`sip:alice@192.0.2.10:5070` at the member's own address."""
    user, at, place = uri.rpartition("@")
    host, bracket, port = place.partition("]") if place.startswith("[") else place.partition(":")
    before = host.removeprefix("[")
    after = own.get(before, before)
    return f"{user}{at}[{after}]{port}" if bracket == "]" else f"{user}{at}{after}{bracket}{port}"
