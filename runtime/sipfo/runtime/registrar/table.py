"""A user's bindings after a REGISTER: all of what it asks for, or nothing (RFC 3261 §10.3 step 7).

Pure, so that a store can do it between reading and writing, again if somebody else was faster. What
would surprise: a REGISTER that comes late, after a later one of the same telephone, changes nothing
and fails as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sipfo.runtime.registrar.binding import Binding, Origin
from sipfo.runtime.registrar.register import MOST_CONTACTS, NotTaken, Registration, Wanted
from sipfo.runtime.registrar.sameness import same
from sipfo.runtime.sip.uri import parse_uri

Bindings = tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Came:
    """How a REGISTER came: when (Unix seconds), from where, to which instance, and whether whoever
    sent it is not where its Contact says."""

    at: float
    instance: str
    origin: Origin
    hidden: frozenset[str] = frozenset()
    """The contacts that are not where they say."""


def alive(bindings: Iterable[Binding], at: float) -> Bindings:
    """Those that have not expired, the most wanted first, then the latest."""
    left = [one for one in bindings if one.expires > at]
    return tuple(sorted(left, key=lambda one: (-one.q, -one.updated, one.contact)))


def change(bindings: Iterable[Binding], registration: Registration, came: Came) -> Bindings:
    """The bindings that there are afterwards. Raises NotTaken; nothing has changed then."""
    before = alive(bindings, came.at)
    left = list(before)
    if registration.everything:
        for one in left:
            _check_order(one, registration)
        return ()
    for wanted in registration.contacts:
        replaced = [one for one in left if _is_replaced(one, wanted)]
        for one in replaced:
            if one in before:  # and not what the same REGISTER has just said
                _check_order(one, registration)
            left.remove(one)
        if wanted.expires:
            left.append(_made(wanted, registration, came))
    if len(left) > MOST_CONTACTS:
        raise NotTaken(403, f"more than {MOST_CONTACTS} contacts")
    return alive(left, came.at)


def _is_replaced(one: Binding, wanted: Wanted) -> bool:
    """Whether a contact takes the place of a binding: the same URI, or, of a telephone that has
    several flows, the same one of them (RFC 5626 §6)."""
    if wanted.reg_id and one.reg_id:
        return (one.device, one.reg_id) == (wanted.device, wanted.reg_id)
    if wanted.reg_id or one.reg_id:
        # A telephone that has given up outbound, or begun with it, is the same one.
        return bool(one.device) and one.device == wanted.device and _is_same(one, wanted)
    return _is_same(one, wanted)


def _is_same(one: Binding, wanted: Wanted) -> bool:
    return same(parse_uri(one.contact), parse_uri(wanted.contact))


def _check_order(one: Binding, registration: Registration) -> None:
    """ "If the Call-ID … are the same, the registrar compares the CSeq value" (§10.3 step 7)."""
    if one.call_id == registration.call_id and one.number >= registration.number:
        raise NotTaken(500, "CSeq is not higher than that of the registration before")


def _made(wanted: Wanted, registration: Registration, came: Came) -> Binding:
    return Binding(
        contact=wanted.contact,
        call_id=registration.call_id,
        number=registration.number,
        expires=came.at + wanted.expires,
        updated=came.at,
        instance=came.instance,
        origin=came.origin,
        q=wanted.q,
        path=registration.path,
        params=wanted.params,
        device=wanted.device,
        reg_id=wanted.reg_id,
        is_hidden=wanted.contact in came.hidden,
        agent=registration.agent,
    )


def without(bindings: Iterable[Binding], connection: str) -> Bindings:
    """The bindings without those that a connection was the only way to (RFC 5626 §5.3)."""
    return tuple(one for one in bindings if one.origin.connection != connection)
