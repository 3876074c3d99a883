"""IP packets to whole UDP datagrams, TCP segments and refusals; fragments are put together.

What would surprise: what a capture has cut off (a snap length) is passed over as if it had not been
seen, and so is a fragment whose others never come; `lost` counts both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from sipfo.verify.lab.wire.packet import Packet, read_body
from sipfo.verify.replay.link import IPV4, IPV6

MOST_FRAGMENTED: Final = 256
"""Datagrams of which some fragments have come: the oldest is given up for a new one."""

MOST_FRAGMENTS: Final = 128
LARGEST: Final = 65_535

_EXTENSIONS: Final = frozenset({0, 43, 60, 135})
_FRAGMENT: Final = 44
_MOST_EXTENSIONS: Final = 8

Key = tuple[bytes, bytes, int, int]


@dataclass(slots=True)
class _Parts:
    """The fragments of one datagram by their place; `end` once the last one has come."""

    parts: dict[int, bytes] = field(default_factory=dict)
    end: int | None = None


class Defragmenter:
    """Takes packets in the order of a capture."""

    def __init__(self) -> None:
        self.lost = 0
        self._waiting: dict[Key, _Parts] = {}

    def read(self, packet: bytes) -> Packet | None:
        """What is whole with this packet, if anything is."""
        version = packet[0] >> 4 if packet else 0
        if version == 4 and len(packet) >= 20:
            return self._version_4(packet)
        if version == 6 and len(packet) >= 40:
            return self._version_6(packet)
        return None

    def _version_4(self, packet: bytes) -> Packet | None:
        head = (packet[0] & 0x0F) * 4
        # With segmentation offload the length is 0 where the packet is captured.
        size = int.from_bytes(packet[2:4]) or len(packet)
        if head < 20 or size < head or len(packet) < size:
            self.lost += 1
            return None
        body, ends = packet[head:size], (packet[12:16], packet[16:20])
        flags = int.from_bytes(packet[6:8])
        offset, more = (flags & 0x1FFF) * 8, bool(flags & 0x2000)
        if offset or more:
            key = (*ends, int.from_bytes(packet[4:6]), packet[9])
            return self._fragment(key, offset, more, body, packet[9], IPV4)
        return _read(packet[9], body, *ends, IPV4)

    def _version_6(self, packet: bytes) -> Packet | None:
        size = int.from_bytes(packet[4:6]) or len(packet) - 40
        if len(packet) < 40 + size:
            self.lost += 1
            return None
        ends, kind, body = (packet[8:24], packet[24:40]), packet[6], packet[40 : 40 + size]
        for _ in range(_MOST_EXTENSIONS):
            if kind in _EXTENSIONS and len(body) >= 8:
                kind, body = body[0], body[(body[1] + 1) * 8 :]
                continue
            if kind == _FRAGMENT and len(body) >= 8:
                place = int.from_bytes(body[2:4])
                key = (*ends, int.from_bytes(body[4:8]), IPV6)
                return self._fragment(key, place & 0xFFF8, bool(place & 1), body[8:], body[0], IPV6)
            return _read(kind, body, *ends, IPV6)
        return None

    def _fragment(
        self, key: Key, offset: int, more: bool, body: bytes, protocol: int, version: int
    ) -> Packet | None:
        waiting = self._waiting.setdefault(key, _Parts())
        waiting.parts.setdefault(offset, body)
        if not more:
            waiting.end = offset + len(body)
        if offset + len(body) > LARGEST or len(waiting.parts) > MOST_FRAGMENTS:
            del self._waiting[key]
            self.lost += 1
            return None
        whole = _joined(waiting)
        if whole is None:
            if len(self._waiting) > MOST_FRAGMENTED:
                del self._waiting[next(iter(self._waiting))]
                self.lost += 1
            return None
        del self._waiting[key]
        return _read(protocol, whole, key[0], key[1], version)

    @property
    def unfinished(self) -> int:
        """Datagrams whose other fragments have not come."""
        return len(self._waiting)


def _joined(waiting: _Parts) -> bytes | None:
    """The whole, if no part of it is missing; of parts that overlap, the first one counts."""
    if waiting.end is None:
        return None
    whole = bytearray()
    for offset in sorted(waiting.parts):
        if offset > len(whole):
            return None
        whole += waiting.parts[offset][len(whole) - offset :]
    return bytes(whole[: waiting.end]) if len(whole) >= waiting.end else None


def _read(
    protocol: int, body: bytes, source: bytes, destination: bytes, version: int
) -> Packet | None:
    ends = str(ip_address(source)), str(ip_address(destination))
    return read_body(protocol, body, *ends, version)
