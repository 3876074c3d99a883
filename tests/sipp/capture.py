"""tcpdump as the judge of what was on the wire: packets of one block, as their kernel sent them.

It reads the pcap that tcpdump writes and knows nothing of sipfo. What would surprise: before the
packets are read a datagram of our own is sent and waited for; order is kept, so nothing that was
sent before it can still be missing.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Literal

from sipp.addresses import MARK, Block
from sipp.process import Process, wait_for

Protocol = Literal["icmp", "tcp", "udp"]

_FILE_HEADER = 24
_RECORD = struct.Struct("<IIII")
_ETHERNET = 14
_PROTOCOLS: dict[int, Protocol] = {1: "icmp", 6: "tcp", 17: "udp"}
_SYN, _ACK = 0x02, 0x10


class CannotCapture(Exception):
    """The wire cannot be watched here; the message says why."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One IPv4 packet; `at` is in seconds, `opens` is true of a TCP SYN without ACK."""

    at: float
    protocol: Protocol
    source: str
    target: str
    payload: bytes
    opens: bool = False


class Capture:
    """tcpdump on the loopback interface."""

    def __init__(self, block: Block, folder: Path) -> None:
        """Start it. Raises CannotCapture."""
        self._block = block
        self._marks = itertools.count(1)
        command = ("tcpdump", "-i", "lo", "-n", "-U", "--immediate-mode", "-s", "0", "-w", "-")
        try:
            self._process = Process("tcpdump", (*command, "net", block.network), folder)
        except FileNotFoundError:
            raise CannotCapture("tcpdump is not installed") from None
        try:
            self._process.says(b"listening on lo")
        except AssertionError:
            self._process.kill()
            raise CannotCapture(f"tcpdump may not listen: {self._process.stderr!r}") from None

    def packets(self) -> list[Packet]:
        """Every packet until now, in order."""
        own = self._block.address(MARK)
        return [one for one in read_pcap(self.pcap()) if one.source != own]

    def pcap(self) -> bytes:
        """The same as tcpdump writes it, and the mark at the end."""
        mark = b"mark %d" % next(self._marks)
        self._block.mark(mark)
        wait_for(lambda: mark in self._process.stdout, lambda: "a mark on the wire")
        return self._process.stdout

    def stop(self) -> None:
        """End it."""
        self._process.kill()


def read_pcap(data: bytes) -> Iterator[Packet]:
    """The IPv4 packets of a little-endian pcap file of Ethernet frames; the last may be half."""
    place = _FILE_HEADER
    while place + _RECORD.size <= len(data):
        seconds, micros, length, _ = _RECORD.unpack_from(data, place)
        place += _RECORD.size
        frame = data[place : place + length]
        place += length
        if len(frame) == length and frame[12:14] == b"\x08\x00":
            packet = _packet(seconds + micros / 1e6, frame[_ETHERNET:])
            if packet is not None:
                yield packet


def _packet(at: float, datagram: bytes) -> Packet | None:
    """RFC 791 §3.1, then RFC 768, RFC 792 or RFC 9293 §3.1."""
    protocol = _PROTOCOLS.get(datagram[9])
    if protocol is None:
        return None
    length = int.from_bytes(datagram[2:4], "big")
    body = datagram[4 * (datagram[0] & 0x0F) : length]
    source, target = (str(IPv4Address(datagram[i : i + 4])) for i in (12, 16))
    if protocol == "tcp":
        opens = body[13] & (_SYN | _ACK) == _SYN
        return Packet(at, protocol, source, target, body[4 * (body[12] >> 4) :], opens)
    return Packet(at, protocol, source, target, body[8:])
