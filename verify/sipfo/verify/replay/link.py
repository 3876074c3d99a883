"""A frame of any common link layer to the IP packet in it.

Pure, and total: what is no IP packet, or is cut off before one begins, is None.
"""

from __future__ import annotations

from typing import Final

from sipfo.verify.replay.pcap import Frame

IPV4, IPV6 = 0x0800, 0x86DD

_TAGS: Final = frozenset({0x8100, 0x88A8, 0x9100, 0x9200})
"""802.1Q, 802.1ad, and what was used before it."""

_MOST_TAGS: Final = 4
_PPPOE: Final = 0x8864
_PPP: Final = {0x0021: IPV4, 0x0057: IPV6}
_NULL: Final = {2: IPV4, 24: IPV6, 28: IPV6, 30: IPV6}
"""BSD's address families: AF_INET6 is another number on each of them."""

_ETHERNET, _NULL_LINK, _LOOP = 1, 0, 108
_RAW: Final = frozenset({12, 14, 101, 228, 229})
_COOKED, _COOKED_2 = 113, 276


def ip_of(frame: Frame) -> bytes | None:
    """The IP packet of a frame."""
    data = frame.data
    if frame.link == _ETHERNET:
        return _of_type(data, 12)
    if frame.link == _COOKED:
        return _of_type(data, 14)
    if frame.link == _COOKED_2:
        return _payload(data[20:], int.from_bytes(data[:2]))
    if frame.link in _RAW:
        return data or None
    if frame.link in (_NULL_LINK, _LOOP) and len(data) > 4:
        # In the byte order of whoever captured; a family is a small number either way.
        family = min(int.from_bytes(data[:4], "little"), int.from_bytes(data[:4], "big"))
        return data[4:] if family in _NULL else None
    return None


def _of_type(data: bytes, at: int) -> bytes | None:
    """What follows an EtherType at this place, and the tags that may stand before another."""
    for _ in range(_MOST_TAGS):
        kind = int.from_bytes(data[at : at + 2])
        if kind not in _TAGS:
            return _payload(data[at + 2 :], kind)
        at += 4
    return None


def _payload(data: bytes, kind: int) -> bytes | None:
    if kind == _PPPOE and len(data) > 8:
        return data[8:] if int.from_bytes(data[6:8]) in _PPP else None
    return data if kind in (IPV4, IPV6) and data else None
