"""A plan to the things in it that can fail: addresses, names, routes, carriers, instances, networks.

A thing is known by its footprint: the addresses to send from and the destinations that go with it.
Two things with one footprint are one: a route with an address of its own is not told twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Literal

from sipfo.plan.model import Plan
from sipfo.verify.audit.inventory import (
    Inventory,
    Part,
    Spot,
    destinations_of,
    inventory_of,
    senders_of,
)

Kind = Literal["egress", "route", "level", "instance", "carrier", "address", "name", "network"]
Mode = Literal["silent", "refuses", "unresolvable"]

MOST_NAMED = 6
"""Names in a line about what several share."""

# The longest prefixes that are generally routed on the Internet: what shares one shares its fate.
_ROUTED = {4: 24, 6: 48}


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that can fail as a whole, in one of its `modes`. `what` is its address, or who is
    in it, and `brief` no more of that than a line holds; `egresses` and `spots` are its footprint.
    """

    kind: Kind
    name: str
    what: str
    brief: str
    egresses: frozenset[str]
    spots: frozenset[Spot]
    modes: tuple[Mode, ...]

    @property
    def label(self) -> str:
        """`us.primary 192.0.2.1`, `network 192.0.2.0/24 (a, b)`."""
        kind = "" if self.kind == "egress" else f"{self.kind} "
        return f"{kind}{self.name} {self.brief}"

    @property
    def parts(self) -> frozenset[Part]:
        """The whole footprint."""
        return self.egresses | self.spots

    def has(self, egress: str, spot: Spot) -> bool:
        """Whether an attempt from there to there fails with this."""
        return egress in self.egresses or spot in self.spots

    def overlaps(self, other: Thing) -> bool:
        """Whether a destination fails with either."""
        return not self.spots.isdisjoint(other.spots)


def things_of(plan: Plan) -> tuple[Thing, ...]:
    """Every single thing of the plan's trunks that can fail; what has a name of its own first."""
    inventory = inventory_of(plan)
    found: dict[tuple[frozenset[str], frozenset[Spot]], Thing] = {}
    for thing in (
        *_egresses(inventory),
        *_destinations(plan, inventory),
        *_instances(plan, inventory),
        *_levels(inventory),
        *_hosts(inventory),
        *_networks(plan, inventory),
    ):
        found.setdefault((thing.egresses, thing.spots), thing)
    return tuple(found.values())


def _thing(
    inventory: Inventory, kind: Kind, name: str, parts: Iterable[Part], what: str | None = None
) -> Thing:
    """A thing of these parts; without a `what`, its members are named."""
    members = tuple(parts)
    spots = frozenset(one for one in members if isinstance(one, Spot))
    modes: tuple[Mode, ...] = ("silent", "refuses") if spots else ("silent",)
    hosts = {host for spot in spots for host in inventory.spots[spot]}
    # A scenario says of a whole route that its name does not resolve, and of no level.
    whole = len(spots) == len(members) and all(spot.level is None for spot in spots)
    if whole and hosts and hosts <= inventory.names:
        modes = (*modes, "unresolvable")
    names = [one if isinstance(one, str) else one.name for one in members]
    brief = f"({_some(names)})" if what is None else what
    what = f"({', '.join(names)})" if what is None else what
    egresses = frozenset(one for one in members if isinstance(one, str))
    return Thing(kind, name, what, brief, egresses, spots, modes)


def _some(names: list[str]) -> str:
    """All of a few names; of many the first, and how many more there are."""
    if len(names) <= MOST_NAMED:
        return ", ".join(names)
    first = names[: MOST_NAMED - 2]
    return f"{', '.join(first)} and {len(names) - len(first)} more"


def _egresses(inventory: Inventory) -> Iterator[Thing]:
    for sender, host in inventory.senders.items():
        yield _thing(inventory, "egress", sender, [sender], host)


def _destinations(plan: Plan, inventory: Inventory) -> Iterator[Thing]:
    by_route = inventory.by_route()
    named: list[tuple[Kind, str]] = [("route", one.name) for one in plan.routes]
    named += [("carrier", one.name) for one in plan.carriers]
    for kind, name in named:
        if spots := by_route.get(name):
            hosts = dict.fromkeys(host for spot in spots for host in inventory.spots[spot])
            yield _thing(inventory, kind, name, spots, ", ".join(hosts))


def _instances(plan: Plan, inventory: Inventory) -> Iterator[Thing]:
    """One instance serves every route whose users register there."""
    for registrar in plan.registrars:
        routes = [
            route.name
            for route in plan.routes
            if route.registered is not None and route.registered.registrar == registrar.name
        ]
        for instance in registrar.instances:
            spots = [Spot(route, instance.name) for route in routes]
            used = [spot for spot in spots if spot in inventory.spots]
            if used:
                name = f"{registrar.name}.{instance.name}"
                yield _thing(inventory, "instance", name, used, instance.host)


def _levels(inventory: Inventory) -> Iterator[Thing]:
    for spot, hosts in inventory.spots.items():
        if spot.level is not None:
            yield _thing(inventory, "level", spot.name, [spot], ", ".join(hosts))


def _hosts(inventory: Inventory) -> Iterator[Thing]:
    """Addresses and names: those that several things share are new."""
    members: dict[str, list[Part]] = {}
    for part, hosts in inventory.parts():
        for host in dict.fromkeys(hosts):
            members.setdefault(host, []).append(part)
    for host, parts in members.items():
        yield _thing(inventory, "name" if host in inventory.names else "address", host, parts)


def _networks(plan: Plan, inventory: Inventory) -> Iterator[Thing]:
    """Networks that hold two or more addresses of what is meant to back each other up."""
    members: dict[str, list[Part]] = {}
    for part, hosts in inventory.parts():
        for network in dict.fromkeys(_networks_of(hosts, inventory)):
            members.setdefault(network, []).append(part)
    shared: set[str] = set()
    for backup in _backups(plan, inventory):
        addresses = {host for hosts in backup for host in hosts}
        counts = Counter(_networks_of(addresses, inventory))
        shared |= {network for network, count in counts.items() if count > 1}
    for network, parts in members.items():
        if network in shared:
            yield _thing(inventory, "network", network, parts)


def _backups(plan: Plan, inventory: Inventory) -> Iterator[list[tuple[str, ...]]]:
    """The hosts of what backs each other up: a trunk's addresses to send from, its destinations."""
    spots = inventory.by_route()
    for trunk in plan.trunks:
        yield [(inventory.senders[one],) for one in senders_of(trunk)]
        yield [inventory.spots[spot] for name in destinations_of(trunk) for spot in spots[name]]


def _networks_of(hosts: Iterable[str], inventory: Inventory) -> Iterator[str]:
    for host in hosts:
        if host not in inventory.names:
            address = ip_network(host)
            yield str(address.supernet(new_prefix=_ROUTED[address.version]))
