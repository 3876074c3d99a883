"""Sightings as the packets of a pcap file, which tshark, Wireshark, sngrep and tcpdump read.

The IP, UDP and TCP headers are made up here, checksums and all, around what was really sent. What
would surprise: a message that went over TLS is written as a datagram between the same addresses,
because a tool that finds it in a TCP segment on port 5061 takes it for a broken TLS record.
"""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import Final

from sipfo.runtime.sighting import Address, Sighting

LINKTYPE_RAW: Final = 101
"""Packets begin with their IPv4 or IPv6 header (tcpdump.org, "Link-layer header types")."""

FILE_HEADER: Final = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, LINKTYPE_RAW)
"""Little-endian, microseconds, version 2.4."""

MOST_DATAGRAM: Final = 65_507
"""Bytes that an IPv4 datagram has for a UDP payload."""

MOST_SEGMENT: Final = 32_768
"""Bytes of a message in one TCP segment."""

MOST_STREAMS: Final = 8192
"""TCP streams whose place is remembered; the one written to least recently starts anew."""

_RECORD: Final = struct.Struct("<IIII")
_UDP, _TCP = 17, 6
_HOPS: Final = 64
_PUSH_ACK: Final = 0x18
_SEQUENCE: Final = 2**32


class TooLarge(Exception):
    """A message that no datagram can hold."""


class Packets:
    """Packets of successive sightings; it remembers how far each TCP stream is."""

    __slots__ = ("_most_streams", "_sent")

    def __init__(self, most_streams: int = MOST_STREAMS) -> None:
        self._most_streams = most_streams
        self._sent: dict[tuple[Address, Address], int] = {}

    def of(self, sighting: Sighting) -> bytes:
        """The records of a pcap file that show the message. Raises TooLarge."""
        if sighting.transport == "tcp":
            return b"".join(_record(sighting.at, one) for one in self._segments(sighting))
        if len(sighting.data) > MOST_DATAGRAM:
            raise TooLarge(f"{len(sighting.data)} bytes")
        return _record(sighting.at, _datagram(sighting))

    def _segments(self, sighting: Sighting) -> list[bytes]:
        """RFC 9293 §3.1: the message as segments of a connection whose opening was not seen."""
        stream = (sighting.source, sighting.target)
        sent = self._sent.pop(stream, 1)
        heard = self._sent.get((sighting.target, sighting.source), 1)
        packets = []
        for start in range(0, len(sighting.data), MOST_SEGMENT):
            part = sighting.data[start : start + MOST_SEGMENT]
            ports = (sighting.source[1], sighting.target[1])
            header = struct.pack("!HHIIBBHHH", *ports, sent, heard, 5 << 4, _PUSH_ACK, 65_535, 0, 0)
            packets.append(_packet(sighting, _TCP, header + part, checksum_at=16))
            sent = (sent + len(part)) % _SEQUENCE
        if len(self._sent) >= self._most_streams:
            del self._sent[next(iter(self._sent))]
        self._sent[stream] = sent
        return packets


def _datagram(sighting: Sighting) -> bytes:
    """RFC 768."""
    ports = (sighting.source[1], sighting.target[1])
    header = struct.pack("!HHHH", *ports, 8 + len(sighting.data), 0)
    return _packet(sighting, _UDP, header + sighting.data, checksum_at=6)


def _packet(sighting: Sighting, protocol: int, body: bytes, checksum_at: int) -> bytes:
    """The IP packet, its body's checksum filled in (RFC 791 §3.1, RFC 8200 §3 and §8.1)."""
    source, target = ip_address(sighting.source[0]), ip_address(sighting.target[0])
    ends = source.packed + target.packed
    checksum = _checksum(ends + struct.pack("!IHBB", len(body), 0, 0, protocol) + body)
    if protocol == _UDP and checksum == 0:
        checksum = 0xFFFF  # RFC 768: an all zero checksum means that there is none
    body = body[:checksum_at] + checksum.to_bytes(2, "big") + body[checksum_at + 2 :]
    if source.version == 6:
        return struct.pack("!IHBB", 6 << 28, len(body), protocol, _HOPS) + ends + body
    fixed = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0x4000, _HOPS, protocol, 0)
    header = fixed + ends
    return header[:10] + _checksum(header).to_bytes(2, "big") + header[12:] + body


def _checksum(data: bytes) -> int:
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    # Sixteen-bit words added with the carry brought back are the remainder modulo 2**16 - 1.
    remainder = int.from_bytes(data, "big") % 0xFFFF
    return 0xFFFF - remainder if remainder or not any(data) else 0


def _record(at: float, packet: bytes) -> bytes:
    seconds, micros = divmod(round(at * 1_000_000), 1_000_000)
    return _RECORD.pack(seconds, micros, len(packet), len(packet)) + packet
