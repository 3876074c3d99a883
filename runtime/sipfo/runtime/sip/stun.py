"""The one STUN request that SIP has: is the way still open, and where do I come from (RFC 5626 §8).

A Binding request on the port of SIP is answered with the address that it came from (RFC 5389 §7.3);
everything else of STUN is silence.
"""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import Final

_HEADER: Final = struct.Struct("!HHI12s")
_BINDING: Final = 0x0001
_SUCCESS: Final = 0x0101
_COOKIE: Final = 0x2112A442
_XOR_MAPPED_ADDRESS: Final = 0x0020

MOST: Final = 256
"""Bytes of a request that is looked at."""


def answer(data: bytes, source: tuple[str, int]) -> bytes | None:
    """The answer to a Binding request from this address; None if it is none."""
    if not _HEADER.size <= len(data) <= MOST:
        return None
    kind, length, cookie, transaction = _HEADER.unpack_from(data)
    if (kind, cookie) != (_BINDING, _COOKIE) or length % 4 or length != len(data) - _HEADER.size:
        return None
    host, port = ip_address(source[0]), source[1]
    mask = struct.pack("!I", _COOKIE) + transaction
    address = bytes(one ^ other for one, other in zip(host.packed, mask, strict=False))
    family = 1 if host.version == 4 else 2
    value = struct.pack("!BBH", 0, family, port ^ (_COOKIE >> 16)) + address
    attribute = struct.pack("!HH", _XOR_MAPPED_ADDRESS, len(value)) + value
    return _HEADER.pack(_SUCCESS, len(attribute), _COOKIE, transaction) + attribute
