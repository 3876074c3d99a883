"""A plan and a scenario to what must stand on the stage: which endpoints, which names, which caller.

Pure: nothing is bound here. What sockets cannot play is said as CannotPlay before anything runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from itertools import islice, zip_longest
from typing import TypeVar

from sipfo.plan.model import Carrier, Listen, Plan, Route, Trunk
from sipfo.plan.order import Order, Step
from sipfo.plan.scenario import Behaviour, Scenario
from sipfo.verify.conduct import behaviour_of
from sipfo.verify.lab.devices import ByItself, Device, NotThere, devices_of, own_instances
from sipfo.verify.simulate import turned
from sipfo.verify.targets import Place, place_of

_Probed = TypeVar("_Probed", Route, Carrier)

NAMES = ip_network("198.18.0.0/15")
"""Addresses that host names resolve to (RFC 2544: for tests, nobody's)."""

ANYONE = ip_network("198.51.100.0/24")
"""Where a caller is when a trunk accepts anyone, or who has a password (RFC 5737: for
documentation, nobody's)."""

CALLERS_LOOKED_AT = 256
"""Addresses of a network that are considered for the caller."""

FAILURES_ENOUGH = 1_000_000
"""More failures in a row than a play can have."""


class CannotPlay(ValueError):
    """The scenario needs what loopback sockets cannot do; the message says what."""


@dataclass(frozen=True, slots=True)
class Stand:
    """A declared place, and what happens to an attempt that reaches it from each egress."""

    place: Place
    behaviours: dict[str, Behaviour]

    @property
    def refused_from(self) -> frozenset[str]:
        """The egresses whose attempts find nothing listening."""
        return frozenset(
            egress for egress, does in self.behaviours.items() if does.reach == "refuses"
        )

    @property
    def is_there(self) -> bool:
        """Whether anything is bound."""
        return len(self.refused_from) < len(self.behaviours)


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that a play needs: the declared hosts, stands, names with their addresses, which
    egress names go with which declared socket, where the caller is, the call's steps by egress and
    route, who registers before it, and where an attempt goes that the engine makes as an instance of
    a registrar itself."""

    hosts: frozenset[str]
    stands: tuple[Stand, ...]
    names: dict[str, str]
    egress: dict[str, tuple[str, int]]
    caller: str
    steps: dict[tuple[str, str], Step]
    devices: tuple[Device, ...] = ()
    by_itself: Mapping[Place, ByItself] = field(default_factory=dict)

    def device_of(self, step: Step) -> Device | None:
        """Who registers to be called at a step, if it is a registered user's."""
        return next((one for one in self.devices if step.route in one.routes), None)

    @property
    def certified(self) -> tuple[str, ...]:
        """The names and addresses that whoever stands here may have to prove."""
        return (*self.names, *sorted(self.hosts))


def set_stage(plan: Plan, trunk: Trunk, scenario: Scenario) -> Stage:
    """What must stand where for this call. Raises CannotPlay."""
    declared = declared_hosts(plan)
    everybody = named(plan)
    names: dict[str, str] = {}
    unresolvable: set[str] = set()
    stands: dict[Place, Stand] = {}
    order = Order(plan).steps(trunk, scenario.number, turned(trunk, scenario))
    used = {step.egress for step in order}
    egress = {one.name: (one.host, one.port) for one in plan.egress if one.name in used}
    try:
        devices = devices_of(plan, order, scenario, declared)
        by_itself = own_instances(plan, devices, egress)
    except NotThere as error:
        raise CannotPlay(str(error)) from None
    for one in by_itself.values():
        egress.setdefault(one.sender, one.socket)
    for step in order:
        for destination, level in zip_longest(step.destinations, step.levels):
            behaviour = behaviour_of(scenario, step.egress, step.route, level)
            place = place_of(destination)
            if behaviour.reach == "unresolvable":
                _check_has_name(step, place)
                unresolvable.add(place.host)
                continue
            if behaviour.reach == "unregistered":
                continue  # nobody is asked: there is nowhere to send anything
            sender = step.egress
            if place in by_itself:
                place, sender = by_itself[place].stands, by_itself[place].sender
            if not place.is_numeric:
                address = names[place.host] = everybody[place.host]
                place = Place(place.transport, address, place.port)
            stand = stands.setdefault(place, Stand(place, {}))
            if stand.behaviours.setdefault(sender, behaviour) is not behaviour:
                _check_same(step, stand.behaviours[sender], behaviour)
    for name in unresolvable & names.keys():
        raise CannotPlay(f"{name} cannot resolve for one attempt and not for another")
    for place in stands:
        if (place.host, place.port) in declared_sockets(plan):
            raise CannotPlay(f"{place} is an address of sipfo's own: nobody else can answer there")
    return Stage(
        hosts=frozenset(declared),
        stands=tuple(stands.values()),
        names=names,
        egress=egress,
        caller=_caller(trunk, declared),
        steps={(step.egress, step.route): step for step in order},
        devices=devices,
        by_itself=by_itself,
    )


def named(plan: Plan) -> dict[str, str]:
    """An address for every host name of a plan, the same for each of its scenarios."""
    declared = declared_hosts(plan)
    spare = (str(host) for host in NAMES.hosts() if str(host) not in declared)
    hosts = dict.fromkeys(one.host for one in places_of(plan) if not one.is_numeric)
    return dict(zip(hosts, spare, strict=False))


def door(plan: Plan, caller: str | None = None) -> Listen:
    """Where the INVITE of a caller at this address goes: the first UDP address of its family, else
    the first of its family, else the first."""
    near = [one for one in plan.listen if caller is None or (":" in one.host) == (":" in caller)]
    return next((one for one in near if one.transport == "udp"), (near or plan.listen)[0])


def declared_sockets(plan: Plan) -> set[tuple[str, int]]:
    """The addresses and ports that the runtime binds."""
    listening = {(one.host, one.port) for one in plan.listen}
    return listening | {(one.host, one.port) for one in plan.egress}


def steady(plan: Plan) -> Plan:
    """The plan as a scenario's one call meets it: targets are probed, and none is taken down.

    The model begins with everybody up. A target that is dead in the scenario would be found out
    by probes before the call comes to it, sooner or later, as they happen to go.
    """
    return plan.model_copy(
        update={
            "routes": tuple(_never_down(route) for route in plan.routes),
            "carriers": tuple(_never_down(carrier) for carrier in plan.carriers),
        }
    )


def _never_down(one: _Probed) -> _Probed:
    if one.probe is None:
        return one
    probe = one.probe.model_copy(update={"down_after": FAILURES_ENOUGH})
    return one.model_copy(update={"probe": probe})


def places_of(plan: Plan) -> list[Place]:
    """Every place that a plan may send a call to."""
    destinations = [uri for route in plan.routes for uri in route.destinations]
    destinations += [carrier.destination for carrier in plan.carriers]
    return [place_of(destination) for destination in destinations]


def declared_hosts(plan: Plan) -> set[str]:
    """Every address of the plan; names are no addresses."""
    hosts = {place.host for place in places_of(plan) if place.is_numeric}
    return hosts | {host for host, _ in declared_sockets(plan)}


def _check_has_name(step: Step, place: Place) -> None:
    if place.is_numeric:
        raise CannotPlay(
            f"{step.route} is {place.host}, a number: it needs no name and cannot fail to resolve "
            "(`refuses` is what a dead address does)"
        )


def _check_same(step: Step, one: Behaviour, other: Behaviour) -> None:
    if (one.reach, one.replies) != (other.reach, other.replies):
        raise CannotPlay(
            f"{one.route} and {step.route} have the same address and must do different things"
        )


def _caller(trunk: Trunk, declared: set[str]) -> str:
    """An address that the trunk accepts; one that nothing else has, if there is one."""
    accept = trunk.accept
    networks = accept.networks
    if accept.anyone or (accept.credentials and not networks):
        networks = (str(ANYONE),)
    candidates = [
        str(host)
        for network in networks
        for host in islice(ip_network(network).hosts(), CALLERS_LOOKED_AT)
    ]
    if not candidates:
        raise CannotPlay(f"trunk {trunk.name} accepts nobody's calls")
    return next((host for host in candidates if host not in declared), candidates[0])
