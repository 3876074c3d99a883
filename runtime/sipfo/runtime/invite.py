"""The INVITE of one attempt, made from the caller's INVITE: always from the original.

A fresh Call-ID and From tag for each attempt, so that a peer cannot take a second attempt for the
first one merged (RFC 3261 §8.2.2.2).
"""

from __future__ import annotations

from sipfo.plan.order import Step
from sipfo.runtime.core import Core
from sipfo.runtime.diversion import Diverted, say_forwarded
from sipfo.runtime.emergency import is_emergency, route_to
from sipfo.runtime.headers import allowed, copy_end_to_end
from sipfo.runtime.locate import Target
from sipfo.runtime.privacy import Trust, shown_from, withheld
from sipfo.runtime.registrar.way import Way
from sipfo.runtime.sip.address import NameAddr
from sipfo.runtime.sip.cseq import CSeq
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Request
from sipfo.runtime.sip.uri import SipUri, parse_uri

FIRST_CSEQ = 1


def build_invite(
    core: Core,
    original: Request,
    hops: int,
    step: Step,
    target: Target,
    dialled: str,
    flow: Flow,
    trust: Trust,
    diverted: Diverted | None = None,
    way: Way | None = None,
) -> Request:
    """The INVITE to `target`, with our Via on top; `hops` is its Max-Forwards, `trust` says whether
    the caller's side and the target are of our trust domain; `diverted` why it goes to another
    number, if it does; `way` is that to a registered user."""
    uri = _request_uri(step, target) if way is None else parse_uri(way.contact)
    called, to = uri.encode(), uri.bare().encode() if way is None else way.to.encode("ascii")
    headers = Headers()
    headers.add(b"max-forwards", str(hops).encode("ascii"))
    if is_emergency(original) and not step.diverted:
        headers.add(b"route", route_to(uri))
        called = to = original.uri
    for route in way.routes if way is not None else ():
        headers.add(b"route", route.encode("utf-8"))  # the Path that it registered by (RFC 3327 §5)
    from_ = shown_from(original.from_, original.headers, trust)
    headers.add(b"from", from_.with_tag(core.token()).encode())
    headers.add(b"to", NameAddr(b"", to).encode())
    headers.add(b"call-id", core.token())
    headers.add(b"cseq", CSeq(FIRST_CSEQ, "INVITE").encode())
    headers.add(b"contact", core.contact(flow))
    headers.add(b"allow", allowed(original.headers))
    for replaces in original.headers.lines(b"replaces"):
        headers.add(b"replaces", replaces)  # names a dialog of the target's by now (`dialogname`)
    copy_end_to_end(original.headers, headers, trust)
    if diverted is not None:
        hidden = b"history-info" in withheld(original.headers, trust)
        say_forwarded(headers, original.uri, dialled, uri, flow, diverted, hidden)
    request = Request("INVITE", called, headers, original.body)
    core.stamp_via(request, flow)
    return request


def destination_of(destinations: tuple[str, ...], target: Target) -> SipUri:
    """The one of these URIs that led to a target."""
    uris = [parse_uri(text) for text in destinations]
    return next((one for one in uris if one.host == target.name), uris[0])


def _request_uri(step: Step, target: Target) -> SipUri:
    """The destination that led to the target, for the called number unless it names a user.

    RFC 3261 §25.1: a `#` stands escaped in a user part.
    """
    uri = destination_of(step.destinations, target)
    return uri if uri.user is not None else uri.with_user(step.number.replace("#", "%23") or None)
