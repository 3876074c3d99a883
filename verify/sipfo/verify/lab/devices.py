"""Who registers before a scenario's call, at which instance: the telephones of registered users.

An instance that the engine under test does not serve is a proxy at the edge, played by a script: the
telephone registers through it, with a Path (RFC 3327), and an attempt at it is an INVITE from the
step's egress with that Path as its Route. What would surprise: at an instance that the engine
serves itself there is nobody but the engine, so the telephone has an address of its own and the
attempt is what leaves the instance's address for it.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from sipfo.plan.model import Instance, Listen, Plan, Registrar
from sipfo.plan.order import Step
from sipfo.plan.scenario import Scenario
from sipfo.verify.conduct import behaviour_of, levels_in_order
from sipfo.verify.targets import Place, place_of

TELEPHONES: Final = {4: ip_network("198.19.255.0/24"), 6: ip_network("2001:2::ff00/120")}
"""Where telephones are (RFC 2544, RFC 5180: for tests, nobody's)."""

PORT: Final = 5060


class NotThere(ValueError):
    """Nobody can register as the scenario says; the message says why."""


@dataclass(frozen=True, slots=True)
class Device:
    """A telephone of one user, for the routes that lead to it.

    It is bound at `host`, and registers at `at`, the engine's address; `through` is the edge that
    it comes by, where the engine is not the instance itself. `None` in `at` means that it does not
    register at all.
    """

    user: str
    domain: str
    secret: str
    routes: tuple[str, ...]
    host: str
    at: Listen | None
    through: Place | None


@dataclass(frozen=True, slots=True)
class ByItself:
    """An attempt that the engine makes as an instance: where the telephone stands, what the
    telephone knows the sender by, and the sender's socket."""

    stands: Place
    sender: str
    socket: tuple[str, int]


def devices_of(
    plan: Plan, order: Sequence[Step], scenario: Scenario, declared: Container[str]
) -> tuple[Device, ...]:
    """Everybody that a call's steps lead to. Raises NotThere."""
    routes = {one.name: one for one in plan.routes}
    registrars = {one.name: one for one in plan.registrars}
    found: dict[tuple[str, str], Device] = {}
    for step in order:
        registered = routes[step.route].registered if step.registered else None
        if registered is None:
            continue
        registrar = registrars[registered.registrar]
        key = (registered.user.casefold(), registrar.name)
        one = _device(plan, registrar, registered.user, step, scenario, declared, len(found))
        before = found.setdefault(key, one)
        if (before.at, before.through) != (one.at, one.through):
            raise NotThere(f"{registered.user} cannot be registered at two places, or not at all")
        if step.route not in before.routes:
            found[key] = _also_for(before, step.route)
    return tuple(found.values())


def own_instances(
    plan: Plan, devices: Sequence[Device], egress: Mapping[str, tuple[str, int]]
) -> dict[Place, ByItself]:
    """Every instance that the engine itself is, with what stands in its stead; `egress` are the
    names of the sockets that calls are sent from. Raises NotThere."""
    routes = {one.name: one for one in plan.routes}
    senders = {socket: name for name, socket in egress.items()}
    hosts = {host: name for name, (host, _) in egress.items()}
    found: dict[Place, ByItself] = {}
    for device in devices:
        stands = Place("udp", device.host, PORT)
        for route in device.routes:
            for destination in routes[route].destinations:
                place = place_of(destination)
                socket = (place.host, place.port)
                if door_of(plan, place) is None:
                    continue
                if place in found and found[place].stands != stands:
                    raise NotThere(f"two users register at {place}, where the lab tells one")
                name = senders.get(socket) or hosts.get(place.host) or f"{place.host}:{place.port}"
                found[place] = ByItself(stands, name, socket)
    return found


def door_of(plan: Plan, place: Place) -> Listen | None:
    """The engine's own address at an instance's, where it takes registrations."""
    here = [one for one in plan.listen if (one.host, one.port) == (place.host, place.port)]
    return next((one for one in here if one.transport == "udp"), here[0] if here else None)


def _device(
    plan: Plan,
    registrar: Registrar,
    user: str,
    step: Step,
    scenario: Scenario,
    declared: Container[str],
    before: int,
) -> Device:
    known = next(one for one in registrar.users if one.name.casefold() == user.casefold())
    holder = registrar.instances[levels_in_order(scenario, step)[0]]
    place = Place("udp", holder.host, holder.port)
    at = door_of(plan, place)
    through = None
    if at is not None and at.transport != "udp":
        raise NotThere(f"the lab's telephones speak UDP, and {holder.name} listens on none")
    if at is None:
        at, through = _nearest(plan, holder), place
    behaviour = behaviour_of(scenario, step.egress, step.route)
    if behaviour.reach == "unregistered":
        at = None
    six = any(":" in one.host and _is_own(plan, one) for one in registrar.instances)
    if six and any(":" not in one.host and _is_own(plan, one) for one in registrar.instances):
        raise NotThere(f"the lab's telephones are IPv4 or IPv6, {registrar.name} is both")
    spare = (str(one) for one in TELEPHONES[6 if six else 4].hosts() if str(one) not in declared)
    host = [next(spare) for _ in range(before + 1)][-1]
    return Device(known.name, registrar.domain, known.secret, (step.route,), host, at, through)


def _nearest(plan: Plan, instance: Instance) -> Listen:
    """Where an edge passes registrations on to: the first UDP address of its family, else the
    first."""
    near = [one for one in plan.listen if (":" in one.host) == (":" in instance.host)]
    if not near:
        raise NotThere(f"nothing listens that {instance.name} could reach from {instance.host}")
    return next((one for one in near if one.transport == "udp"), near[0])


def _is_own(plan: Plan, instance: Instance) -> bool:
    return door_of(plan, Place("udp", instance.host, instance.port)) is not None


def _also_for(one: Device, route: str) -> Device:
    return Device(
        one.user, one.domain, one.secret, (*one.routes, route), one.host, one.at, one.through
    )
