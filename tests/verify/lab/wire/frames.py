"""Ethernet frames as the loopback interface shows them, made by hand."""

from __future__ import annotations

from ipaddress import ip_address

from sipfo.verify.lab.wire.packet import Address

SYN, RST, ACK, PSH = 0x02, 0x04, 0x10, 0x08


def datagram(source: Address, destination: Address, payload: bytes) -> bytes:
    return _ip(17, source, destination, _ports(source, destination) + bytes(4) + payload)


def segment(
    source: Address, destination: Address, number: int, flags: int, payload: bytes = b""
) -> bytes:
    head = _ports(source, destination) + number.to_bytes(4) + bytes(4) + bytes([5 << 4, flags])
    return _ip(6, source, destination, head + bytes(6) + payload)


def unreachable(source: Address, destination: Address) -> bytes:
    """What `destination` sends about a datagram from `source`; the quote is cut off after the
    ports, as a router may."""
    quoted = datagram(source, destination, b"x" * 40)[14:]
    is_v6 = ":" in source[0]
    quoted = quoted[: (40 if is_v6 else 20) + 8]
    kind, code, protocol = (1, 4, 58) if is_v6 else (3, 3, 1)
    return _ip(protocol, destination, source, bytes([kind, code]) + bytes(6) + quoted)


def _ports(source: Address, destination: Address) -> bytes:
    return source[1].to_bytes(2) + destination[1].to_bytes(2)


def _ip(protocol: int, source: Address, destination: Address, body: bytes) -> bytes:
    here, there = ip_address(source[0]).packed, ip_address(destination[0]).packed
    if len(here) == 16:
        head = bytes([0x60, 0, 0, 0]) + len(body).to_bytes(2) + bytes([protocol, 64])
        return bytes(12) + b"\x86\xdd" + head + here + there + body
    head = bytes([0x45, 0]) + (20 + len(body)).to_bytes(2) + bytes(5) + bytes([protocol, 0, 0])
    return bytes(12) + b"\x08\x00" + head + here + there + body
