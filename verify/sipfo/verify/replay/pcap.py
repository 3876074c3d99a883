"""The bytes of a capture file to its frames: pcap and pcapng, either byte order, any resolution.

What would surprise: a file that is cut off or damaged gives the frames before the damage, and says
where it stopped; captures are cut off more often than not.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

MOST_BYTES: Final = 262_144
"""Of one frame: what tcpdump takes by default, and more than any frame has."""

MOST_BLOCK: Final = 16 * 1024 * 1024
MOST_INTERFACES: Final = 1024

_PCAP: Final = {
    b"\xd4\xc3\xb2\xa1": ("<", 1_000_000),
    b"\xa1\xb2\xc3\xd4": (">", 1_000_000),
    b"\x4d\x3c\xb2\xa1": ("<", 1_000_000_000),
    b"\xa1\xb2\x3c\x4d": (">", 1_000_000_000),
}
_SECTION: Final = b"\x0a\x0d\x0d\x0a"
_INTERFACE, _OLD_PACKET, _SIMPLE, _PACKET = 1, 2, 3, 6
_BIG, _LITTLE = 0x1A2B3C4D, 0x4D3C2B1A
_RESOLUTION, _OFFSET = 9, 14  # if_tsresol, if_tsoffset


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame; `at` in Unix seconds, `link` as in tcpdump.org's list of link-layer types."""

    at: float
    link: int
    data: bytes


@dataclass(slots=True)
class Capture:
    """The frames of a file; `damage` says, once they have been read, why they end early."""

    file: BinaryIO
    damage: str = ""
    count: int = 0
    _interfaces: list[tuple[int, float, int]] = field(default_factory=list)

    def frames(self) -> Iterator[Frame]:
        """All frames, to the end or the damage."""
        magic = self.file.read(4)
        try:
            frames = self._pcapng(magic) if magic == _SECTION else self._pcap(magic)
            for frame in frames:
                self.count += 1
                yield frame
        except _Damaged as error:
            self.damage = f"{error} after {self.count} packets: what follows is not looked at"

    def _pcap(self, magic: bytes) -> Iterator[Frame]:
        order, ticks = _PCAP[magic]
        link = struct.unpack(f"{order}I", self._need(20)[16:])[0] & 0xFFFF
        while head := self._need(16, at_end=True):
            seconds, part, kept, _ = struct.unpack(f"{order}IIII", head)
            if kept > MOST_BYTES:
                raise _Damaged(f"a packet of {kept} bytes")
            yield Frame(seconds + part / ticks, link, self._need(kept))

    def _pcapng(self, magic: bytes) -> Iterator[Frame]:
        order = "<"
        head = magic + self._need(4)
        while head:
            kind_bytes, size_bytes = head[:4], head[4:]
            if kind_bytes == _SECTION:
                order = self._order()
                self._interfaces.clear()
                body = self._body(size_bytes, order, 4)
            else:
                body = self._body(size_bytes, order, 0)
                kind = struct.unpack(f"{order}I", kind_bytes)[0]
                frame = self._block(kind, body, order)
                if frame is not None:
                    yield frame
            head = self._need(8, at_end=True)

    def _order(self) -> str:
        magic = struct.unpack(">I", self._need(4))[0]
        if magic not in (_BIG, _LITTLE):
            raise _Damaged("no byte order")
        return ">" if magic == _BIG else "<"

    def _body(self, size_bytes: bytes, order: str, read: int) -> bytes:
        """The rest of a block, without its head and the size at its end."""
        size = struct.unpack(f"{order}I", size_bytes)[0]
        if size % 4 or not 12 + read <= size <= MOST_BLOCK:
            raise _Damaged(f"a block of {size} bytes")
        return self._need(size - 8 - read)[:-4]

    def _block(self, kind: int, body: bytes, order: str) -> Frame | None:
        try:
            if kind == _INTERFACE and len(self._interfaces) < MOST_INTERFACES:
                self._interfaces.append(_interface(body, order))
            elif kind == _PACKET:
                number, high, low, kept, _ = struct.unpack_from(f"{order}IIIII", body)
                return self._frame(number, high, low, body[20 : 20 + kept])
            elif kind == _OLD_PACKET:
                number, _, high, low, kept, _ = struct.unpack_from(f"{order}HHIIII", body)
                return self._frame(number, high, low, body[20 : 20 + kept])
            elif kind == _SIMPLE:
                (size,) = struct.unpack_from(f"{order}I", body)
                return self._frame(0, 0, 0, body[4 : 4 + size])
        except struct.error:
            raise _Damaged("a block that is too short") from None
        return None

    def _frame(self, number: int, high: int, low: int, data: bytes) -> Frame:
        if number >= len(self._interfaces):
            raise _Damaged("a packet of an interface that is not there")
        link, tick, offset = self._interfaces[number]
        return Frame(offset + (high << 32 | low) * tick, link, data)

    def _need(self, size: int, at_end: bool = False) -> bytes:
        """So many bytes; nothing at the end of the file, where that may be. Raises _Damaged."""
        data = self.file.read(size)
        if len(data) == size or (at_end and not data):
            return data
        raise _Damaged("cut off")


class _Damaged(Exception):
    """What is wrong."""


def is_capture(begin: bytes) -> bool:
    """Whether a file that begins so is a capture."""
    return begin[:4] in _PCAP or begin[:4] == _SECTION


def _interface(body: bytes, order: str) -> tuple[int, float, int]:
    """Link type, seconds of a tick, seconds to add."""
    (link,) = struct.unpack_from(f"{order}H", body)
    tick, offset, at = 1e-6, 0, 8
    while at + 4 <= len(body):
        code, size = struct.unpack_from(f"{order}HH", body, at)
        value = body[at + 4 : at + 4 + size]
        if code == _RESOLUTION and size == 1 and len(value) == 1:
            exponent = value[0] & 0x7F
            tick = 2.0**-exponent if value[0] & 0x80 else 10.0**-exponent
        elif code == _OFFSET and size == 8 and len(value) == 8:
            (offset,) = struct.unpack(f"{order}q", value)
        elif code == 0:
            break
        at += 4 + (size + 3) // 4 * 4
    return link, tick, offset
