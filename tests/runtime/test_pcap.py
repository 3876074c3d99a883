"""Packets of a capture: the headers that are made up are right to the last checksum."""

from __future__ import annotations

import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.runtime.pcap import FILE_HEADER, MOST_DATAGRAM, MOST_SEGMENT, Packets, TooLarge
from sipfo.runtime.sighting import Sighting

SEEN = Sighting(
    1_760_000_000.5, "udp", ("192.0.2.10", 5060), ("198.51.100.1", 5062), b"OPTIONS", b"c"
)
SIX = SEEN._replace(source=("2001:db8::1", 5060), target=("2001:db8::2", 5061))


def records(data: bytes) -> list[bytes]:
    """The packets of a capture without its file header."""
    found = []
    while data:
        _, _, kept, whole = struct.unpack_from("<IIII", data)
        assert kept == whole
        found.append(data[16 : 16 + kept])
        data = data[16 + kept :]
    return found


def sums_to_ones(data: bytes) -> bool:
    """RFC 1071: what a receiver computes over data whose checksum is right."""
    data += b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total == 0xFFFF


def payload(packet: bytes, protocol: int) -> bytes:
    """What is above IP, every header looked at."""
    if packet[0] >> 4 == 6:
        assert int.from_bytes(packet[4:6], "big") == len(packet) - 40
        assert packet[6] == protocol
        ends, body = packet[8:40], packet[40:]
    else:
        assert int.from_bytes(packet[2:4], "big") == len(packet)
        assert packet[9] == protocol
        assert sums_to_ones(packet[:20])
        ends, body = packet[12:20], packet[20:]
    assert sums_to_ones(ends + struct.pack("!IHBB", len(body), 0, 0, protocol) + body)
    return body


def test_the_file_says_raw_ip() -> None:
    assert len(FILE_HEADER) == 24
    assert struct.unpack_from("<I", FILE_HEADER, 20) == (101,)


@pytest.mark.parametrize("seen", [SEEN, SIX])
@given(data=st.binary(min_size=1, max_size=200))
def test_a_datagram_has_the_real_ends_and_sound_checksums(seen: Sighting, data: bytes) -> None:
    (packet,) = records(Packets().of(seen._replace(data=data)))
    body = payload(packet, 17)
    assert struct.unpack_from("!HHH", body) == (
        seen.source[1],
        seen.target[1],
        8 + len(data),
    )
    assert body[6:8] != b"\0\0"
    assert body[8:] == data
    assert ip_address(seen.source[0]).packed + ip_address(seen.target[0]).packed in packet


def test_a_message_over_tls_is_shown_as_a_datagram() -> None:
    (packet,) = records(Packets().of(SEEN._replace(transport="tls")))
    assert payload(packet, 17)[8:] == SEEN.data


def test_each_direction_of_a_tcp_connection_counts_its_own_bytes() -> None:
    packets = Packets()
    there = SEEN._replace(transport="tcp", data=b"abc")
    back = there._replace(source=there.target, target=there.source, data=b"defgh")
    seen = []
    for one in (there, back, there, back):
        (packet,) = records(packets.of(one))
        body = payload(packet, 6)
        sequence, heard = struct.unpack_from("!II", body, 4)
        seen.append((sequence, heard, body[20:]))
    assert seen == [(1, 1, b"abc"), (1, 4, b"defgh"), (4, 6, b"abc"), (6, 7, b"defgh")]


def test_a_message_too_long_for_a_segment_is_several_in_a_row() -> None:
    data = bytes(range(256)) * 300
    made = records(Packets().of(SEEN._replace(transport="tcp", data=data)))
    bodies = [payload(one, 6) for one in made]
    assert [len(one) - 20 for one in bodies] == [
        MOST_SEGMENT,
        MOST_SEGMENT,
        len(data) - 2 * MOST_SEGMENT,
    ]
    assert b"".join(one[20:] for one in bodies) == data
    assert struct.unpack_from("!I", bodies[2], 4) == (1 + 2 * MOST_SEGMENT,)


def test_the_largest_datagram_fits_and_a_byte_more_is_refused() -> None:
    packets = Packets()
    assert records(packets.of(SEEN._replace(data=b"x" * MOST_DATAGRAM)))
    with pytest.raises(TooLarge):
        packets.of(SEEN._replace(data=b"x" * (MOST_DATAGRAM + 1)))


def test_the_streams_that_are_remembered_are_bounded() -> None:
    packets = Packets(most_streams=2)
    for port in (1, 2, 3, 1):
        one = SEEN._replace(transport="tcp", source=("192.0.2.10", port))
        (packet,) = records(packets.of(one))
        assert struct.unpack_from("!I", payload(packet, 6), 4) == (1,)
