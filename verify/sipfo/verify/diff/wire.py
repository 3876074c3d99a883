"""Steps of a plan to what an attempt of them is on the wire, without any name of the policy.

Two plans share one register, so that the same address is the same small number in both. What would
surprise: an address with its port spelled out (`:5060`) is the same place as without, because the
attempt goes there either way; behind a host name a port decides whether there is SRV.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Final

from sipfo.plan.model import Credential, Plan
from sipfo.plan.order import Step
from sipfo.runtime.sip.uri import SipUri, parse_uri

_DEFAULT_PORT: Final = {"tls": 5061}
"""RFC 3261 §19.1.2: 5061 for TLS, else 5060."""


@dataclass(frozen=True, slots=True)
class Hop:
    """A step as it is on the wire, in numbers of the register: where from, each destination.

    `named` says that a destination is a host name, which may not resolve; `diverted` that the
    attempt carries Diversion; `auth` is the digest user, 0 without one.
    """

    egress: int
    places: tuple[int, ...]
    named: bool
    registered: bool
    diverted: bool
    auth: int


Hops = tuple[Hop, ...]


class Register:
    """Values to small numbers, equal exactly when the values are; 0 is None."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {None: 0}

    def number(self, value: Hashable) -> int:
        """The number of a value, the next one for a new value."""
        return self._numbers.setdefault(value, len(self._numbers))


class Wires:
    """The steps of one plan as hops."""

    __slots__ = ("_auths", "_egresses", "_register")

    def __init__(self, plan: Plan, register: Register) -> None:
        self._register = register
        self._egresses = {
            one.name: register.number(("egress", one.host, one.port)) for one in plan.egress
        }
        self._auths = {name: register.number(("auth", auth.user)) for name, auth in _auths(plan)}

    def hops(self, steps: Iterable[Step]) -> Hops:
        """What the attempts of these steps are on the wire."""
        return tuple(self._hop(step) for step in steps)

    def _hop(self, step: Step) -> Hop:
        uris = [parse_uri(text) for text in step.destinations]
        number = step.number if step.carrier else None
        return Hop(
            egress=self._egresses[step.egress],
            places=tuple(self._register.number(place(uri, number)) for uri in uris),
            named=any(not is_numeric(uri.host) for uri in uris),
            registered=step.registered,
            diverted=step.diverted,
            auth=self._auths.get(step.route, 0),
        )


def _auths(plan: Plan) -> Iterator[tuple[str, Credential]]:
    for route in plan.routes:
        if route.auth is not None:
            yield route.name, route.auth
    for carrier in plan.carriers:
        if carrier.auth is not None:
            yield carrier.name, carrier.auth


def place(uri: SipUri, number: str | None) -> Hashable:
    """Where a URI leads and whom it asks for: `number` unless it names a user itself; None stands
    for the number that the caller dialled."""
    user = uri.user if uri.user is not None else number
    params = tuple(sorted(one for one in uri.params if one[0] != "transport"))
    transport, port = uri.param("transport"), uri.port
    if is_numeric(uri.host):  # RFC 3263 §4.1, §4.2: UDP and the default port
        transport = transport or "udp"
        port = port or _DEFAULT_PORT.get(transport, 5060)
    return ("place", uri.scheme, user, uri.host, transport, port, params, uri.headers)


def is_numeric(host: str) -> bool:
    """Whether a host is an address, so that there is nothing to resolve."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def renumbered(*courses: Sequence[Hop]) -> tuple[Hops, ...]:
    """The same hops with numbers given anew in the order in which they occur: two trunks of the
    same shape become equal, whatever their addresses."""
    register = Register()

    def anew(hop: Hop) -> Hop:
        return replace(
            hop,
            egress=register.number(("egress", hop.egress)),
            places=tuple(register.number(("place", one)) for one in hop.places),
            auth=register.number(("auth", hop.auth)) if hop.auth else 0,
        )

    return tuple(tuple(anew(hop) for hop in course) for course in courses)
