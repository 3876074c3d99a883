"""A message as somebody who looks on sees it: when, from where to where, and in whose call.

What would surprise: what would help to find out a password or to decrypt the media is blotted out,
byte for byte, so that a capture may be shown around and still has its lengths right.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

Address = tuple[str, int]

_CALL_ID: Final = re.compile(rb"^(?:call-id|i)[ \t]*:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_ANSWER: Final = re.compile(rb'(\bresponse[ \t]*=[ \t]*")([0-9a-f]+)(?=")', re.IGNORECASE)
_STUN: Final = (b"\x00\x01", b"\x01\x01")
"""How a Binding request and its answer begin (RFC 5389 §6)."""
_KEY: Final = re.compile(rb"(\binline:)([A-Za-z0-9+/=]+)")


class Sighting(NamedTuple):
    """One message on its way. `at` is in Unix seconds, `transport` "udp", "tcp" or "tls"; hosts
    are address literals without brackets. `call` is the Call-ID of the caller's leg, on whichever
    leg the message was, so that both are found together.

    Of a connection that we opened, our port is the one we listen on, as in our Via.
    """

    at: float
    transport: str
    source: Address
    target: Address
    data: bytes
    call: bytes


def call_id_of(data: bytes) -> bytes:
    """The Call-ID of a message, empty if none can be found."""
    head, _, _ = data.partition(b"\r\n\r\n")
    found = _CALL_ID.search(head)
    return found[1].strip() if found is not None else b""


def masked(data: bytes) -> bytes:
    """The message, of the same length, without digest responses (RFC 7616 §3.4.1) and SRTP keys
    (RFC 4568 §9.2)."""
    if b"response" in data.lower():
        data = _ANSWER.sub(lambda one: one[1] + b"0" * len(one[2]), data)
    if b"inline:" in data:
        data = _KEY.sub(lambda one: one[1] + b"A" * len(one[2]), data)
    return data


def is_message(data: bytes) -> bool:
    """Whether a datagram is more than a keep-alive (RFC 5626 §4.4, and what phones send)."""
    return bool(data.strip(b"\r\n\0 ")) and not data.startswith(_STUN)
