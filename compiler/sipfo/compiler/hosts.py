"""The addresses that a policy has on its machine, and what the members of a cluster have instead.

What would surprise: a substitute is for an address, not for one of its uses. Where a policy listens on
the address that it also sends from, one substitute is for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sipfo.compiler.policy import Endpoint, Member, Policy
from sipfo.compiler.values.address import parse_ip

LISTEN: Final = "listen"
"""The name of the address that is listened on, where there is one."""


def listening(policy: Policy) -> dict[str, Endpoint]:
    """Every address that calls arrive on, by itself, with its first place."""
    found: dict[str, Endpoint] = {}
    for one in policy.listens:
        found.setdefault(one.endpoint.host, one.endpoint)
    return found


def sending(policy: Policy) -> dict[str, Endpoint]:
    """Every address of every region, by the name that a ladder shows."""
    found: dict[str, Endpoint] = {}
    for region in policy.regions:
        for which, one in (("primary", region.primary), ("secondary", region.secondary)):
            if one is not None:
                found.setdefault(f"{region.name.text}.{which}", one)
    return found


def host_of(policy: Policy, place: str) -> str | None:
    """The address that `listen`, `us.primary` or an address stands for; None if for none, or not
    for one alone."""
    listens, sends = listening(policy), sending(policy)
    if place == LISTEN:
        return next(iter(listens)) if len(listens) == 1 else None
    if place in sends:
        return sends[place].host
    address = parse_ip(place.strip("[]"))
    host = str(address) if address is not None else None
    known = {*listens, *(one.host for one in sends.values())}
    return host if host in known else None


def substituted(policy: Policy, member: Member) -> Mapping[str, str]:
    """What a member has in place of the policy's addresses; the first of two for one counts."""
    found: dict[str, str] = {}
    for one in member.substitutes:
        host = host_of(policy, one.place.text)
        if host is not None and one.endpoint is not None:
            found.setdefault(host, one.endpoint.host)
    return found
