"""The INVITE of one attempt, made from the caller's INVITE: always from the original.

A fresh Call-ID and From tag for each attempt, so that a peer cannot take a second attempt for the
first one merged (RFC 3261 §8.2.2.2).
"""

from __future__ import annotations

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
    if step.carrier:
        _say_forwarded(headers, original, dialled, uri, flow)
    copy_end_to_end(original.headers, headers)
    request = Request("INVITE", uri.encode(), headers, original.body)
    core.stamp_via(request, flow)
    return request


def _request_uri(step: Step, target: Target) -> SipUri:
    """The destination that led to the target, for the called number unless it names a user."""
    uris = [parse_uri(text) for text in step.destinations]
    uri = next((one for one in uris if one.host == target.name), uris[0])
    return uri if uri.user is not None else uri.with_user(step.number)


def _say_forwarded(
    headers: Headers, original: Request, dialled: str, uri: SipUri, flow: Flow
) -> None:
    """The original number in Diversion (RFC 5806) and History-Info (RFC 7044).

    The newest diversion stands first (RFC 5806 §4), so it goes above those that the caller's
    INVITE brings; history goes below, one entry for each that it does not have yet.
    """
    host = encode_host(*flow.local)
    diverted = f"<sip:{dialled}@{host}>;reason=unavailable;counter=1"
    headers.add(b"diversion", diverted.encode("ascii", "replace"))
    if not original.headers.lines(b"history-info"):
        # cause 503 is "not reachable" (RFC 4458 §2), as URI parameter of the new target and as
        # Reason of the old one (RFC 7044 §10.2).
        first = f"<sip:{dialled}@{host}?Reason=SIP%3Bcause%3D503>;index=1"
        second = f"<{uri.bare()};cause=503>;index=1.1;mp=1"
        headers.add(b"history-info", f"{first}, {second}".encode("ascii", "replace"))
