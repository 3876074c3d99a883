"""What PJSIP is configured with: transports, those who call, and a way out for each address.

What would surprise: an attempt's endpoint is the address that it is sent from, not the destination,
which is a URI of the dialplan. A destination that wants a password has endpoints of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

from sipfo.compiler.targets.asterisk.encode import (
    Comment,
    Literal,
    Name,
    Value,
    comment,
    literal,
    name,
    user,
    value,
)
from sipfo.compiler.targets.asterisk.facts import kind_name
from sipfo.compiler.targets.asterisk.networks import callers
from sipfo.compiler.targets.asterisk.numbers import expressions
from sipfo.compiler.targets.kamailio.probes import probed
from sipfo.compiler.targets.places import places, ways
from sipfo.compiler.targets.sockets import bracketed, sender, sockets, transports
from sipfo.compiler.targets.source import Source
from sipfo.plan.model import Listen, Plan

AUTHORITIES: Final = "/etc/ssl/certs/ca-certificates.crt"
"""Whom Asterisk believes about a target's certificate: Debian's list."""

LONGEST: Final = 1000
"""Characters of one regular expression of an `identify` section."""


@dataclass(frozen=True, slots=True)
class Transport:
    """An address that Asterisk opens."""

    comment: Comment
    name: Name
    protocol: Literal
    bind: Literal
    secure: bool
    certificate: Value | None
    key: Value | None


@dataclass(frozen=True, slots=True)
class Leg:
    """A way out: an address and a transport, perhaps with a destination's password."""

    comment: Comment
    name: Name
    transport: Name
    auth: Name | None


@dataclass(frozen=True, slots=True)
class Auth:
    """A user and its password."""

    name: Name
    user: Value
    password: Value


@dataclass(frozen=True, slots=True)
class Inbound:
    """Who calls: by networks, by a password, or anybody."""

    comment: Comment
    name: Name
    variable: Literal | None
    matches: tuple[Literal, ...] = ()
    expressions: tuple[Value, ...] = ()
    auths: tuple[Auth, ...] = ()


@dataclass(frozen=True, slots=True)
class Probed:
    """A destination that is asked with OPTIONS, from one address."""

    comment: Comment
    name: Name
    contact: Value
    transport: Name
    every: int


def transport_lines(plan: Plan) -> tuple[Transport, ...]:
    """Every address that is opened, once."""
    certified = {_bind(one): one for one in plan.listen if one.certificate is not None}
    found = []
    for number, one in enumerate(sockets(plan), start=1):
        protocol, _, bind = one.address.partition(":")
        listen = certified.get(bind) if protocol == "tls" else None
        words = [*(["calls arrive here"] if one.door else []), *one.egress]
        found.append(
            Transport(
                comment(", ".join(words)),
                Name(f"transport-{number}"),
                literal(protocol),
                Literal(bind),
                protocol == "tls",
                value(listen.certificate) if listen and listen.certificate else None,
                value(listen.key or listen.certificate) if listen and listen.certificate else None,
            )
        )
    return tuple(found)


def doors(plan: Plan) -> tuple[Literal, ...]:
    """The addresses that calls arrive on, where some others are open too: as the dialplan spells
    them, with `_` for `:`."""
    every = sockets(plan)
    if all(one.door for one in every):
        return ()
    binds = dict.fromkeys(one.address.partition(":")[2] for one in every if one.door)
    return tuple(Literal(bind.replace(":", "_").strip("[")) for bind in binds)


def legs(plan: Plan, source: Source) -> Iterator[Leg]:
    """The ways out: those of every address, then those with passwords."""
    names = {one.address: Name(f"transport-{n}") for n, one in enumerate(sockets(plan), start=1)}
    used = sorted(transports(plan))
    for egress in plan.egress:
        for transport in used:
            where = names.get(sender(egress, transport))
            if where is None:
                continue
            title = comment(" ".join(filter(None, [egress.name, source.egress(egress.name)])))
            leg = f"out-{name(egress.name)}-{transport}"
            yield Leg(title, Name(leg), where, None)
            for place in ways(plan)[egress.name]:
                if place.of.auth is not None and any(
                    transport in one.transports for one in place.destinations
                ):
                    title = comment(f"{egress.name} to {place.name}")
                    whose = kind_name(place)
                    yield Leg(title, Name(f"{leg}-{whose}"), where, Name(f"password-{whose}"))


def outbound_auths(plan: Plan, secrets: Mapping[str, str]) -> Iterator[Auth]:
    """What we prove ourselves with."""
    for place in places(plan):
        if place.of.auth is not None:
            password = value(secrets[place.of.auth.secret])
            yield Auth(Name(f"password-{kind_name(place)}"), user(place.of.auth.user), password)


def inbound(plan: Plan, secrets: Mapping[str, str], source: Source) -> Iterator[Inbound]:
    """Who calls, in the order in which PJSIP finds out."""
    for group in callers(plan):
        yield Inbound(
            comment(f"may call {', '.join(group.trunks)}"),
            Name(f"in-{group.number}"),
            Literal(f"CALLERS={group.number}"),
            matches=tuple(map(literal, group.networks)),
        )
    for trunk in plan.trunks:
        if trunk.accept.credentials and not trunk.accept.anyone:
            known = name(trunk.name)
            yield Inbound(
                comment(" ".join(filter(None, [trunk.name, source.trunk(trunk.name)]))),
                Name(f"in-{known}"),
                Literal(f"PROVEN={known}"),
                expressions=tuple(_joined(expressions(trunk, plan))),
                auths=tuple(
                    Auth(Name(f"password-{known}-{n}"), user(one.user), value(secrets[one.secret]))
                    for n, one in enumerate(trunk.accept.credentials, start=1)
                ),
            )
    if any(trunk.accept.anyone for trunk in plan.trunks):
        yield Inbound(comment("anybody else"), Name("anonymous"), None)


def probes(plan: Plan) -> Iterator[Probed]:
    """What is asked whether it is up."""
    egress = {one.name: one for one in plan.egress}
    names = {one.address: Name(f"transport-{n}") for n, one in enumerate(sockets(plan), start=1)}
    for number, path in probed(plan):
        to, probe = path.destination, path.place.of.probe
        assert probe is not None  # it is probed
        yield Probed(
            comment(f"{path.egress} to {path.place.name}"),
            Name(f"probe-{number}"),
            value(f"sip:{to.behind_user}"),
            names[sender(egress[path.egress], to.transport or "udp")],
            max(1, ceil(probe.every)),
        )


def _joined(patterns: Iterator[str]) -> Iterator[Value]:
    """Regular expressions of one Request-URI, a few long ones rather than many."""
    alternatives: list[str] = []
    for pattern in patterns:
        if alternatives and sum(map(len, alternatives)) + len(pattern) > LONGEST:
            yield _expression(alternatives)
            alternatives = []
        alternatives.append(pattern)
    yield _expression(alternatives)


def _expression(alternatives: list[str]) -> Value:
    return value(f"/^sips?:({'|'.join(alternatives)})/")


def _bind(listen: Listen) -> str:
    return f"{bracketed(listen.host)}:{listen.port}"
