"""Frames are read as what they are, IPv4 and IPv6 alike, and what is cut off is nothing."""

from __future__ import annotations

import pytest

from sipfo.verify.lab.wire.packet import Address, Datagram, Segment, Unreachable, read_frame
from verify.lab.wire.frames import ACK, RST, SYN, datagram, segment, unreachable

V4 = (("192.0.2.1", 5060), ("198.51.100.2", 5070))
V6 = (("2001:db8::1", 5060), ("2001:db8::2", 5070))
both = pytest.mark.parametrize(("source", "destination"), [V4, V6])


@both
def test_a_datagram(source: Address, destination: Address) -> None:
    assert read_frame(datagram(source, destination, b"hello")) == Datagram(
        source, destination, b"hello"
    )


@both
def test_padding_is_no_payload(source: Address, destination: Address) -> None:
    found = read_frame(datagram(source, destination, b"hello") + bytes(18))
    assert found == Datagram(source, destination, b"hello")


@both
def test_a_segment(source: Address, destination: Address) -> None:
    found = read_frame(segment(source, destination, 2**32 - 1, SYN | ACK, b"x"))
    assert isinstance(found, Segment)
    assert (found.source, found.destination) == (source, destination)
    assert (found.number, found.payload) == (2**32 - 1, b"x")
    assert (found.opens, found.resets) == (True, False)


@both
def test_a_reset(source: Address, destination: Address) -> None:
    found = read_frame(segment(source, destination, 1, RST | ACK))
    assert isinstance(found, Segment)
    assert found.resets


@both
def test_an_error_names_whose_datagram_found_nobody(source: Address, destination: Address) -> None:
    assert read_frame(unreachable(source, destination)) == Unreachable(source, destination)


@both
@pytest.mark.parametrize("length", [0, 13, 14, 20, 33, 40, 54])
def test_what_is_cut_off_is_nothing(source: Address, destination: Address, length: int) -> None:
    for frame in (datagram(source, destination, b""), unreachable(source, destination)):
        assert read_frame(frame[: min(length, len(frame) - 1)]) is None


def test_what_is_no_ip_is_nothing() -> None:
    assert read_frame(bytes(12) + b"\x08\x06" + bytes(28)) is None
