"""HEP3 packets read by the book, for the tests of what writes them."""

from __future__ import annotations

from ipaddress import ip_address


def chunks(packet: bytes) -> dict[int, bytes]:
    """The chunks of one packet by type; every length must be right."""
    assert packet[:4] == b"HEP3"
    assert int.from_bytes(packet[4:6], "big") == len(packet)
    found: dict[int, bytes] = {}
    place = 6
    while place < len(packet):
        vendor, kind, length = (
            int.from_bytes(packet[place + at : place + at + 2], "big") for at in (0, 2, 4)
        )
        assert vendor == 0
        assert length >= 6
        assert kind not in found
        found[kind] = packet[place + 6 : place + length]
        assert len(found[kind]) == length - 6
        place += length
    return found


def packets(stream: bytes) -> tuple[list[bytes], bytes]:
    """The whole packets at the front of a stream, and what is left."""
    found = []
    while len(stream) >= 6 and len(stream) >= (size := int.from_bytes(stream[4:6], "big")):
        found.append(stream[:size])
        stream = stream[size:]
    return found, stream


def address(value: bytes) -> str:
    """An address chunk as text."""
    return str(ip_address(value))


def number(value: bytes) -> int:
    """A number chunk."""
    return int.from_bytes(value, "big")
