"""The plan of one machine of a cluster: the same policy, from the addresses that the machine has."""

from __future__ import annotations

from sipfo.plan.model import Member, Plan


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
    return plan.model_copy(update={"listen": listen, "egress": egress})
