"""Users that register, as PJSIP's registrar keeps them, and the instances that they register at.

An instance at an address that takes calls is this Asterisk itself; any other is an edge, by which a
telephone registers with a Path (RFC 3327). What would surprise: a call leaves for an edge by an
endpoint of its own for each address to send from, because the way there is the endpoint's proxy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sipfo.compiler.targets.asterisk.encode import (
    Comment,
    Literal,
    Name,
    Value,
    aor,
    comment,
    literal,
    user,
    value,
)
from sipfo.compiler.targets.places import places, ways
from sipfo.compiler.targets.sockets import bracketed, sender, socket, sockets
from sipfo.compiler.targets.source import Source
from sipfo.plan.derived import derived
from sipfo.plan.model import Egress, Instance, Plan, Registrar, Route


@dataclass(frozen=True, slots=True)
class Telephone:
    """A user who may register. `rewritten` says that it is called where it registered from, whatever
    it says of itself: behind a NAT. Of one that comes by an edge, that would be the edge."""

    comment: Comment
    aor: Name
    password: Name
    user: Value
    secret: Value
    realm: Literal
    rewritten: bool


@dataclass(frozen=True, slots=True)
class Way:
    """A way out to the telephones of an instance; `proxy` is the edge's URI, of our own none."""

    comment: Comment
    name: Name
    transport: Name
    proxy: Value | None


@dataclass(frozen=True, slots=True)
class Registering:
    """All that pjsip.conf says of registrars; `asked` are the passwords that stand for a domain
    each, when nobody has said yet who registers."""

    telephones: tuple[Telephone, ...]
    asked: tuple[Name, ...]
    ways: tuple[Way, ...]


def registering(plan: Plan, secrets: Mapping[str, str], source: Source) -> Registering:
    """Whom telephones may register as, and how they are called. Raises CannotSay."""
    telephones = [
        Telephone(
            comment(f"{one.name} at {registrar.name}"),
            aor(f"{one.name}@{registrar.domain}"),
            Name(f"password-{aor(f'{one.name}@{registrar.domain}')}"),
            user(one.name),
            value(secrets[one.secret]),
            literal(registrar.domain),
            all(own_transport(plan, each) is not None for each in registrar.instances),
        )
        for registrar in _used(plan)
        for one in registrar.users
    ]
    by_realm: dict[str, Name] = {}
    for telephone in telephones:
        by_realm.setdefault(telephone.realm, telephone.password)
    return Registering(tuple(telephones), tuple(by_realm.values()), tuple(_ways(plan, source)))


@derived
def instances(plan: Plan) -> dict[tuple[str, str], int]:
    """A number for each instance, from 1, by its registrar's name and its own."""
    every = [(one.name, each.name) for one in _used(plan) for each in one.instances]
    return {key: number for number, key in enumerate(every, start=1)}


def own_transport(plan: Plan, instance: Instance) -> str | None:
    """The socket that takes calls at an instance's address; None for an edge."""
    here = [
        one.transport
        for one in plan.listen
        if (one.host, one.port) == (instance.host, instance.port)
    ]
    if not here:
        return None
    transport = "udp" if "udp" in here else here[0]
    return socket(transport, instance.host, instance.port)


def at(instance: Instance) -> Name:
    """An instance's address, as the dialplan spells it in the name of a variable."""
    host = bracketed(instance.host).replace(":", "_").strip("[]")
    return Name(f"{host}_{instance.port}")


@derived
def _used(plan: Plan) -> list[Registrar]:
    """The registrars that some trunk's route leads to."""
    routes = [place.of for place in places(plan) if isinstance(place.of, Route)]
    names = {one.registered.registrar for one in routes if one.registered is not None}
    return [one for one in plan.registrars if one.name in names]


def _senders(plan: Plan) -> dict[str, list[Egress]]:
    """The addresses that the telephones of each registrar are called from."""
    found: dict[str, list[Egress]] = {}
    for egress in plan.egress:
        routes = (one.of for one in ways(plan)[egress.name] if isinstance(one.of, Route))
        asked = (one.registered.registrar for one in routes if one.registered is not None)
        for registrar in dict.fromkeys(asked):
            found.setdefault(registrar, []).append(egress)
    return found


def _ways(plan: Plan, source: Source) -> Iterator[Way]:
    names = {one.address: Name(f"transport-{n}") for n, one in enumerate(sockets(plan), start=1)}
    numbers, senders = instances(plan), _senders(plan)
    for registrar in _used(plan):
        for one in registrar.instances:
            number = numbers[registrar.name, one.name]
            own = own_transport(plan, one)
            title = f"{one.name} of {registrar.name}"
            if own is not None:
                yield Way(comment(title), Name(f"instance-{number}"), names[own], None)
                continue
            proxy = value(f"sip:{bracketed(one.host)}:{one.port};lr")
            for egress in senders[registrar.name]:
                where = names.get(sender(egress, "udp"))
                if where is not None and (":" in egress.host) == (":" in one.host):
                    words = f"{egress.name} to {title}"
                    way = Name(f"out-{egress.name}-instance-{number}")
                    yield Way(comment(words), way, where, proxy)
