"""Where attempts go, as a configuration looks it up: each destination of each route and carrier.

An address is a target at once; a name is left to be located when the call is placed (RFC 3263). What
would surprise: a Request-URI is kept in two parts around the user, because the called number takes
that place unless the policy names a user.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from sipfo.compiler.targets.safe import CannotSay
from sipfo.plan.derived import derived
from sipfo.plan.model import Carrier, Plan, Retry, Route

_URI: Final = re.compile(
    r"(?:(?P<user>[^@]*)@)?(?P<host>\[[^\]]*\]|[^:;?\[]+)(?::(?P<port>[0-9]{1,9}))?(?P<rest>[;?].*)?"
)
_TRANSPORT: Final = re.compile(r"(?i);transport=([^;?]*)")
_NAME: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,252})")

DEFAULT_PORTS: Final = {"udp": 5060, "tcp": 5060, "tls": 5061}
"""RFC 3261 §19.1.2."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One `sip:` URI in its parts; `port` and `transport` are None where the URI has none."""

    user: str | None
    host: str
    port: int | None
    transport: str | None
    rest: str

    @property
    def is_numeric(self) -> bool:
        """Whether the host is an address."""
        try:
            ip_address(self.host.strip("[]"))
        except ValueError:
            return False
        return True

    @property
    def family(self) -> int | None:
        """4 or 6; None for a name."""
        return ip_address(self.host.strip("[]")).version if self.is_numeric else None

    @property
    def behind_user(self) -> str:
        """What follows the user and its `@` in the Request-URI."""
        port = "" if self.port is None else f":{self.port}"
        return f"{self.host}{port}{self.rest}"

    @property
    def next_hop(self) -> str:
        """The target of an address, as a URI that leaves nothing to look up (RFC 3263 §4.1, §4.2)."""
        transport = self.transport or "udp"
        port = self.port or DEFAULT_PORTS[transport]
        return f"sip:{self.host}:{port};transport={transport}"

    @property
    def transports(self) -> frozenset[str]:
        """The transports that an attempt may be sent by."""
        if self.transport is not None:
            return frozenset({self.transport})
        if self.is_numeric or self.port is not None:
            return frozenset({"udp"})
        return frozenset({"udp", "tcp"})


@dataclass(frozen=True, slots=True)
class Place:
    """A route or carrier, with its key in the data and its destinations in order."""

    key: str
    name: str
    destinations: tuple[Destination, ...]
    of: Route | Carrier


def route_key(name: str) -> str:
    """A route's key; routes and carriers may have the same names."""
    return f"route/{name}"


def carrier_key(name: str) -> str:
    """A carrier's key."""
    return f"carrier/{name}"


@derived
def places(plan: Plan) -> tuple[Place, ...]:
    """Every route and carrier that some trunk of the plan uses, in the plan's order."""
    used = {name for trunk in plan.trunks for name in trunk.routes}
    forwards = [trunk.forward for trunk in plan.trunks if trunk.forward is not None]
    called = {name for forward in forwards for name in forward.carriers}
    routes = [
        Place(route_key(one.name), one.name, tuple(map(destination, one.destinations)), one)
        for one in plan.routes
        if one.name in used
    ]
    carriers = [
        Place(carrier_key(one.name), one.name, (destination(one.destination),), one)
        for one in plan.carriers
        if one.name in called
    ]
    return (*routes, *carriers)


def used_retries(plan: Plan) -> tuple[Retry, ...]:
    """The retry policies that some trunk goes by."""
    used = {trunk.retry for trunk in plan.trunks}
    return tuple(retry for retry in plan.retries if retry.name in used)


@derived
def ways(plan: Plan) -> Mapping[str, tuple[Place, ...]]:
    """What some trunk calls from each address that it sends from, by the address's name, in the
    order of `places`. There are as many as the policy has pairs, not every address with every place.
    """
    known = {place.key: (rank, place) for rank, place in enumerate(places(plan))}
    called: dict[str, dict[int, Place]] = {egress.name: {} for egress in plan.egress}
    for trunk in plan.trunks:
        keys = [known[route_key(name)] for name in trunk.routes]
        for egress in trunk.egress:
            called[egress].update(keys)
        if trunk.forward is not None:
            carriers = (known[carrier_key(name)] for name in trunk.forward.carriers)
            called[trunk.forward.egress].update(carriers)
    return {
        egress: tuple(place for _, place in sorted(found.items(), key=lambda one: one[0]))
        for egress, found in called.items()
    }


def destination(uri: str) -> Destination:
    """The parts of a `sip:` URI of a plan. Raises CannotSay."""
    found = _URI.fullmatch(uri.removeprefix("sip:"))
    if found is None:
        raise CannotSay(f"`{uri}` is no address that a call can be sent to")
    transport = _TRANSPORT.search(found["rest"] or "")
    made = Destination(
        user=found["user"],
        host=found["host"],
        port=int(found["port"]) if found["port"] else None,
        transport=transport[1].lower() if transport else None,
        rest=found["rest"] or "",
    )
    is_known = made.transport is None or made.transport in DEFAULT_PORTS
    has_port = made.port is None or 1 <= made.port <= 65535
    if not is_known or not has_port or not (made.is_numeric or _NAME.fullmatch(made.host)):
        raise CannotSay(f"`{uri}` is no address that a call can be sent to")
    return made
