"""HEP3: every chunk is where the collector looks for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.hep3 import address, chunks, number
from sipfo.runtime.hep import MOST_BYTES, Agent, TooLarge, encode
from sipfo.runtime.sighting import Sighting

SEEN = Sighting(
    1_760_000_000.25,
    "udp",
    ("192.0.2.10", 5060),
    ("198.51.100.1", 5062),
    b"OPTIONS sip:a SIP/2.0\r\n\r\n",
    b"caller@here",
)


def test_addresses_ports_time_and_payload_are_in_the_chunks_of_the_specification() -> None:
    found = chunks(encode(SEEN, Agent(2001)))
    assert number(found[1]) == 2
    assert number(found[2]) == 17
    assert (address(found[3]), number(found[7])) == ("192.0.2.10", 5060)
    assert (address(found[4]), number(found[8])) == ("198.51.100.1", 5062)
    assert (number(found[9]), number(found[10])) == (1_760_000_000, 250_000)
    assert number(found[11]) == 1
    assert number(found[12]) == 2001
    assert found[15] == SEEN.data
    assert found[17] == b"caller@here"


def test_ipv6_has_its_own_family_and_chunks() -> None:
    seen = SEEN._replace(source=("2001:db8::1", 5060), target=("2001:db8::2", 5061))
    found = chunks(encode(seen, Agent()))
    assert number(found[1]) == 10
    assert address(found[5]) == "2001:db8::1"
    assert address(found[6]) == "2001:db8::2"
    assert not {3, 4} & found.keys()


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_what_went_over_a_stream_is_shown_as_tcp(transport: str) -> None:
    assert number(chunks(encode(SEEN._replace(transport=transport), Agent()))[2]) == 6


def test_the_agents_name_and_password_are_sent_only_if_there_are_any() -> None:
    found = chunks(encode(SEEN, Agent(1, "sbc-1", "myHep")))
    assert found[14] == b"myHep"
    assert found[19] == b"sbc-1"
    assert not {14, 19} & chunks(encode(SEEN, Agent())).keys()


def test_the_password_is_in_no_representation() -> None:
    assert "myHep" not in repr(Agent(1, "", "myHep"))


def test_the_largest_packet_is_one_datagram_and_a_byte_more_is_refused() -> None:
    room = MOST_BYTES - len(encode(SEEN._replace(data=b""), Agent()))
    assert len(encode(SEEN._replace(data=b"x" * room), Agent())) == MOST_BYTES
    with pytest.raises(TooLarge):
        encode(SEEN._replace(data=b"x" * (room + 1)), Agent())


@given(at=st.floats(0, 4e9), data=st.binary(max_size=300), call=st.binary(max_size=80))
def test_whatever_is_in_the_message_its_packet_can_be_read(
    at: float, data: bytes, call: bytes
) -> None:
    found = chunks(encode(SEEN._replace(at=at, data=data, call=call), Agent()))
    assert found[15] == data
    assert found.get(17, b"") == call
    assert abs(number(found[9]) + number(found[10]) / 1e6 - at) < 1e-5
    assert number(found[10]) < 1_000_000
