"""Who is trusted with whose identity (RFC 3325), and what a user keeps to itself (RFC 3323).

A policy says `trusted` of a trunk, route or carrier. What would surprise: trust in whoever sends
lets an asserted identity in; trust in whoever receives is only asked when the user wants privacy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sipfo.plan.model import Plan
from sipfo.plan.order import Step
from sipfo.runtime.sip.address import NameAddr
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.names import PRIVACY

ANONYMOUS: Final = NameAddr(b'"Anonymous"', b"sip:anonymous@anonymous.invalid")
"""A From that names nobody (RFC 3323 §4.1.1.3)."""

_USER: Final = frozenset(
    {b"subject", b"call-info", b"organization", b"user-agent", b"server", b"reply-to"}
    | {b"in-reply-to", b"identity", b"contact-info", b"referred-by", b"geolocation"}
)
"""Fields that say who the user is (RFC 3323 §4.1, §5.3), and those since that do: a signature
over the From that is taken out (RFC 8224), who referred (RFC 3892), where the user is (RFC 6442)."""

_WITHHELD: Final = {
    b"user": _USER,
    b"header": frozenset({b"call-info", b"server", b"organization", b"history-info"}),
    b"history": frozenset({b"history-info"}),  # RFC 7044 §10.1.2
    b"id": frozenset({b"p-asserted-identity"}),  # RFC 3325 §7
}
_DONE: Final = frozenset({b"user", b"header", b"history"})
"""What is asked of one privacy service and done here, so that it is asked of nobody after (§4.3).
`id` stays said: the network beyond has its own identities to withhold."""

_GIVEN: Final = frozenset({*_WITHHELD, b"none", b"critical"})
_SEPARATOR = re.compile(rb"[;,\s]+")


class Trust:
    """Whether the sender and the receiver of a message are of our trust domain. A value."""

    __slots__ = ("receiver", "sender")

    def __init__(self, sender: bool = False, receiver: bool = False) -> None:
        self.sender: Final = sender
        self.receiver: Final = receiver


@dataclass(frozen=True, slots=True)
class Trusted:
    """The trunks, and the routes and carriers, that a plan trusts."""

    trunks: frozenset[str] = frozenset()
    destinations: frozenset[tuple[bool, str]] = frozenset()

    @classmethod
    def of(cls, plan: Plan) -> Trusted:
        """What a plan says."""
        routes = {(False, one.name) for one in plan.routes if one.trusted}
        carriers = {(True, one.name) for one in plan.carriers if one.trusted}
        trunks = frozenset(one.name for one in plan.trunks if one.trusted)
        return cls(trunks, frozenset(routes | carriers))

    def reaches(self, step: Step) -> bool:
        """Whether a step's route or carrier is trusted."""
        return (step.carrier, step.route) in self.destinations


_NOTHING: Final = frozenset[bytes]()
_ASSERTED: Final = frozenset({b"p-asserted-identity"})
_PREFERRED: Final = frozenset({b"p-preferred-identity"})
_BOTH: Final = _ASSERTED | _PREFERRED


def wanted(headers: Headers) -> frozenset[bytes]:
    """The kinds of privacy that a message asks for; `none` takes back the others (RFC 3323 §4.2)."""
    lines = headers.lines(PRIVACY)
    if not lines:
        return frozenset()
    kinds = frozenset(one.lower() for line in lines for one in _SEPARATOR.split(line) if one)
    return frozenset({b"none"}) if b"none" in kinds else kinds


def cannot_be_given(headers: Headers) -> bytes:
    """The kinds that a message calls critical and that nobody here can give; empty if none."""
    kinds = wanted(headers)
    return b"; ".join(sorted(kinds - _GIVEN)) if b"critical" in kinds else b""


def withheld(headers: Headers, trust: Trust) -> frozenset[bytes]:
    """The names of fields that do not cross."""
    # An identity from outside asserts nothing (RFC 3325 §5); one that is preferred is a hint to
    # whoever asserts (§6).
    if trust.receiver:
        return _NOTHING if trust.sender else _ASSERTED
    usual = _PREFERRED if trust.sender else _BOTH
    if headers.first(PRIVACY) is None:
        return usual
    names = set(usual)
    for kind in wanted(headers):
        names |= _WITHHELD.get(kind, _NOTHING)
    return frozenset(names)


def still_wanted(value: bytes, trust: Trust) -> bytes:
    """A Privacy value as it goes on: without what was done here; empty when nothing is left."""
    if trust.receiver:
        return value
    kinds = [one for one in _SEPARATOR.split(value) if one]
    left = [one for one in kinds if one.lower() not in _DONE]
    return b";".join(left) if any(one.lower() != b"critical" for one in left) else b""


def shown_from(from_: NameAddr, headers: Headers, trust: Trust) -> NameAddr:
    """The From that goes on: nobody's, when the user wants that and nobody else would see to it."""
    return ANONYMOUS if not trust.receiver and b"user" in wanted(headers) else from_
