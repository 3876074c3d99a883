"""A packet of the loopback interface to what matters of it: UDP, TCP, or a refusal by ICMP.

Pure. Loopback's packets are whole (its MTU is 65536) and their checksums are not computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

Address = tuple[str, int]

_ETHERNET: Final = 14
_IPV4, _IPV6 = 0x0800, 0x86DD
_ICMP, _TCP, _UDP, _ICMPV6 = 1, 6, 17, 58
_PORT_UNREACHABLE: Final = {_ICMP: (3, 3), _ICMPV6: (1, 4)}  # type and code: RFC 792, RFC 4443 §3.1
_FIN, _SYN, _RST = 0x01, 0x02, 0x04


@dataclass(frozen=True, slots=True)
class Datagram:
    source: Address
    destination: Address
    payload: bytes


@dataclass(frozen=True, slots=True)
class Segment:
    """A TCP segment: `number` is the sequence number of its first byte, a SYN counted as one."""

    source: Address
    destination: Address
    number: int
    flags: int
    payload: bytes

    @property
    def opens(self) -> bool:
        return bool(self.flags & _SYN)

    @property
    def resets(self) -> bool:
        return bool(self.flags & _RST)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Nobody had the UDP port that a datagram from `source` to `destination` was for."""

    source: Address
    destination: Address


Packet = Datagram | Segment | Unreachable


def read_frame(frame: bytes) -> Packet | None:
    """What an Ethernet frame holds; None for what is none of the three."""
    return _read_ip(frame[_ETHERNET:], int.from_bytes(frame[12:14]))


def _read_ip(data: bytes, kind: int) -> Packet | None:
    if kind == _IPV4 and len(data) >= 20:
        size = (data[0] & 0x0F) * 4
        source, destination = data[12:16], data[16:20]
        protocol, body = data[9], data[size : int.from_bytes(data[2:4])]
    elif kind == _IPV6 and len(data) >= 40:
        source, destination = data[8:24], data[24:40]
        protocol, body = data[6], data[40 : 40 + int.from_bytes(data[4:6])]
    else:
        return None
    return read_body(protocol, body, str(ip_address(source)), str(ip_address(destination)), kind)


def read_body(
    protocol: int, body: bytes, source: str, destination: str, kind: int
) -> Packet | None:
    """What a whole IP payload holds; `kind` is the EtherType of its version."""
    if protocol == _UDP and len(body) >= 8:
        return Datagram((source, _port(body, 0)), (destination, _port(body, 2)), body[8:])
    if protocol == _TCP and len(body) >= 20:
        start = (body[12] >> 4) * 4
        number, flags = int.from_bytes(body[4:8]), body[13]
        return Segment(
            (source, _port(body, 0)), (destination, _port(body, 2)), number, flags, body[start:]
        )
    if protocol in _PORT_UNREACHABLE and tuple(body[:2]) == _PORT_UNREACHABLE[protocol]:
        # What was sent is quoted, whole or in part; its ports are always there (RFC 792).
        return _quoted(body[8:], kind)
    return None


def _quoted(data: bytes, kind: int) -> Unreachable | None:
    if len(data) < (20 if kind == _IPV4 else 40):
        return None
    size = (data[0] & 0x0F) * 4 if kind == _IPV4 else 40
    protocol = data[9] if kind == _IPV4 else data[6]
    if protocol != _UDP or len(data) < size + 4:
        return None
    source, destination = (data[12:16], data[16:20]) if kind == _IPV4 else (data[8:24], data[24:40])
    return Unreachable(
        (str(ip_address(source)), _port(data, size)),
        (str(ip_address(destination)), _port(data, size + 2)),
    )


def _port(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2])
