"""Bytes to SIP messages and back (RFC 3261 §7), parsed no further than asked for.

A message is its start line, its header fields and an opaque body. The fields that every request
needs are parsed on first use and kept. Text is split on CRLF only, by bytes, never by what
Python takes for a line or a digit.
"""

from __future__ import annotations

import re

from sipfo.runtime.sip.address import NameAddr, parse_address
from sipfo.runtime.sip.cseq import CSeq, parse_cseq
from sipfo.runtime.sip.headers import (
    FIELD_NAMES,
    Headers,
    field_name,
    is_token,
    line_start,
    spelled,
)
from sipfo.runtime.sip.limits import (
    MAX_FIELDS,
    MAX_HEADER_SECTION,
    MAX_LINE,
    MAX_MESSAGE,
    MAX_VIAS,
)
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.via import Via, parse_via

SINGLE = frozenset({b"from", b"to", b"call-id", b"cseq", b"max-forwards", b"content-length"})

_STATUS_LINE = re.compile(rb"SIP/([0-9.]{1,8}) ([0-9]{3})(?: (.*))?", re.DOTALL | re.IGNORECASE)
_VERSION = re.compile(rb"SIP/[0-9]+\.[0-9]+", re.IGNORECASE)
MAX_DIGITS = 10
"""Of a number that a field is."""

_FOLD = re.compile(rb"\r\n[ \t]+")
_NO_BODY = b"\r\nContent-Length: 0\r\n\r\n"
_BREAKS = (b"\r", b"\n")
_BLANKS = (b" ", b"\t")
_STATUSES = {b"%d" % status: status for status in range(100, 700)}
_METHODS = {
    method.encode("ascii"): method
    for method in (
        *("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "PRACK", "UPDATE", "INFO", "REFER"),
        *("NOTIFY", "SUBSCRIBE", "MESSAGE", "REGISTER", "PUBLISH"),
    )
}
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

    def put_via(self, via: Via) -> None:
        """Put a Via on top of all."""
        self.headers.prepend(b"via", via.encode())
        self._via = via

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
    if data[:1] in _BREAKS:
        data = data.lstrip(b"\r\n")  # RFC 3261 §7.5
    head, blank, rest = data.partition(b"\r\n\r\n")
    if not blank:
        # A message whose last header is not followed by the blank line is still readable.
        head = head.removesuffix(b"\r\n")
    if len(head) > MAX_HEADER_SECTION:
        raise Malformed(513, "header section too large")
    lines = head.split(b"\r\n")
    # CR and LF stand in CRLF only, NUL in a quoted pair only (RFC 3261 §25.1).
    text = b"".join(lines)
    if text.find(b"\r") >= 0 or text.find(b"\n") >= 0:
        raise Malformed(400, "control character")
    if text.find(b"\x00") >= 0 and _BARE_NUL.search(head):
        raise Malformed(400, "control character")
    start = lines[0]
    headers = _parse_fields(lines, len(head))
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
    if length == b"0":
        return b""
    size = _integer(length, b"content-length")
    if size > len(rest):
        raise Malformed(400, "Content-Length larger than the body")
    return rest[:size]


def _parse_start(start: bytes, headers: Headers, body: bytes) -> Request | Response:
    if start[:8] == b"SIP/2.0 " and start[11:12] == b" ":  # as nearly everybody writes it
        known = _STATUSES.get(start[8:11])
        if known is not None:
            return Response(known, start[12:], headers, body)
    status_line = _STATUS_LINE.fullmatch(start)
    if status_line is not None:
        version, status, phrase = status_line.groups()
        if version != b"2.0" or not 100 <= int(status) <= 699:
            raise Malformed(400, "bad status line")
        return Response(int(status), phrase or b"", headers, body)
    parts = start.split(b" ")
    if len(parts) != 3 or not parts[1]:
        raise Malformed(400, "bad request line")
    method, uri, version = parts
    usual = _METHODS.get(method)
    if usual is not None and version == b"SIP/2.0":
        return Request(usual, uri, headers, body)
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
    fields: list[tuple[bytes, bytes]] = []
    known = FIELD_NAMES
    for line in lines[1:]:
        spelling, colon, value = line.partition(b":")
        name = known.get(spelling)
        if name is None or not colon:
            if spelling[:1] in _BLANKS and line is not lines[1]:
                return _parse_fields(_unfolded(lines), size)
            name = field_name(spelling)
            if name is None or not colon:
                raise Malformed(400, "bad header field")
        fields.append((name, value.strip(b" \t")))
    if size > MAX_LINE and any(len(line) > MAX_LINE for line in lines[1:]):
        raise Malformed(400, "header field too long")
    return Headers(fields)


def _unfolded(lines: list[bytes]) -> list[bytes]:
    """The same lines without folding (RFC 3261 §7.3.1)."""
    section = b"\r\n".join(lines[1:])
    return [lines[0], *_FOLD.sub(b" ", section).split(b"\r\n")]


def _integer(value: bytes, name: bytes) -> int:
    if not value.isdigit() or len(value) > MAX_DIGITS:
        raise Malformed(400, f"bad {spelled(name).decode()}")
    return int(value)


def check(request: Request) -> None:
    """That a request has every field that it must (RFC 3261 §8.1.1), once. Raises Malformed."""
    seen: set[bytes] = set()
    for name, _ in request.headers.fields:
        if name in SINGLE:
            if name in seen:
                raise Malformed(400, f"more than one {spelled(name).decode()}")
            seen.add(name)
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
        parts = [message.method.encode("ascii"), b" ", message.uri, b" SIP/2.0"]
    else:
        parts = [b"SIP/2.0 %d " % message.status, message.phrase]
    for name, value in message.headers.fields:
        if name != b"content-length":
            parts.append(line_start(name))
            parts.append(value)
    body = message.body
    parts.append(b"\r\nContent-Length: %d\r\n\r\n" % len(body) if body else _NO_BODY)
    parts.append(body)
    return b"".join(parts)
