"""Hypothesis strategies for SIP messages that are well formed, and for bytes that are nearly so."""

from __future__ import annotations

import string

from hypothesis import strategies as st

from runtime.sip.samples import FIELDS
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Message, Request, Response
from sipfo.runtime.sip.names import normal

TOKEN = string.ascii_letters + string.digits + "-.!%*_+`'~"

tokens = st.text(TOKEN, min_size=1, max_size=12)
names = tokens.map(lambda name: normal(name.encode())).filter(lambda n: n != b"content-length")
values = st.binary(max_size=40).map(
    lambda value: value.translate(None, b"\r\n\x00").strip(b" \t"),
)
uris = st.text(string.ascii_letters + string.digits + ":@.;=?-", min_size=1, max_size=30).map(
    str.encode
)
bodies = st.binary(max_size=80)


@st.composite
def headers(draw: st.DrawFn, size: int) -> Headers:
    """Fields that end with the Content-Length of a body of that size."""
    fields = draw(st.lists(st.tuples(names, values), max_size=8))
    return Headers([*fields, (b"content-length", b"%d" % size)])


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """A request or response as parsing leaves one."""
    body = draw(bodies)
    fields = draw(headers(len(body)))
    if draw(st.booleans()):
        return Request(draw(tokens), draw(uris), fields, body)
    return Response(draw(st.integers(100, 699)), draw(values), fields, body)


SOUP = (
    b"INVITE sip:bob@example.com SIP/2.0",
    b"SIP/2.0 200 OK",
    *FIELDS,
    *(b"\r\n", b"\r", b"\n", b"\r\n ", b"\r\n\r\n", b"\x00", b'"', b"\\", b"<", b">", b";", b","),
    *(b"=", b":", b" ", b"\t", b"@", b"[", b"]", b"?", b"l: 0", b"Content-Length: 5", b"\xff"),
)

near_messages = st.lists(st.one_of(st.sampled_from(SOUP), st.binary(max_size=6)), max_size=20).map(
    b"".join
)
"""Pieces of SIP in the wrong order, with rubbish between."""


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """A good INVITE in which some bytes were overwritten, put in or taken out."""
    data = bytearray(b"\r\n".join((SOUP[0], *FIELDS)) + b"\r\n\r\n")
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(data)))
        data[place : place + draw(st.integers(0, 3))] = draw(st.sampled_from(SOUP))
    return bytes(data)
