"""Messages made from messages: responses, the ACK of a refusal, CANCEL."""

from __future__ import annotations

import re
from typing import Final

from sipfo.runtime.sip.cseq import CSeq
from sipfo.runtime.sip.headers import Field, Headers, new_field
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.sip.names import CALL_ID, CSEQ, FROM, MAX_FORWARDS, ROUTE, TIMESTAMP, TO, VIA

REASON_PHRASES: Final = {
    100: b"Trying",
    180: b"Ringing",
    181: b"Call Is Being Forwarded",
    182: b"Queued",
    183: b"Session Progress",
    200: b"OK",
    202: b"Accepted",
    300: b"Multiple Choices",
    301: b"Moved Permanently",
    302: b"Moved Temporarily",
    305: b"Use Proxy",
    380: b"Alternative Service",
    400: b"Bad Request",
    401: b"Unauthorized",
    402: b"Payment Required",
    403: b"Forbidden",
    404: b"Not Found",
    405: b"Method Not Allowed",
    406: b"Not Acceptable",
    407: b"Proxy Authentication Required",
    408: b"Request Timeout",
    410: b"Gone",
    413: b"Request Entity Too Large",
    414: b"Request-URI Too Long",
    415: b"Unsupported Media Type",
    416: b"Unsupported URI Scheme",
    420: b"Bad Extension",
    421: b"Extension Required",
    422: b"Session Interval Too Small",
    423: b"Interval Too Brief",
    430: b"Flow Failed",
    439: b"First Hop Lacks Outbound Support",
    480: b"Temporarily Unavailable",
    481: b"Call/Transaction Does Not Exist",
    482: b"Loop Detected",
    483: b"Too Many Hops",
    484: b"Address Incomplete",
    485: b"Ambiguous",
    486: b"Busy Here",
    487: b"Request Terminated",
    488: b"Not Acceptable Here",
    489: b"Bad Event",
    491: b"Request Pending",
    493: b"Undecipherable",
    500: b"Server Internal Error",
    501: b"Not Implemented",
    502: b"Bad Gateway",
    503: b"Service Unavailable",
    504: b"Server Time-out",
    505: b"Version Not Supported",
    513: b"Message Too Large",
    580: b"Precondition Failure",
    600: b"Busy Everywhere",
    603: b"Decline",
    604: b"Does Not Exist Anywhere",
    606: b"Not Acceptable",
    607: b"Unwanted",
    608: b"Rejected",
}


_REPEATED: Final = (FROM, TO, CALL_ID, CSEQ)
"""What a response says of its request, besides the way back."""


def make_response(
    request: Request, status: int, phrase: bytes | None = None, to_tag: bytes | None = None
) -> Response:
    """A response to a request (RFC 3261 §8.2.6); `to_tag` is added unless To has one.

    Never fails: what a malformed request lacks is left out, what cannot be read goes back as it is.
    """
    theirs = request.headers
    fields = theirs.every(VIA)
    for name in _REPEATED:
        field = theirs.find(name)
        if field is not None:  # a request that lacks it is refused all the same
            fields.append(_tagged(request, field, to_tag) if name is TO else field)
    timestamp = theirs.find(TIMESTAMP) if status == 100 else None
    if timestamp is not None:
        fields.append(timestamp)  # §8.2.6.1
    if phrase is None:
        phrase = REASON_PHRASES.get(status, b"Unknown")
    return Response(status, phrase, Headers(fields=fields))


def _tagged(request: Request, to: Field, tag: bytes | None) -> Field:
    if tag is None:
        return to
    try:
        address = request.to
    except Malformed:
        return to
    if address.tag is not None:
        return to
    tagged = address.with_tag(tag)
    return new_field(TO, tagged.encode(), tagged)


_TAG = re.compile(rb";[ \t]*tag[ \t]*=[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)", re.IGNORECASE)


def restore_to(response: Response, request: Request) -> None:
    """Make a To that cannot be read what it should have been: the request's (RFC 3261 §8.2.6.2),
    with the tag that can still be found.

    Whoever answers so has answered: the 2xx must be acknowledged, and the call can go on.
    """
    try:
        _ = response.to
    except Malformed:
        tag = _TAG.search(response.headers.first(b"to") or b"")
        to = request.to if tag is None else request.to.with_tag(tag[1])
        response.headers.set(b"to", to.encode())


def renumbered(request: Request, number: int) -> Request:
    """A request to be sent again without its Via: the same Call-ID, From and To under another CSeq
    (RFC 3261 §8.1.3.5)."""
    headers = Headers(fields=[one for one in request.headers.fields if one.name is not VIA])
    headers.set(b"cseq", CSeq(number, request.method).encode())
    return Request(request.method, request.uri, headers, request.body)


def outlined(request: Request) -> Request:
    """What still says which request it was, when nothing is made from it any more."""
    if request.is_outline:
        return request
    fields = [one for one in request.headers.fields if one.name in _REPEATED]
    made = Request(request.method, request.uri, Headers(fields=fields))
    made.is_outline = True
    return made


def make_ack(request: Request, response: Response) -> Request:
    """The ACK of a 300-699 response, sent by the transaction (RFC 3261 §17.1.1.3)."""
    ack = _companion(request, "ACK")
    to = response.headers.first(b"to")
    if to is not None:
        ack.headers.set(b"to", to)
    return ack


def make_cancel(request: Request) -> Request:
    """The CANCEL of a request (RFC 3261 §9.1)."""
    return _companion(request, "CANCEL")


def _companion(request: Request, method: str) -> Request:
    """Same Request-URI, top Via, From, To, Call-ID, CSeq number and Route as the request."""
    theirs = request.headers
    headers = Headers()
    headers.add(VIA, theirs.all(VIA)[0])
    headers.add(MAX_FORWARDS, b"70")
    for name in (FROM, TO, CALL_ID):
        field = theirs.find(name)
        headers.append(field if field is not None else new_field(name, b""))
    cseq = CSeq(request.cseq.number, method)
    headers.add(CSEQ, cseq.encode(), cseq)
    for route in theirs.every(ROUTE):
        headers.append(route)
    return Request(method, request.uri, headers)
