"""A plan as one instance of a registrar runs it: `sipfo run --instance kss-b`.

It listens where the plan does at the instance's own address, and calls that would leave from a
listening address of another machine leave from its own. What would surprise: a region's addresses
stay what they are; whoever sends from them has them.
"""

from __future__ import annotations

from sipfo.plan.model import Instance, Listen, Plan
from sipfo.runtime.capability import CannotServe


def as_instance(plan: Plan, name: str | None) -> Plan:
    """The plan of the instance of that name; as it is, without one. Raises CannotServe."""
    if name is None:
        return plan
    own = _instance(plan, name)
    listen = tuple(one for one in plan.listen if one.host == own.host)
    if not any((one.host, one.port) == (own.host, own.port) for one in listen):
        udp = Listen(transport="udp", host=own.host, port=own.port)
        listen = (udp, udp.model_copy(update={"transport": "tcp"}), *listen)
    elsewhere = {(one.host, one.port) for one in plan.listen if one.host != own.host}
    egress = tuple(
        one.model_copy(update={"host": own.host, "port": own.port})
        if (one.host, one.port) in elsewhere
        else one
        for one in plan.egress
    )
    return plan.model_copy(update={"listen": listen, "egress": egress})


def _instance(plan: Plan, name: str) -> Instance:
    every = [one for registrar in plan.registrars for one in registrar.instances]
    found = [one for one in every if one.name == name]
    if not found:
        known = ", ".join(dict.fromkeys(one.name for one in every))
        raise CannotServe(
            f"no registrar has an instance {name}: give one of {known}"
            if known
            else f"there is no instance {name}: the policy has no registrar"
        )
    if len({(one.host, one.port) for one in found}) > 1:
        raise CannotServe(f"two registrars have an instance {name}, at different addresses")
    return found[0]
