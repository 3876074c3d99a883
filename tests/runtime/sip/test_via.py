"""Via: the branch, the stamp that a server puts on, and where a response goes."""

from __future__ import annotations

import pytest

from runtime.sip.samples import as_request, replaced
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request
from sipfo.runtime.sip.via import Via, parse_via, response_address, stamp

SOURCE = ("203.0.113.9", 40000)


def stamped(*lines: bytes, source: tuple[str, int] = SOURCE) -> Request:
    request = as_request(replaced(b"Via", *lines))
    stamp(request.headers, request.via, source)
    return request


@pytest.mark.parametrize(
    ("value", "via"),
    [
        (b"SIP/2.0/UDP h", Via("udp", "h", None)),
        (b"SIP/2.0/TCP H:5060;branch=x", Via("tcp", "h", 5060, ((b"branch", b"x"),))),
        (b"sip / 2.0 /\ttls \t h : 5061 ; rport", Via("tls", "h", 5061, ((b"rport", None),))),
        (b"SIP/2.0/UDP [2001:DB8::1]:9", Via("udp", "2001:db8::1", 9)),
        (b"SIP/2.0/UNKNOWN h;received=::1", Via("unknown", "h", None, ((b"received", b"::1"),))),
    ],
)
def test_a_via_is_taken_apart_and_read_back(value: bytes, via: Via) -> None:
    assert parse_via(value) == via
    assert parse_via(via.encode()) == via


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"SIP/2.0/UDP",
        b"SIP/2.0/UDP ",
        b"SIP/2.0/UDP ;branch=x",
        b"SIP/2.0 h",
        b"SIP/3.0/UDP h",
        b"HTTP/2.0/UDP h",
        b"SIP/2.0/UDP h h",
        b"SIP/2.0/UDP h:",
        b"SIP/2.0/UDP h:99999",
        b"SIP/2.0/UDP [h]",
        b"SIP/2.0/UDP [::1",
        b"SIP/2.0/UDP a@b",
        b"SIP/2.0/UDP \xff",
        b"SIP/2.0/UDP h;;",
        b"SIP/2.0/UDP h;branch=z9hG4bK x",
        b"SIP/2.0/" + b"U" * 17 + b" h",
        b"SIP/2.0/UDP " + b"h" * 300,
    ],
)
def test_a_bad_via_is_refused(value: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        parse_via(value)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "value", [b"SIP/2.0/UDP h", b"SIP/2.0/UDP h;branch", b"SIP/2.0/UDP h;branch="]
)
def test_a_branch_may_be_missing_or_empty(value: bytes) -> None:
    assert parse_via(value).branch == b""


def test_the_topmost_via_is_the_first_of_the_first_field() -> None:
    request = as_request(
        replaced(b"Via", b"Via: SIP/2.0/UDP a, SIP/2.0/UDP b", b"v: SIP/2.0/UDP c")
    )
    assert request.via.host == "a"


def test_a_source_other_than_sent_by_is_written_down() -> None:
    request = stamped(b"Via: SIP/2.0/UDP h;branch=x")
    assert request.headers.first(b"via") == b"SIP/2.0/UDP h;branch=x;received=203.0.113.9"


def test_the_same_address_needs_no_received() -> None:
    request = stamped(b"Via: SIP/2.0/UDP 203.0.113.9:5062;branch=x")
    assert request.headers.first(b"via") == b"SIP/2.0/UDP 203.0.113.9:5062;branch=x"


def test_rport_is_filled_in_and_received_always_comes_with_it() -> None:
    request = stamped(b"Via: SIP/2.0/UDP 203.0.113.9;rport;branch=x")
    expected = b"SIP/2.0/UDP 203.0.113.9;rport=40000;branch=x;received=203.0.113.9"
    assert request.headers.first(b"via") == expected


@pytest.mark.parametrize("forged", [b"received=192.0.2.99", b"rport=1", b"rport=1;received=::1"])
def test_what_the_client_claims_is_taken_out(forged: bytes) -> None:
    request = stamped(b"Via: SIP/2.0/UDP h;" + forged + b";branch=x")
    assert request.headers.first(b"via") == b"SIP/2.0/UDP h;branch=x;received=203.0.113.9"


def test_an_ipv6_source_is_written_without_brackets() -> None:
    request = stamped(b"Via: SIP/2.0/UDP h", source=("2001:db8::9", 5060))
    assert request.headers.first(b"via") == b"SIP/2.0/UDP h;received=2001:db8::9"


def test_the_other_vias_stay_as_they_are() -> None:
    lines = (b"Via: SIP/2.0/UDP a;rport, sip / 2.0 / tcp b;x=1", b"Via: SIP/2.0/UDP c")
    assert stamped(*lines).headers.lines(b"via") == [
        b"SIP/2.0/UDP a;rport=40000;received=203.0.113.9, sip / 2.0 / tcp b;x=1",
        b"SIP/2.0/UDP c",
    ]


def test_an_empty_field_before_the_topmost_via_is_left_alone() -> None:
    request = stamped(b"Via:", b"Via: SIP/2.0/UDP a", b"Via: SIP/2.0/UDP b")
    assert request.headers.all(b"via") == [
        b"SIP/2.0/UDP a;received=203.0.113.9",
        b"SIP/2.0/UDP b",
    ]


@pytest.mark.parametrize(
    ("value", "port"),
    [
        (b"SIP/2.0/UDP h", 5060),
        (b"SIP/2.0/UDP h:5070", 5070),
        (b"SIP/2.0/UDP h:5070;rport", 40000),
        (b"SIP/2.0/UDP h:5070;rport=40000", 40000),
        (b"SIP/2.0/UDP h:5070;received=192.0.2.99", 5070),
        (b"SIP/2.0/UDP h:5070;maddr=192.0.2.99", 5070),
    ],
)
def test_a_response_goes_to_the_real_source(value: bytes, port: int) -> None:
    """Only the port is taken from the Via, unless rport asks for the real one (RFC 3581 §4)."""
    assert response_address(parse_via(value), SOURCE) == (SOURCE[0], port)


def test_stamping_does_not_change_where_the_response_goes() -> None:
    via = parse_via(b"SIP/2.0/UDP h:5070;rport;branch=x")
    after = stamp(as_request(replaced(b"Via", b"Via: " + via.encode())).headers, via, SOURCE)
    assert response_address(after, SOURCE) == response_address(via, SOURCE) == SOURCE


@pytest.mark.parametrize(
    ("value", "reliable", "port"),
    [
        (b"SIP/2.0/TLS h", True, 5061),
        (b"SIP/2.0/TLS h:5071", True, 5071),
        (b"SIP/2.0/TCP h", True, 5060),
        (b"SIP/2.0/TLS h", False, 5060),
    ],
)
def test_a_new_connection_goes_to_the_port_of_the_transport(
    value: bytes, reliable: bool, port: int
) -> None:
    assert response_address(parse_via(value), SOURCE, reliable) == (SOURCE[0], port)
