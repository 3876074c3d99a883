"""Messages that the tests of the SIP core begin with, as bytes on the wire and as values."""

from __future__ import annotations

from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response, parse

OURS = ("192.0.2.10", 5060)
THEIRS = ("198.51.100.20", 5060)
UDP = Flow("udp", OURS, THEIRS)
TCP = Flow("tcp", OURS, THEIRS, 1)

FIELDS = (
    b"Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-1",
    b"Max-Forwards: 70",
    b'From: "Alice" <sip:alice@192.0.2.10>;tag=from-1',
    b"To: <sip:bob@198.51.100.20>",
    b"Call-ID: call-1",
    b"CSeq: 7 INVITE",
    b"Contact: <sip:alice@192.0.2.10:5060>",
)


def wire(*fields: bytes, start: bytes = b"INVITE sip:bob@198.51.100.20 SIP/2.0") -> bytes:
    """A message without a body, of exactly these fields."""
    return b"\r\n".join((start, *fields)) + b"\r\n\r\n"


def replaced(name: bytes, *lines: bytes) -> bytes:
    """The sample INVITE with these lines where the field of that name was."""
    fields: list[bytes] = []
    for field in FIELDS:
        fields += lines if field.startswith(name + b":") else (field,)
    return wire(*fields)


def as_request(data: bytes) -> Request:
    """Parsed, and a request."""
    message = parse(data)
    assert isinstance(message, Request)
    return message


def as_response(data: bytes) -> Response:
    """Parsed, and a response."""
    message = parse(data)
    assert isinstance(message, Response)
    return message


def request(
    method: str = "INVITE",
    branch: bytes = b"z9hG4bK-1",
    *,
    number: int = 7,
    to_tag: bytes | None = None,
    sent_by: bytes = b"192.0.2.10:5060",
) -> Request:
    """A request of the sample call."""
    to = b"To: <sip:bob@198.51.100.20>" + (b";tag=" + to_tag if to_tag else b"")
    fields = [
        b"Via: SIP/2.0/UDP " + sent_by + (b";branch=" + branch if branch else b""),
        *FIELDS[1:3],
        to,
        b"Call-ID: call-1",
        b"CSeq: %d %s" % (number, method.encode()),
        FIELDS[6],
    ]
    return as_request(wire(*fields, start=method.encode() + b" sip:bob@198.51.100.20 SIP/2.0"))


def answer(to: Request, status: int, tag: bytes = b"to-1") -> Response:
    """A response to it."""
    return make_response(to, status, to_tag=tag)
