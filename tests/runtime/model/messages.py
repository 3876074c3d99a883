"""What a caller and its callees write themselves, as opposed to what only answers the engine."""

from __future__ import annotations

from functools import lru_cache

from runtime.model.laws import Offer
from runtime.world import SIPFO
from sipfo.runtime.sip.message import Request, Response, parse

INVITE = (
    "INVITE sip:+13125550123@192.0.2.10 SIP/2.0\r\n"
    "Via: SIP/2.0/{transport} 192.0.2.200:5060;branch=z9hG4bKcaller;rport\r\n"
    "Max-Forwards: 70\r\n"
    'From: "Ann" <sip:+13125550001@192.0.2.200>;tag=caller\r\n'
    "To: <sip:+13125550123@192.0.2.10>\r\n"
    "Call-ID: call@192.0.2.200\r\n"
    "CSeq: 1 INVITE\r\n"
    "Contact: <sip:ann@192.0.2.200:5060>\r\n"
    "Content-Length: 0\r\n\r\n"
)


@lru_cache(maxsize=200_000)
def read(data: bytes) -> Request | Response:
    """A message that the engine sent; the same bytes are read once."""
    return parse(data)


def invite(transport: str) -> Request:
    """The INVITE that every call here begins with."""
    return _request(INVITE.format(transport=transport.upper()).encode())


def of_caller(original: Request, method: str, number: int, to: bytes) -> Request:
    """A request of the caller's in the dialog whose To field is `to`."""
    lines = (
        f"{method} sip:{SIPFO[0]} SIP/2.0".encode(),
        b"Via: SIP/2.0/%s 192.0.2.200:5060;branch=z9hG4bK%s;rport"
        % (original.via.transport.upper().encode(), method.encode()),
        b"From: " + original.from_.encode(),
        b"To: " + to,
        b"Call-ID: " + original.call_id,
        f"CSeq: {number} {method}".encode(),
        b"Content-Length: 0\r\n\r\n",
    )
    return _request(b"\r\n".join(lines))


def bye_of_callee(offer: Offer) -> Request:
    """The BYE of who picked up."""
    original, flow = offer.request, offer.flow
    contact = original.contact
    assert contact is not None  # every INVITE of ours has one
    lines = (
        b"BYE " + contact.uri + b" SIP/2.0",
        b"Via: SIP/2.0/%s %s;branch=z9hG4bKbye%d;rport"
        % (flow.transport.upper().encode(), flow.remote[0].encode(), offer.number),
        b"From: " + original.to.with_tag(b"a").encode(),
        b"To: " + original.from_.encode(),
        b"Call-ID: " + original.call_id,
        b"CSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
    )
    return _request(b"\r\n".join(lines))


def _request(data: bytes) -> Request:
    request = parse(data)
    assert isinstance(request, Request)
    return request
