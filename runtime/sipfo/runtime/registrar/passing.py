"""A call that another instance passes on: an INVITE with this instance as its Route, for a contact
that somebody registered.

The instance that it comes from hunts; this one only sends, from the address that the telephone
knows. What would surprise: it is told by its source and by what is in the store, and goes to a
registered contact or nowhere, so that whoever forges a source makes a telephone ring and no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from sipfo.plan.hunt import Itinerary
from sipfo.plan.model import Instance, Plan, Retry
from sipfo.plan.order import Step
from sipfo.plan.outcome import Judge
from sipfo.runtime.registrar.way import OF
from sipfo.runtime.sip.address import parse_address
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request
from sipfo.runtime.sip.uri import SipUri, parse_uri
from sipfo.runtime.sip.via import DEFAULT_PORT

ONCE: Final = Judge(Retry(name="passed", rules=(), otherwise="stop"))
"""One way is tried, for as long as whoever passed the call on waits."""

UNREACHED: Final = 480
"""What it is told when the telephone cannot be reached: there may be another level."""


@dataclass(frozen=True, slots=True)
class Passed:
    """Who is to be called, and as which instance of which registrar."""

    registrar: str
    instance: str
    user: str
    contact: SipUri
    to: str
    """The URI of To, which the telephone is to see."""

    @property
    def itinerary(self) -> Itinerary:
        """The one way that it may take."""
        who = f"{self.user}@{self.registrar}"
        egress = egress_name(self.registrar, self.instance)
        return Itinerary((Step(egress, who, self.user, (), registered=True),), ONCE)


def egress_name(registrar: str, instance: str) -> str:
    """What an instance's address is called, where calls leave from it: no egress of a policy has two
    points in its name."""
    return f"{registrar}.{instance}"


def fellows(plan: Plan) -> frozenset[str]:
    """The addresses that other instances pass calls on from."""
    if not plan.registrars:
        return frozenset()
    instances = {one.host for registrar in plan.registrars for one in registrar.instances}
    return frozenset(instances | {one.host for one in plan.egress})


@dataclass(frozen=True, slots=True)
class Routed:
    """The instance that a request is routed to first, and whose contact it is for, in lower case and
    escaped."""

    host: str
    port: int
    user: str

    def is_to(self, instance: Instance) -> bool:
        """Whether that is this instance."""
        return (self.host, self.port) == (instance.host, instance.port)

    def is_for(self, user: str) -> bool:
        """Whether that is this user."""
        return unquote(self.user).casefold() == user.casefold()


def routed_to(request: Request) -> Routed | None:
    """Where a request is routed to first, if it says so as an instance does."""
    routes = request.headers.all(b"route")
    if not routes:
        return None
    try:
        uri = parse_uri(parse_address(routes[0]).uri)
    except Malformed:
        return None
    user = uri.param(OF)
    return Routed(uri.host, uri.port or DEFAULT_PORT, user) if user else None
