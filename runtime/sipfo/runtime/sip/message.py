"""Bytes to SIP messages and back (RFC 3261 §7), parsed no further than asked for.

A message is its start line, its header fields and an opaque body. The fields that every request
needs are parsed on first use and kept. Text is split on CRLF only, by bytes, never by what
Python takes for a line or a digit.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.runtime.sip.address import NameAddr, read_address
from sipfo.runtime.sip.cseq import CSeq, parse_cseq
from sipfo.runtime.sip.headers import COMMA, Field, Headers, read_field, without_control
from sipfo.runtime.sip.limits import (
    MAX_FIELDS,
    MAX_HEADER_SECTION,
    MAX_LINE,
    MAX_MESSAGE,
    MAX_VIAS,
)
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.names import (
    CALL_ID,
    CONTACT,
    CONTENT_LENGTH,
    CSEQ,
    FROM,
    MAX_FORWARDS,
    TO,
    VIA,
    FieldName,
    is_token,
    spelled,
)
from sipfo.runtime.sip.remembered import LONGEST, remember
from sipfo.runtime.sip.via import Via, parse_via

_SINGLE: Final = FROM.bit | TO.bit | CALL_ID.bit | CSEQ.bit | MAX_FORWARDS.bit | CONTENT_LENGTH.bit
"""Fields that a message may have one of."""

_STATUS_LINE = re.compile(rb"SIP/([0-9.]{1,8}) ([0-9]{3})(?: (.*))?", re.DOTALL | re.IGNORECASE)
_VERSION = re.compile(rb"SIP/[0-9]+\.[0-9]+", re.IGNORECASE)
MAX_DIGITS: Final = 10
"""Of a number that a field is."""

_FOLD = re.compile(rb"\r\n[ \t]+")
_NO_BODY: Final = b"Content-Length: 0"
_BLANKS: Final = (b" ", b"\t")
_STATUSES: Final = {b"%d" % status: status for status in range(100, 700)}
_METHODS: Final = {
    method.encode("ascii"): method
    for method in (
        *("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "PRACK", "UPDATE", "INFO", "REFER"),
        *("NOTIFY", "SUBSCRIBE", "MESSAGE", "REGISTER", "PUBLISH"),
    )
}

_LINES: Final[dict[bytes, Field]] = {}
"""Lines that were read before: a call says nearly the same in all of its messages."""


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

    def _need(self, name: FieldName) -> Field:
        field = self.headers.find(name)
        if field is None:
            raise Malformed(400, f"no {spelled(name.normal).decode()}")
        return field

    @property
    def via(self) -> Via:
        """The topmost Via. Raises Malformed."""
        if self._via is None:
            self._via = _top_via(self.headers)
        return self._via

    def put_via(self, via: Via) -> None:
        """Put a Via on top of all."""
        self.headers.prepend(VIA, via.encode(), via)
        self._via = via

    @property
    def from_(self) -> NameAddr:
        """From. Raises Malformed."""
        if self._from is None:
            self._from = _address(self._need(FROM))
        return self._from

    @property
    def to(self) -> NameAddr:
        """To. Raises Malformed."""
        if self._to is None:
            self._to = _address(self._need(TO))
        return self._to

    @property
    def cseq(self) -> CSeq:
        """CSeq. Raises Malformed."""
        if self._cseq is None:
            self._cseq = _cseq(self._need(CSEQ))
        return self._cseq

    @property
    def call_id(self) -> bytes:
        """Call-ID. Raises Malformed."""
        if self._call_id is None:
            self._call_id = self._need(CALL_ID).value
        return self._call_id

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact, if there is one. Raises Malformed."""
        field = self.headers.find(CONTACT)
        if field is None:
            return None
        if field.value and COMMA not in field.value:
            return _address(field)
        contacts = self.headers.all(CONTACT)
        return read_address(contacts[0]) if contacts else None

    @property
    def max_forwards(self) -> int | None:
        """Max-Forwards, if there is one. Raises Malformed."""
        field = self.headers.find(MAX_FORWARDS)
        return None if field is None else _number(field)


class Request(Message):
    """A request: method (case matters, RFC 3261 §7.1), Request-URI, fields, body."""

    __slots__ = ("is_outline", "method", "uri")

    def __init__(self, method: str, uri: bytes, headers: Headers, body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.method = method
        self.uri = uri
        self.is_outline = False
        """Whether no more is left of it than names it (`build.outlined`)."""

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
    if data and data[0] in b"\r\n":
        data = data.lstrip(b"\r\n")  # RFC 3261 §7.5
    head, blank, rest = data.partition(b"\r\n\r\n")
    if not blank:
        # A message whose last header is not followed by the blank line is still readable.
        head = head.removesuffix(b"\r\n")
    if len(head) > MAX_HEADER_SECTION:
        raise Malformed(513, "header section too large")
    lines = head.split(b"\r\n")
    start = without_control(lines[0])
    headers = _parse_fields(lines, len(head))
    try:
        return _parse_start(start, headers, _cut_body(headers, rest))
    except Malformed as error:
        if start[:4].upper() not in (b"SIP/", b"ACK "):  # neither a response nor an ACK is answered
            error.headers = headers
        raise


def _cut_body(headers: Headers, rest: bytes) -> bytes:
    length = headers.find(CONTENT_LENGTH)
    if length is None:
        return rest
    size = _number(length)
    if size > len(rest):
        raise Malformed(400, "Content-Length larger than the body")
    return rest[:size]


def _parse_start(start: bytes, headers: Headers, body: bytes) -> Request | Response:
    if start.startswith(b"SIP/2.0 ") and start[11:12] == b" ":  # as nearly everybody writes it
        known = _STATUSES.get(start[8:11])
        if known is not None:
            return Response(known, start[12:], headers, body)
    parts = start.split(b" ")
    if len(parts) == 3 and parts[1] and parts[2] == b"SIP/2.0":
        usual = _METHODS.get(parts[0])
        if usual is not None:
            return Request(usual, parts[1], headers, body)
    status_line = _STATUS_LINE.fullmatch(start)
    if status_line is not None:
        version, status, phrase = status_line.groups()
        if version != b"2.0" or not 100 <= int(status) <= 699:
            raise Malformed(400, "bad status line")
        return Response(int(status), phrase or b"", headers, body)
    if len(parts) != 3 or not parts[1]:
        raise Malformed(400, "bad request line")
    method, uri, version = parts
    if not is_token(method) or not _VERSION.fullmatch(version):
        raise Malformed(400, "bad request line")
    if version.upper() != b"SIP/2.0":
        raise Malformed(505, "SIP version not supported")
    return Request(method.decode("ascii"), uri, headers, body)


def _parse_fields(lines: list[bytes], size: int) -> Headers:
    """The fields that stand after the start line, of a header section of so many bytes."""
    if len(lines) > MAX_FIELDS + 1:
        lines = _unfolded(lines)
        if len(lines) > MAX_FIELDS + 1:
            raise Malformed(400, "too many header fields")
    fields: list[Field] = []
    is_request = not lines[0].startswith(b"SIP/")
    for line in lines[1:]:
        field = _LINES.get(line)
        if field is None:
            field = read_field(line)
            if field is None:
                if line[:1] in _BLANKS and line is not lines[1]:
                    return _parse_fields(_unfolded(lines), size)
                raise Malformed(400, "bad header field")
            # Each request has a Via of its own; what answers it repeats that.
            if len(line) <= LONGEST and not (is_request and field.name is VIA):
                remember(_LINES, line, field)
        fields.append(field)
    if size > MAX_LINE and any(len(line) > MAX_LINE for line in lines[1:]):
        raise Malformed(400, "header field too long")
    return Headers(fields=fields)


def _unfolded(lines: list[bytes]) -> list[bytes]:
    """The same lines without folding (RFC 3261 §7.3.1)."""
    section = b"\r\n".join(lines[1:])
    return [lines[0], *_FOLD.sub(b" ", section).split(b"\r\n")]


def _top_via(headers: Headers) -> Via:
    """The first item of all Vias. Raises Malformed."""
    vias = headers.every(VIA)
    if len(vias) == 1 and vias[0].value and COMMA not in vias[0].value:
        only = vias[0]
        if not isinstance(only.read, Via):
            only.read = parse_via(only.value)
        return only.read
    hops = headers.all(VIA)
    if not hops:
        raise Malformed(400, "no Via")
    if len(hops) > MAX_VIAS:
        raise Malformed(400, "too many Vias")
    return parse_via(hops[0])


def _address(field: Field) -> NameAddr:
    read = field.read
    if isinstance(read, NameAddr):
        return read
    address = read_address(field.value)
    field.read = address
    return address


def _cseq(field: Field) -> CSeq:
    read = field.read
    if isinstance(read, CSeq):
        return read
    cseq = parse_cseq(field.value)
    field.read = cseq
    return cseq


def _number(field: Field) -> int:
    read = field.read
    if isinstance(read, int):
        return read
    value = field.value
    if not value.isdigit() or len(value) > MAX_DIGITS:
        raise Malformed(400, f"bad {spelled(field.name.normal).decode()}")
    number = int(value)
    field.read = number
    return number


def check(request: Request) -> None:
    """That a request has every field that it must (RFC 3261 §8.1.1), once. Raises Malformed."""
    seen = 0
    for field in request.headers.fields:
        bit = field.name.bit & _SINGLE
        if seen & bit:
            raise Malformed(400, f"more than one {spelled(field.name.normal).decode()}")
        seen |= bit
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
    for field in message.headers.fields:
        if field.name is not CONTENT_LENGTH:
            lines.append(field.line)
    body = message.body
    lines.append(b"Content-Length: %d" % len(body) if body else _NO_BODY)
    lines.append(b"")
    lines.append(body)
    return b"\r\n".join(lines)
