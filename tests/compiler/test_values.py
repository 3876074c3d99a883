"""What each kind of value accepts, and what it says of the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.compiler.values.address import endpoint
from sipfo.compiler.values.count import count
from sipfo.compiler.values.duration import duration
from sipfo.compiler.values.host import host_name
from sipfo.compiler.values.moment import moment
from sipfo.compiler.values.name import name_fault
from sipfo.compiler.values.network import network
from sipfo.compiler.values.number import telephone
from sipfo.compiler.values.number_set import number_set
from sipfo.compiler.values.outcome import match_of
from sipfo.compiler.values.seen import answer, attempt_outcome, refusal
from sipfo.compiler.values.uri import uri
from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.source import Span
from sipfo.grammar.tree import Cause, NumberSet, Outcome, Word


def word(text: str) -> Word:
    return Word(Span(0, len(text)), text)


def outcome(text: Word) -> object:
    return match_of(Outcome(text.span, text, None))


def cause(text: Word) -> object:
    return match_of(Cause(text.span, text))


def prefix(text: Word) -> object:
    return number_set(NumberSet(text.span, text, None))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("4s", 4), ("500ms", 0.5), ("1m", 60), ("1.5s", 1.5), ("0.25m", 15), ("1440m", 86400)],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(word(text)) == seconds


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("192.0.2.1", "192.0.2.1", None),
        ("192.0.2.1:5070", "192.0.2.1", 5070),
        ("2001:DB8::1", "2001:db8::1", None),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("[2001:db8:0::1]:65535", "2001:db8::1", 65535),
        ("127.0.0.1:1", "127.0.0.1", 1),
    ],
)
def test_addresses(text: str, host: str, port: int | None) -> None:
    found = endpoint(word(text))
    assert (found.host, found.port) == (host, port)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("sip:pbx.example.com", "sip:pbx.example.com"),
        ("SIP:PBX.Example.com", "sip:pbx.example.com"),
        ("sip:alice@pbx.example.com:5070", "sip:alice@pbx.example.com:5070"),
        ("sip:+1312;ext=5@198.51.100.1", "sip:+1312;ext=5@198.51.100.1"),
        ("sip:198.51.100.1;transport=TCP", "sip:198.51.100.1;transport=tcp"),
        ("sip:[2001:DB8::1]:5060;transport=udp", "sip:[2001:db8::1]:5060;transport=udp"),
        ("sip:pbx", "sip:pbx"),
        ("sip:pbx.example.com.", "sip:pbx.example.com."),
    ],
)
def test_uris(text: str, canonical: str) -> None:
    assert uri(word(text)).text == canonical


WRONG: list[tuple[Callable[[Word], object], str, str]] = [
    (duration, "4", "not a duration"),
    (duration, "-4s", "not a duration"),
    (duration, "4 s", "not a duration"),
    (duration, "4S", "not a duration"),
    (duration, "1e3s", "not a duration"),
    (duration, "\u0664s", "not a duration"),  # an Arabic digit, which int() would take
    (duration, "0s", "a duration of nothing"),
    (duration, "0.0ms", "a duration of nothing"),
    (duration, "1441m", "longer than a day"),
    (duration, "9" * 400 + "s", "longer than a day"),
    (endpoint, "192.0.2.256", "not an IP address"),
    (endpoint, "192.0.2.01", "not an IP address"),
    (endpoint, "192.0.2", "not an IP address"),
    (endpoint, "sbc.example.com:5060", "not an IP address"),
    (endpoint, "2001:db8::1::2", "not an IP address"),
    (endpoint, "fe80::1%eth0", "not an IP address"),
    (endpoint, "[192.0.2.1", "not an IP address"),
    (endpoint, "192.0.2.0/24", "not an IP address"),
    (endpoint, "192.0.2.1:0", "not a port"),
    (endpoint, "192.0.2.1:65536", "not a port"),
    (endpoint, "192.0.2.1:", "the port is missing"),
    (endpoint, "[2001:db8::1]:sip", "not a port"),
    (endpoint, "0.0.0.0", "all addresses of a host"),
    (endpoint, "[::]:5060", "all addresses of a host"),
    (endpoint, "224.0.1.75", "a multicast address"),
    (network, "203.0.113.1/24", "an address in one"),
    (network, "203.0.113.0/33", "not a network"),
    (network, "2001:db8::1/32", "an address in one"),
    (network, "fe80::%eth0/10", "not a network"),
    (network, "anyone", "not a network"),
    (uri, "pbx.example.com", "not a SIP URI"),
    (uri, "sip:", "the host is missing"),
    (uri, "sip:;transport=udp", "the host is missing"),
    (uri, "sip:pbx..example.com", "not a host name"),
    (uri, "sip:-pbx.example.com", "not a host name"),
    (uri, "sip:pbx_1.example.com", "not a host name"),
    (uri, "sip:pbx.example.1com", "not a host name"),
    (uri, "sip:" + "a" * 64 + ".example.com", "not a host name"),
    (uri, "sip:" + "a." * 127 + "com", "longer than 253"),
    (uri, "sip:1.2.3", "not an IPv4 address"),
    (uri, "sip:[2001:db8::g]", "not an IPv6 address"),
    (uri, "sip:[192.0.2.1]", "not an IPv6 address"),
    (uri, "sip:2001:db8::1", "not a host and port"),
    (uri, "sip:pbx.example.com:", "the port is missing"),
    (uri, "sip:pbx.example.com:70000", "not a port"),
    (uri, "sip:a@b@pbx.example.com", "not the user"),
    (uri, "sip:a%2@pbx.example.com", "not the user"),
    (uri, "sip:@pbx.example.com", "the user is missing"),
    (uri, "sip:pbx.example.com;transport", "no use here"),
    (uri, "sip:pbx.example.com;transport=quic", "no use here"),
    (uri, "sip:pbx.example.com;transport=udp;transport=tcp", "given twice"),
    (uri, "sip:pbx.example.com;", "no use here"),
    (uri, "sip:pbx.example.com?Replaces=x", "headers"),
    (uri, "sips:pbx.example.com", "more than a trunk can promise"),
    (uri, "sip:pbx.example.com;transport=WSS", "does not speak"),
    (host_name, "sip..example.com", "not a host name"),
    (telephone, "13125550100", "not a telephone number"),
    (telephone, "+", "not a telephone number"),
    (telephone, "+1234567890123456", "not a telephone number"),
    (telephone, "+\u0661\u0662", "not a telephone number"),
    (prefix, "anyone", "not a telephone number"),
    (outcome, "5XY", "not an outcome"),
    (outcome, "600-700", "no such response"),
    (outcome, "199", "a provisional response"),
    (outcome, "1xx", "a provisional response"),
    (outcome, "2xx", "an answered call"),
    (outcome, "200-599", "an answered call"),
    (outcome, "099", "no such response"),
    (outcome, "busy", "not an outcome"),
    (cause, "0", "not a Q.850 cause"),
    (cause, "128", "not a Q.850 cause"),
    (cause, "transport-error", "not a Q.850 cause"),
    (moment, "100", "100 says nothing"),
    (moment, "200", "not a provisional response"),
    (moment, "603", "a final response"),
    (moment, "ringing", "not a commit point"),
    (count, "-1", "not a whole number"),
    (count, "1000001", "not from 0 to 1000000"),
    (answer, "183", "a provisional response"),
    (answer, "700", "no such outcome"),
    (refusal, "202", "no call is refused"),
    (attempt_outcome, "busy", "no such outcome"),
]


@pytest.mark.parametrize(("read", "text", "message"), WRONG)
def test_what_is_no_such_value_is_told(
    read: Callable[[Word], object], text: str, message: str
) -> None:
    with pytest.raises(Wrong) as caught:
        read(word(text))
    assert message in caught.value.diagnostic.message
    assert caught.value.diagnostic.span == Span(0, len(text))


@given(st.sampled_from([read for read, _, _ in WRONG]), st.text(max_size=40))
def test_no_text_makes_a_reader_fail_otherwise(read: Callable[[Word], object], text: str) -> None:
    try:
        assert read(word(text)) is not None
    except Wrong as wrong:
        assert wrong.diagnostic.message


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("13125550100", "`+13125550100`"),
        ("0044207946", "write `+44207946`"),
        ("01149691234", "write `+49691234`"),
        ("+1-312-555.0100", "write `+13125550100`"),
        ("+" + "1" * 16, "at most 15 digits"),
    ],
)
def test_a_number_in_another_form_is_told_in_this_one(text: str, hint: str) -> None:
    with pytest.raises(Wrong) as caught:
        telephone(word(text))
    assert hint in (caught.value.diagnostic.hint or "")


@pytest.mark.parametrize("name", ["a", "_a", "pbx-east", "PBX_2", "a" * 50])
def test_names(name: str) -> None:
    assert name_fault(word(name)) is None


@pytest.mark.parametrize("name", ["1a", "-a", "a.b", "a b", "é", "a" * 51, "a/b", ""])
def test_what_is_no_name(name: str) -> None:
    assert name_fault(word(name)) is not None
