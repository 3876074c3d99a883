"""tcpdump as the judge of what was on the wire: packets of one test, as their kernel sent them.

It reads the pcap that tcpdump writes and knows nothing of sipfo. What would surprise: before the
packets are read a datagram of our own is sent and waited for; order is kept, so nothing that was
sent before it can still be missing.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from sipp.addresses import Parties
from sipp.process import Process, wait_for

Protocol = Literal["icmp", "tcp", "udp"]

_FILE_HEADER = 24
_RECORD = struct.Struct("<IIII")
_ETHERNET = 14
_LINK_TYPE, _RAW = slice(20, 24), 101
_IPV6_HEADER = 40
_PROTOCOLS: dict[int, Protocol] = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp"}
_SYN, _ACK = 0x02, 0x10


class CannotCapture(Exception):
    """The wire cannot be watched here; the message says why."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One IP packet; `at` is in seconds, `opens` is true of a TCP SYN without ACK.

    An ICMP message has no ports: they are 0.
    """

    at: float
    protocol: Protocol
    source: tuple[str, int]
    target: tuple[str, int]
    payload: bytes
    opens: bool = False


class Capture:
    """tcpdump on the loopback interface."""

    def __init__(self, parties: Parties, folder: Path) -> None:
        """Start it. Raises CannotCapture."""
        self._parties = parties
        self._marks = itertools.count(1)
        command = ("tcpdump", "-i", "lo", "-n", "-U", "--immediate-mode", "-s", "0", "-w", "-")
        try:
            self._process = Process("tcpdump", (*command, parties.watched), folder)
        except FileNotFoundError:
            raise CannotCapture("tcpdump is not installed") from None
        try:
            self._process.says(b"listening on lo")
        except AssertionError:
            self._process.kill()
            raise CannotCapture(f"tcpdump may not listen: {self._process.stderr!r}") from None

    def packets(self) -> list[Packet]:
        """Every packet until now, in order."""
        own = self._parties.mark_source
        return [one for one in read_pcap(self.pcap()) if self._parties.name(*one.source) != own]

    def pcap(self) -> bytes:
        """The same as tcpdump writes it, and the mark at the end."""
        mark = b"mark %d" % next(self._marks)
        self._parties.mark(mark)
        wait_for(lambda: mark in self._process.stdout, lambda: "a mark on the wire")
        return self._process.stdout

    def stop(self) -> None:
        """End it."""
        self._process.kill()


def read_pcap(data: bytes) -> Iterator[Packet]:
    """The IP packets of a little-endian pcap file, of Ethernet frames or raw; the last may be
    half."""
    link = 0 if int.from_bytes(data[_LINK_TYPE], "little") == _RAW else _ETHERNET
    place = _FILE_HEADER
    while place + _RECORD.size <= len(data):
        seconds, micros, length, _ = _RECORD.unpack_from(data, place)
        place += _RECORD.size
        frame = data[place : place + length]
        place += length
        if len(frame) == length:
            packet = _packet(seconds + micros / 1e6, frame[link:])
            if packet is not None:
                yield packet


def _packet(at: float, datagram: bytes) -> Packet | None:
    """RFC 791 §3.1 or RFC 8200 §3, then RFC 768, RFC 792 or RFC 9293 §3.1."""
    version = datagram[0] >> 4 if datagram else 0
    if version == 4:
        start, end = 4 * (datagram[0] & 0x0F), int.from_bytes(datagram[2:4], "big")
        protocol, addresses = _PROTOCOLS.get(datagram[9]), (datagram[12:16], datagram[16:20])
    elif version == 6:
        start, end = _IPV6_HEADER, _IPV6_HEADER + int.from_bytes(datagram[4:6], "big")
        protocol, addresses = _PROTOCOLS.get(datagram[6]), (datagram[8:24], datagram[24:40])
    else:
        return None
    if protocol is None:
        return None
    body = datagram[start:end]
    source, target = (str(ip_address(one)) for one in addresses)
    if protocol == "icmp":
        return Packet(at, protocol, (source, 0), (target, 0), body[8:])
    here, there = (int.from_bytes(body[i : i + 2], "big") for i in (0, 2))
    opens, payload = False, body[8:]
    if protocol == "tcp":
        opens = body[13] & (_SYN | _ACK) == _SYN
        payload = body[4 * (body[12] >> 4) :]
    return Packet(at, protocol, (source, here), (target, there), payload, opens)
