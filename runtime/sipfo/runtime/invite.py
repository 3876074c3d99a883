"""The INVITE of one attempt, made from the caller's INVITE: always from the original.

A fresh Call-ID and From tag for each attempt, so that a peer cannot take a second attempt for the
first one merged (RFC 3261 §8.2.2.2).
"""

from __future__ import annotations

from typing import Final

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
from sipfo.runtime.sip.remembered import remembered
from sipfo.runtime.sip.uri import SipUri, parse_uri

FIRST_CSEQ = 1
_FIRST_CSEQ: Final = CSeq(FIRST_CSEQ, "INVITE").encode()


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
    if way is None:
        called, to = _destination(_that_led_to(step.destinations, target)).called(step.number)
    else:
        called, to = parse_uri(way.contact).encode(), way.to.encode("ascii")
    headers = Headers()
    headers.add(b"max-forwards", str(hops).encode("ascii"))
    if is_emergency(original) and not step.diverted:
        headers.add(b"route", route_to(_request_uri(step, target, way)))
        called = to = original.uri
    for route in way.routes if way is not None else ():
        headers.add(b"route", route.encode("utf-8"))  # the Path that it registered by (RFC 3327 §5)
    from_ = shown_from(original.from_, original.headers, trust)
    headers.add(b"from", from_.with_tag(core.token()).encode())
    headers.add(b"to", NameAddr(b"", to).encode())
    headers.add(b"call-id", core.token())
    headers.add(b"cseq", _FIRST_CSEQ)
    headers.add(b"contact", core.contact(flow))
    headers.add(b"allow", allowed(original.headers))
    for replaces in original.headers.lines(b"replaces"):
        headers.add(b"replaces", replaces)  # names a dialog of the target's by now (`dialogname`)
    copy_end_to_end(original.headers, headers, trust)
    if diverted is not None:
        hidden = b"history-info" in withheld(original.headers, trust)
        uri = _request_uri(step, target, way)
        say_forwarded(headers, original.uri, dialled, uri, flow, diverted, hidden)
    request = Request("INVITE", called, headers, original.body)
    core.stamp_via(request, flow)
    return request


class _Destination:
    """A destination's URI as text, cut where the called number goes in."""

    __slots__ = ("_bare", "_end", "_start", "_user")

    def __init__(self, text: str) -> None:
        uri = parse_uri(text)
        self._user: Final = uri.user
        self._start: Final = f"{uri.scheme}:"
        host = uri.with_user(None)
        self._end: Final = str(host).removeprefix(self._start)
        self._bare: Final = str(host.bare()).removeprefix(self._start)

    def called(self, number: str) -> tuple[bytes, bytes]:
        """The Request-URI, for the called number unless the destination names a user, and the same
        without parameters and headers, as To carries it."""
        user = _user(number) if self._user is None else self._user
        start = self._start if user is None else f"{self._start}{user}@"
        return (start + self._end).encode("ascii"), (start + self._bare).encode("ascii")


@remembered
def _destination(text: str) -> _Destination:
    return _Destination(text)


def destination_of(destinations: tuple[str, ...], target: Target) -> SipUri:
    """The one of these URIs that led to a target."""
    return parse_uri(_that_led_to(destinations, target))


def _that_led_to(destinations: tuple[str, ...], target: Target) -> str:
    if len(destinations) > 1:
        for text in destinations:
            if parse_uri(text).host == target.name:
                return text
    return destinations[0]


def _request_uri(step: Step, target: Target, way: Way | None) -> SipUri:
    """Where the INVITE to a target goes."""
    if way is not None:
        return parse_uri(way.contact)
    uri = destination_of(step.destinations, target)
    return uri if uri.user is not None else uri.with_user(_user(step.number))


def _user(number: str) -> str | None:
    """A number as the user of a URI: a `#` stands escaped there (RFC 3261 §25.1)."""
    return number.replace("#", "%23") or None
