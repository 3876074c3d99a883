"""The INVITE of one attempt, made from the caller's INVITE: always from the original.

A fresh Call-ID and From tag for each attempt, so that a peer cannot take a second attempt for the
first one merged (RFC 3261 §8.2.2.2).
"""

from __future__ import annotations

import re

from sipfo.plan.order import Step
from sipfo.runtime.core import Core
from sipfo.runtime.headers import ALLOW, copy_end_to_end
from sipfo.runtime.locate import Target
from sipfo.runtime.sip.address import NameAddr
from sipfo.runtime.sip.cseq import CSeq
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Request
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.sip.uri import SipUri, parse_uri

FIRST_CSEQ = 1

_INDEX = re.compile(rb";[ \t]*index[ \t]*=[ \t]*([0-9]+(?:\.[0-9]+)*)[ \t]*(?:;|$)")


def build_invite(
    core: Core, original: Request, hops: int, step: Step, target: Target, dialled: str, flow: Flow
) -> Request:
    """The INVITE to `target`, with our Via on top; `hops` is its Max-Forwards."""
    uri = _request_uri(step, target)
    headers = Headers()
    headers.add(b"max-forwards", str(hops).encode("ascii"))
    headers.add(b"from", original.from_.with_tag(core.token()).encode())
    headers.add(b"to", NameAddr(b"", uri.bare().encode()).encode())
    headers.add(b"call-id", core.token())
    headers.add(b"cseq", CSeq(FIRST_CSEQ, "INVITE").encode())
    headers.add(b"contact", core.contact(flow))
    headers.add(b"allow", ALLOW)
    copy_end_to_end(original.headers, headers)
    if step.carrier:
        _say_forwarded(headers, dialled, uri, flow)
    request = Request("INVITE", uri.encode(), headers, original.body)
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


def _say_forwarded(headers: Headers, dialled: str, uri: SipUri, flow: Flow) -> None:
    """The original number in Diversion (RFC 5806) and History-Info (RFC 7044).

    The newest diversion stands first (RFC 5806 §4); history goes on after what the caller's
    INVITE brought.
    """
    here = f"sip:{dialled}@{encode_host(*flow.local)}"
    earlier = headers.lines(b"diversion")
    headers.remove(b"diversion")
    headers.add(b"diversion", f"<{here}>;reason=unavailable;counter=1".encode("ascii"))
    for value in earlier:
        headers.add(b"diversion", value)
    # 503 is "not reachable" (RFC 4458 §2): as Reason of the old target, as cause of the new one
    # (RFC 7044 §10.2).
    entries = headers.all(b"history-info")
    index = _INDEX.search(entries[-1]) if entries else None
    last = index[1].decode("ascii") if index is not None else "1"
    if index is None:
        first = f"<{here}?Reason=SIP%3Bcause%3D503>;index=1"
        headers.add(b"history-info", first.encode("ascii"))
    second = f"<{uri.bare()};cause=503>;index={last}.1;mp={last}"
    headers.add(b"history-info", second.encode("ascii"))
