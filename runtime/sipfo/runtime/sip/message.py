"""Bytes to SIP messages and back (RFC 3261 §7), parsed no further than asked for.

A message is its start line, its header fields and an opaque body. The fields that every request
needs are parsed on first use and kept. Text is split on CRLF only, by bytes, never by what
Python takes for a line or a digit.
"""

from __future__ import annotations

import re

from sipfo.runtime.sip.address import NameAddr, parse_address
from sipfo.runtime.sip.cseq import CSeq, parse_cseq
from sipfo.runtime.sip.headers import Headers, field_name, is_token, spelled
from sipfo.runtime.sip.limits import (
    MAX_FIELDS,
    MAX_HEADER_SECTION,
    MAX_LINE,
    MAX_MESSAGE,
    MAX_VIAS,
)
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.via import Via, parse_via

SINGLE = (b"from", b"to", b"call-id", b"cseq", b"max-forwards", b"content-length")

_STATUS_LINE = re.compile(rb"SIP/([0-9.]{1,8}) ([0-9]{3})(?: (.*))?", re.DOTALL | re.IGNORECASE)
_VERSION = re.compile(rb"SIP/[0-9]+\.[0-9]+", re.IGNORECASE)
_NUMBER = re.compile(rb"[0-9]{1,10}")
_FOLD = re.compile(rb"\r\n[ \t]+")
_BARE_NUL = re.compile(rb"(?<!\\)\x00")


class Message:
    """What requests and responses share: header fields, body, and parsed fields kept."""

    __slots__ = ("_call_id", "_cseq", "_from", "_to", "_via", "body", "headers")

    def __init__(self, headers: Headers, body: bytes) -> None:
        self.headers = headers
        self.body = body
        self._via: Via | None = None
        self._from: NameAddr | None = None
        self._to: NameAddr | None = None
        self._cseq: CSeq | None = None
        self._call_id: bytes | None = None

    def _need(self, name: bytes) -> bytes:
        value = self.headers.first(name)
        if value is None:
            raise Malformed(400, f"no {spelled(name).decode()}")
        return value

    @property
    def via(self) -> Via:
        """The topmost Via. Raises Malformed."""
        if self._via is None:
            vias = self.headers.all(b"via")
            if not vias:
                raise Malformed(400, "no Via")
            if len(vias) > MAX_VIAS:
                raise Malformed(400, "too many Vias")
            self._via = parse_via(vias[0])
        return self._via

    @property
    def from_(self) -> NameAddr:
        """From. Raises Malformed."""
        if self._from is None:
            self._from = parse_address(self._need(b"from"))
        return self._from

    @property
    def to(self) -> NameAddr:
        """To. Raises Malformed."""
        if self._to is None:
            self._to = parse_address(self._need(b"to"))
        return self._to

    @property
    def cseq(self) -> CSeq:
        """CSeq. Raises Malformed."""
        if self._cseq is None:
            self._cseq = parse_cseq(self._need(b"cseq"))
        return self._cseq

    @property
    def call_id(self) -> bytes:
        """Call-ID. Raises Malformed."""
        if self._call_id is None:
            self._call_id = self._need(b"call-id")
        return self._call_id

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact, if there is one. Raises Malformed."""
        contacts = self.headers.all(b"contact")
        return parse_address(contacts[0]) if contacts else None

    @property
    def max_forwards(self) -> int | None:
        """Max-Forwards, if there is one. Raises Malformed."""
        value = self.headers.first(b"max-forwards")
        return None if value is None else _integer(value, b"max-forwards")


class Request(Message):
    """A request: method (case matters, RFC 3261 §7.1), Request-URI, fields, body."""

    __slots__ = ("method", "uri")

    def __init__(self, method: str, uri: bytes, headers: Headers, body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.method = method
        self.uri = uri

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Request) and (
            (self.method, self.uri, self.headers, self.body)
            == (other.method, other.uri, other.headers, other.body)
        )

    __hash__ = None  # type: ignore[assignment]  # mutable, and equal by content

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.uri!r}>"


class Response(Message):
    """A response: status code, reason phrase, fields, body."""

    __slots__ = ("phrase", "status")

    def __init__(self, status: int, phrase: bytes, headers: Headers, body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.status = status
        self.phrase = phrase

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Response) and (
            (self.status, self.phrase, self.headers, self.body)
            == (other.status, other.phrase, other.headers, other.body)
        )

    __hash__ = None  # type: ignore[assignment]  # mutable, and equal by content

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.phrase!r}>"


def parse(data: bytes) -> Request | Response:
    """One message that fills a datagram, or that framing cut out of a stream.

    Bytes past Content-Length are dropped, too few are an error (RFC 3261 §18.3). Raises Malformed.
    """
    if len(data) > MAX_MESSAGE:
        raise Malformed(513, "message too large")
    data = data.lstrip(b"\r\n")  # RFC 3261 §7.5
    head, blank, rest = data.partition(b"\r\n\r\n")
    if not blank:
        # A message whose last header is not followed by the blank line is still readable.
        head = head.removesuffix(b"\r\n")
    if len(head) > MAX_HEADER_SECTION:
        raise Malformed(513, "header section too large")
    # CR and LF stand in CRLF only, NUL in a quoted pair only (RFC 3261 §25.1).
    if not head.count(b"\r\n") == head.count(b"\r") == head.count(b"\n") or (
        b"\x00" in head and _BARE_NUL.search(head)
    ):
        raise Malformed(400, "control character")
    start, _, section = head.partition(b"\r\n")
    headers = _parse_fields(section)
    try:
        return _parse_start(start, headers, _cut_body(headers, rest))
    except Malformed as error:
        if start[:4].upper() not in (b"SIP/", b"ACK "):  # neither a response nor an ACK is answered
            error.headers = headers
        raise


def _cut_body(headers: Headers, rest: bytes) -> bytes:
    length = headers.first(b"content-length")
    if length is None:
        return rest
    size = _integer(length, b"content-length")
    if size > len(rest):
        raise Malformed(400, "Content-Length larger than the body")
    return rest[:size]


def _parse_start(start: bytes, headers: Headers, body: bytes) -> Request | Response:
    status_line = _STATUS_LINE.fullmatch(start)
    if status_line is not None:
        version, status, phrase = status_line.groups()
        if version != b"2.0" or not 100 <= int(status) <= 699:
            raise Malformed(400, "bad status line")
        return Response(int(status), phrase or b"", headers, body)
    parts = start.split(b" ")
    if len(parts) != 3 or not is_token(parts[0]) or not parts[1]:
        raise Malformed(400, "bad request line")
    if not _VERSION.fullmatch(parts[2]):
        raise Malformed(400, "bad request line")
    if parts[2].upper() != b"SIP/2.0":
        raise Malformed(505, "SIP version not supported")
    return Request(parts[0].decode("ascii"), parts[1], headers, body)


def _parse_fields(section: bytes) -> Headers:
    if b"\r\n " in section or b"\r\n\t" in section:
        section = _FOLD.sub(b" ", section)  # RFC 3261 §7.3.1
    fields: list[tuple[bytes, bytes]] = []
    if section:
        lines = section.split(b"\r\n")
        if len(lines) > MAX_FIELDS:
            raise Malformed(400, "too many header fields")
        is_long = len(section) > MAX_LINE
        for line in lines:
            spelling, colon, value = line.partition(b":")
            name = field_name(spelling)
            if not colon or name is None:
                raise Malformed(400, "bad header field")
            if is_long and len(line) > MAX_LINE:
                raise Malformed(400, "header field too long")
            fields.append((name, value.strip(b" \t")))
    return Headers(fields)


def _integer(value: bytes, name: bytes) -> int:
    if not _NUMBER.fullmatch(value):
        raise Malformed(400, f"bad {spelled(name).decode()}")
    return int(value)


def check(request: Request) -> None:
    """That a request has every field that it must (RFC 3261 §8.1.1), once. Raises Malformed."""
    names = [name for name, _ in request.headers]
    for name in SINGLE:
        if names.count(name) > 1:
            raise Malformed(400, f"more than one {spelled(name).decode()}")
    # Each property raises when its field is missing or cannot be read.
    _ = request.via, request.from_, request.to
    if not request.call_id:
        raise Malformed(400, "empty Call-ID")
    if request.cseq.method != request.method:
        raise Malformed(400, "CSeq method is not the request's")
    hops = request.max_forwards
    if hops is not None and hops > 255:
        raise Malformed(400, "bad Max-Forwards")


def serialize(message: Request | Response) -> bytes:
    """The message as it goes on the wire, with the Content-Length that its body has."""
    if isinstance(message, Request):
        lines = [b"%s %s SIP/2.0" % (message.method.encode("ascii"), message.uri)]
    else:
        lines = [b"SIP/2.0 %d %s" % (message.status, message.phrase)]
    lines += [
        spelled(name) + b": " + value
        for name, value in message.headers
        if name != b"content-length"
    ]
    lines.append(b"Content-Length: %d" % len(message.body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + message.body
