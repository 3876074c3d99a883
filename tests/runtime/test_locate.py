"""RFC 3263 §4 and RFC 2782, with the answers given by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.runtime.locate import (
    MOST_FORESEEN,
    MOST_SERVERS,
    SUPPORTED,
    Target,
    Unlocatable,
    foreseen,
    in_order,
    is_host_name,
    locate,
    reaches,
)
from sipfo.runtime.question import (
    Answer,
    NaptrRecord,
    Query,
    Record,
    SrvRecord,
    Status,
)
from sipfo.runtime.sip.uri import SipUri, parse_uri

BOTH = frozenset({"udp", "tcp"})
Zone = Mapping[tuple[str, str], Status | tuple[Record, ...]]

A: Zone = {("a.example", "A"): ("192.0.2.1",)}
B: Zone = {("b.example", "A"): ("192.0.2.2",), ("b.example", "AAAA"): ("2001:db8::2",)}
EX: Zone = {("example.com", "A"): ("192.0.2.80",)}
UDP: Zone = {("_sip._udp.example.com", "SRV"): (SrvRecord(0, 0, 5080, "a.example."),)}
TCP: Zone = {("_sip._tcp.example.com", "SRV"): (SrvRecord(0, 0, 5090, "b.example"),)}


def naptr(service: str, replacement: str, order: int = 10, **more: str) -> NaptrRecord:
    return NaptrRecord(
        order, 10, more.get("flags", "s"), service, replacement, more.get("regexp", "")
    )


def drive(
    uri: SipUri,
    answer: Callable[[Query], Answer],
    draw: Callable[[int], int],
    transports: frozenset[str] = BOTH,
) -> tuple[tuple[Target, ...], list[Query]]:
    """The targets, and the queries that led to them."""
    asked: list[Query] = []
    lookup = locate(uri, draw, transports)
    try:
        query = next(lookup)
        while True:
            asked.append(query)
            query = lookup.send(answer(query))
    except StopIteration as end:
        targets: tuple[Target, ...] = end.value
        return targets, asked


def from_zone(zone: Zone) -> Callable[[Query], Answer]:
    names = {name for name, _ in zone}

    def answer(query: Query) -> Answer:
        entry = zone.get((query.name.lower(), query.kind))
        if isinstance(entry, str):
            return Answer(entry)
        if entry is None:
            exists = any(name == query.name or name.endswith("." + query.name) for name in names)
            return Answer("nodata" if exists else "nxdomain")
        return Answer("ok", entry)

    return answer


def found(text: str, zone: Zone, transports: frozenset[str] = BOTH) -> tuple[list[str], list[str]]:
    targets, asked = drive(parse_uri(text), from_zone(zone), lambda most: 0, transports)
    return [str(one) for one in targets], [f"{one.kind} {one.name}" for one in asked]


def cause(text: str, zone: Zone, transports: frozenset[str] = BOTH) -> str:
    with pytest.raises(Unlocatable) as caught:
        found(text, zone, transports)
    assert caught.value.reason == str(caught.value) != ""
    return caught.value.cause


def test_a_target_is_written_with_its_transport_and_an_ipv6_address_in_brackets() -> None:
    assert str(Target("udp", "192.0.2.1", 5060, "a.example")) == "udp:192.0.2.1:5060"
    assert str(Target("tcp", "2001:db8::1", 5060, "a.example")) == "tcp:[2001:db8::1]:5060"


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("sip:192.0.2.1", "udp:192.0.2.1:5060"),
        ("sip:192.0.2.1:5070", "udp:192.0.2.1:5070"),
        ("sip:192.0.2.1;transport=tcp", "tcp:192.0.2.1:5060"),
        ("sip:192.0.2.1;transport=TCP", "tcp:192.0.2.1:5060"),
        ("sip:[2001:db8::1]", "udp:[2001:db8::1]:5060"),
        ("sip:[2001:DB8:0::1]:5070;transport=udp", "udp:[2001:db8::1]:5070"),
        ("sip:example.com;maddr=192.0.2.9", "udp:192.0.2.9:5060"),
        ("sip:example.com:5070;maddr=[2001:db8::9]", "udp:[2001:db8::9]:5070"),
        ("sip:localhost:5070", "udp:127.0.0.1:5070"),
        ("sip:192.0.2.1;transport=tls", "tls:192.0.2.1:5061"),
        ("sip:192.0.2.1:5060;transport=tls", "tls:192.0.2.1:5060"),
        ("sips:[2001:db8::1]", "tls:[2001:db8::1]:5061"),
        ("sips:192.0.2.1;transport=tcp", "tls:192.0.2.1:5061"),
        ("sip:localhost;transport=tls", "tls:127.0.0.1:5061"),
    ],
)
def test_a_numeric_target_is_used_as_it_is_and_nothing_is_asked(text: str, target: str) -> None:
    assert found(text, {}, SUPPORTED) == ([target], [])


SRV_TLS = {("_sips._tcp.example.com", "SRV"): (SrvRecord(0, 0, 5071, "a.example."),)}


def test_tls_is_found_under_sips() -> None:
    for text in ("sip:example.com;transport=tls", "sips:example.com;transport=tcp"):
        assert found(text, {**SRV_TLS, **UDP, **A}, SUPPORTED) == (
            ["tls:192.0.2.1:5071"],
            ["SRV _sips._tcp.example.com", "A a.example", "AAAA a.example"],
        )
    assert found("sip:example.com;transport=tls", EX, SUPPORTED)[0] == ["tls:192.0.2.80:5061"]


def test_a_sips_uri_takes_nothing_but_tls() -> None:
    zone: Zone = {
        ("example.com", "NAPTR"): (
            naptr("SIP+D2U", "_sip._udp.example.com", 1),
            naptr("SIPS+D2T", "_sips._tcp.example.com", 2),
        )
    }
    zone = {**zone, **SRV_TLS, **UDP, **A}
    assert found("sips:example.com", zone, SUPPORTED)[0] == ["tls:192.0.2.1:5071"]
    assert found("sips:example.com", {**SRV_TLS, **UDP, **A}, SUPPORTED)[0] == [
        "tls:192.0.2.1:5071"
    ]
    assert found("sips:example.com", {**UDP, **A, **EX}, SUPPORTED)[0] == ["tls:192.0.2.80:5061"]


def test_a_domain_that_prefers_tls_gets_it_from_a_sip_uri_too() -> None:
    first = (naptr("SIPS+D2T", "_sips._tcp.example.com"), naptr("SIP+D2U", "_sip._udp.example.com"))
    zone: Zone = {("example.com", "NAPTR"): first, **SRV_TLS, **UDP, **A}
    assert found("sip:example.com", zone, SUPPORTED)[0] == ["tls:192.0.2.1:5071"]


def test_without_a_word_about_tls_it_is_not_looked_for() -> None:
    assert found("sip:example.com", {**SRV_TLS, **TCP, **B}, SUPPORTED) == (
        ["tcp:192.0.2.2:5090", "tcp:[2001:db8::2]:5090"],
        [
            "NAPTR example.com",
            "SRV _sip._udp.example.com",
            "SRV _sip._tcp.example.com",
            "A b.example",
            "AAAA b.example",
        ],
    )


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        ("sip:example.com;transport=tls", "example.com"),
        ("sip:a.example:5061;transport=tls", "a.example"),
        ("sip:a.example.:5061;transport=tls", "a.example"),
        ("sip:[2001:DB8:0::1];transport=tls", "2001:db8::1"),
        ("sip:example.com;maddr=192.0.2.9;transport=tls", "example.com"),
        ("sip:192.0.2.1;transport=tcp", ""),
    ],
)
def test_who_a_tls_server_must_be_is_the_host_of_the_uri(text: str, identity: str) -> None:
    zone = from_zone({**SRV_TLS, **A})
    targets, _ = drive(parse_uri(text), zone, lambda most: 0, SUPPORTED)
    assert [one.identity for one in targets] == [identity]


def test_only_tcp_is_used_when_udp_may_not_be() -> None:
    only = frozenset({"tcp"})
    assert found("sip:192.0.2.1", {}, only) == (["tcp:192.0.2.1:5060"], [])
    assert found("sip:example.com", {**UDP, **TCP, **A, **B}, only) == (
        ["tcp:192.0.2.2:5090", "tcp:[2001:db8::2]:5090"],
        ["NAPTR example.com", "SRV _sip._tcp.example.com", "A b.example", "AAAA b.example"],
    )


def test_an_explicit_port_means_addresses_only_even_if_it_is_5060() -> None:
    zone = {**EX, **UDP, **A}
    asked = ["A example.com", "AAAA example.com"]
    assert found("sip:example.com:5060", zone) == (["udp:192.0.2.80:5060"], asked)
    assert found("sip:example.com:5070;transport=tcp", zone) == (["tcp:192.0.2.80:5070"], asked)


def test_a_stated_transport_means_its_srv_records_without_naptr() -> None:
    assert found("sip:example.com;transport=tcp", {**UDP, **TCP, **A, **B}) == (
        ["tcp:192.0.2.2:5090", "tcp:[2001:db8::2]:5090"],
        ["SRV _sip._tcp.example.com", "A b.example", "AAAA b.example"],
    )


def test_a_stated_transport_without_srv_records_means_addresses_at_the_default_port() -> None:
    assert found("sip:example.com;transport=tcp", {**EX, **UDP, **A}) == (
        ["tcp:192.0.2.80:5060"],
        ["SRV _sip._tcp.example.com", "A example.com", "AAAA example.com"],
    )


def test_naptr_decides_the_transport_and_its_replacement_is_the_srv_name() -> None:
    zone: Zone = {
        ("example.com", "NAPTR"): (
            naptr("SIP+D2U", "_sip._udp.example.com", 100),
            naptr("sip+d2t", "_SIP._tcp.elsewhere.example.", 90, flags="S"),
            naptr("SIPS+D2T", "_sips._tcp.example.com", 50),
        ),
        ("_sip._tcp.elsewhere.example", "SRV"): (SrvRecord(0, 0, 5070, "b.example"),),
    }
    targets, asked = found("sip:example.com", {**zone, **UDP, **A, **B})
    assert targets == ["tcp:192.0.2.2:5070", "tcp:[2001:db8::2]:5070"]
    assert [one.lower() for one in asked[:2]] == [
        "naptr example.com",
        "srv _sip._tcp.elsewhere.example",
    ]


def test_naptr_records_of_one_order_go_by_preference() -> None:
    records = (
        NaptrRecord(10, 20, "s", "SIP+D2U", "_sip._udp.example.com"),
        NaptrRecord(10, 10, "s", "SIP+D2T", "_sip._tcp.example.com"),
    )
    targets, _ = found(
        "sip:example.com", {("example.com", "NAPTR"): records, **UDP, **TCP, **A, **B}
    )
    assert targets[0] == "tcp:192.0.2.2:5090"


def test_the_next_naptr_record_is_used_when_the_first_leads_nowhere() -> None:
    records = (
        naptr("SIP+D2T", "_sip._tcp.gone.example", 1),
        naptr("SIP+D2U", "_sip._udp.example.com", 2),
    )
    targets, _ = found("sip:example.com", {("example.com", "NAPTR"): records, **UDP, **A})
    assert targets == ["udp:192.0.2.1:5080"]


@pytest.mark.parametrize(
    "record",
    [
        naptr("E2U+sip", "_sip._tcp.other.example"),
        naptr("SIP+D2U", "_sip._udp.other.example", flags="u"),
        naptr("SIP+D2U", "_sip._udp.other.example", regexp="!^.*$!sip:x!"),
        naptr("SIP+D2U", "."),
        naptr("SIPS+D2T", "_sips._tcp.other.example"),
        naptr("SIP+D2S", "_sip._sctp.other.example"),
    ],
)
def test_a_naptr_record_that_does_not_apply_is_as_if_it_were_not_there(record: NaptrRecord) -> None:
    zone: Zone = {("example.com", "NAPTR"): (record,), **UDP, **A}
    targets, asked = found("sip:example.com", zone)
    assert targets == ["udp:192.0.2.1:5080"]
    assert not any("other" in one for one in asked)


def test_a_domain_with_other_transports_only_is_not_called_by_udp() -> None:
    zone: Zone = {("example.com", "NAPTR"): (naptr("SIPS+D2T", "_sips._tcp.example.com"),), **EX}
    assert cause("sip:example.com", zone) == "transport"


@pytest.mark.parametrize("status", ["servfail", "refused", "timeout"])
def test_a_naptr_query_that_fails_does_not_hide_the_srv_records(status: Status) -> None:
    targets, _ = found("sip:example.com", {("example.com", "NAPTR"): status, **UDP, **A})
    assert targets == ["udp:192.0.2.1:5080"]


def test_without_naptr_udp_comes_first_and_tcp_is_asked_for_only_when_udp_has_none() -> None:
    assert found("sip:example.com", {**UDP, **TCP, **A, **B}) == (
        ["udp:192.0.2.1:5080"],
        ["NAPTR example.com", "SRV _sip._udp.example.com", "A a.example", "AAAA a.example"],
    )
    targets, _ = found("sip:example.com", {**TCP, **B})
    assert targets == ["tcp:192.0.2.2:5090", "tcp:[2001:db8::2]:5090"]


def test_without_naptr_and_srv_the_addresses_of_the_name_are_called_by_udp() -> None:
    assert found("sip:example.com", EX) == (
        ["udp:192.0.2.80:5060"],
        [
            "NAPTR example.com",
            "SRV _sip._udp.example.com",
            "SRV _sip._tcp.example.com",
            "A example.com",
            "AAAA example.com",
        ],
    )


def test_the_name_that_a_target_came_from_is_kept() -> None:
    targets, _ = drive(parse_uri("sip:example.com"), from_zone({**UDP, **A}), lambda most: 0)
    assert targets == (Target("udp", "192.0.2.1", 5080, "a.example"),)


def test_a_place_that_two_names_lead_to_is_tried_once() -> None:
    zone: Zone = {
        ("_sip._udp.example.com", "SRV"): (
            SrvRecord(1, 0, 5060, "a.example"),
            SrvRecord(2, 0, 5060, "alias.example"),
            SrvRecord(3, 0, 5061, "a.example"),
        ),
        ("alias.example", "A"): ("192.0.2.1", "192.0.2.3", "192.0.2.3"),
        **A,
    }
    targets, _ = found("sip:example.com", zone)
    assert targets == ["udp:192.0.2.1:5060", "udp:192.0.2.3:5060", "udp:192.0.2.1:5061"]


def test_an_srv_target_without_an_address_is_passed_over() -> None:
    zone: Zone = {
        ("_sip._udp.example.com", "SRV"): (
            SrvRecord(1, 0, 5060, "gone.example"),
            SrvRecord(2, 0, 5060, "down.example"),
            SrvRecord(3, 0, 0, "b.example"),
            SrvRecord(4, 0, 5060, "192.0.2.77"),
            SrvRecord(5, 0, 5060, "."),
            SrvRecord(6, 0, 5060, "a.example"),
        ),
        ("down.example", "A"): "timeout",
        ("down.example", "AAAA"): "servfail",
        **A,
        **B,
    }
    assert found("sip:example.com", zone)[0] == ["udp:192.0.2.1:5060"]


def test_an_ipv6_address_is_used_although_the_query_for_ipv4_failed() -> None:
    zone: Zone = {("six.example", "A"): "timeout", ("six.example", "AAAA"): ("2001:db8::6",)}
    assert found("sip:six.example:5060", zone)[0] == ["udp:[2001:db8::6]:5060"]


def test_a_target_of_a_dot_means_that_the_service_is_not_offered() -> None:
    no_udp: Zone = {("_sip._udp.example.com", "SRV"): (SrvRecord(0, 0, 0, "."),)}
    assert cause("sip:example.com;transport=udp", {**no_udp, **EX}) == "not-offered"
    assert cause("sip:example.com", {**no_udp, **EX}) == "not-offered"
    assert found("sip:example.com", {**no_udp, **TCP, **B})[0][0] == "tcp:192.0.2.2:5090"


@pytest.mark.parametrize("status", ["servfail", "refused", "timeout"])
def test_an_srv_query_that_fails_never_leads_to_the_addresses_of_the_bare_name(
    status: Status,
) -> None:
    failing: Zone = {("_sip._udp.example.com", "SRV"): status, **EX}
    assert cause("sip:example.com", failing) == status
    assert cause("sip:example.com;transport=udp", failing) == status
    assert found("sip:example.com", {**failing, **TCP, **B})[0][0] == "tcp:192.0.2.2:5090"


@pytest.mark.parametrize("status", ["servfail", "refused", "timeout", "nodata", "nxdomain"])
@pytest.mark.parametrize("text", ["sip:example.com", "sip:example.com:5060"])
def test_each_way_in_which_addresses_are_missing_is_told_apart(text: str, status: Status) -> None:
    assert cause(text, {("example.com", "A"): status, ("example.com", "AAAA"): "nodata"}) == status


def test_a_name_that_does_not_exist_is_asked_for_no_second_type() -> None:
    asked: list[Query] = []

    def nothing(query: Query) -> Answer:
        asked.append(query)
        return Answer("nxdomain")

    with pytest.raises(Unlocatable):
        drive(parse_uri("sip:gone.example:5060"), nothing, lambda most: 0)
    assert asked == [Query("gone.example", "A")]


@pytest.mark.parametrize(
    ("text", "transports"),
    [
        ("sips:example.com", BOTH),
        ("sips:192.0.2.1", BOTH),
        ("sip:192.0.2.1;transport=tls", BOTH),
        ("sip:example.com;transport=sctp", SUPPORTED),
        ("sips:example.com;transport=udp", SUPPORTED),
        ("sip:example.com;transport=tcp", frozenset({"udp"})),
        ("sip:192.0.2.1", frozenset()),
        ("sip:192.0.2.1;transport=ws", frozenset({"ws"})),
    ],
)
def test_a_transport_that_cannot_be_used_is_unlocatable_without_a_query(
    text: str, transports: frozenset[str]
) -> None:
    assert cause(text, {}, transports) == "transport"


NO_NAMES = ["", ".", ".1", "1", "1.2.3", "192.0.2.300", "010.0.0.1", "a..b", "-a.b", "a-.b", "a b"]
NO_NAMES += [
    "a\n",
    "a.example\n",
    "ä.example",
    "x" * 64 + ".b",
    "fe80::1%lo",
    ".".join(["x" * 60] * 5),
]


@pytest.mark.parametrize("host", NO_NAMES)
def test_a_host_that_is_neither_address_nor_name_is_never_asked_for(host: str) -> None:
    assert not is_host_name(host)
    lookup = locate(SipUri("sip", None, host), lambda most: 0)
    with pytest.raises(Unlocatable) as caught:
        next(lookup)
    assert caught.value.cause == "bad-host"


@pytest.mark.parametrize(
    "host", ["a", "pbx", "a.example", "xn--bcher-kva.example", "a_b.c1", "1.a"]
)
def test_a_host_name_may_be_asked_for(host: str) -> None:
    assert is_host_name(host)


def test_a_name_with_its_final_dot_is_asked_for_without_it() -> None:
    uri = SipUri("sip", None, "example.com.", 5060)
    assert drive(uri, from_zone(EX), lambda most: 0)[1][0] == Query("example.com", "A")


def chances(weights: tuple[int, ...]) -> dict[tuple[int, ...], Fraction]:
    """The probability of each order of records with these weights, by trying every draw."""
    records = [SrvRecord(0, weight, 5060, f"h{n}.example") for n, weight in enumerate(weights)]
    chance: Counter[tuple[int, ...]] = Counter()
    total: dict[tuple[int, ...], Fraction] = {}

    def follow(drawn: tuple[int, ...], share: Fraction) -> None:
        asked: list[int] = []

        def draw(most: int) -> int:
            asked.append(most)
            return drawn[len(asked) - 1] if len(asked) <= len(drawn) else 0

        order = tuple(records.index(one) for one in in_order(records, draw))
        if len(asked) <= len(drawn):
            chance[order] += 1
            total[order] = total.get(order, Fraction(0)) + share
            return
        most = asked[len(drawn)]
        for number in range(most + 1):
            follow((*drawn, number), share / (most + 1))

    follow((), Fraction(1))
    return total


def expected(weights: tuple[int, ...], order: tuple[int, ...]) -> Fraction:
    """RFC 2782 in other words: the sum s has s+1 draws; the first record has one more than its
    weight, each other as many as its weight. Records with weight 0 come first in the list."""
    listed = sorted(order, key=lambda place: (weights[place] != 0, place))
    chance = Fraction(1)
    for place in order:
        total = sum(weights[one] for one in listed)
        chance *= Fraction(weights[place] + (place == listed[0]), total + 1)
        listed.remove(place)
    return chance


@pytest.mark.parametrize("weights", [(1, 3), (0, 5), (5, 0), (0, 0, 4), (2, 1, 3), (0, 0), (7,)])
def test_the_share_of_each_order_is_that_of_the_weights(weights: tuple[int, ...]) -> None:
    total = chances(weights)
    for order in permutations(range(len(weights))):
        assert total.get(order, Fraction(0)) == expected(weights, order)
    assert sum(total.values()) == 1


def test_a_weight_of_zero_has_a_very_small_chance_of_being_first() -> None:
    assert chances((99, 0))[(1, 0)] == Fraction(1, 100)


srv_records = st.builds(
    SrvRecord,
    st.integers(0, 3),
    st.sampled_from([0, 0, 1, 10, 65535]),
    st.sampled_from([0, 5060, 5070]),
    st.sampled_from(["a.example", "b.example", "A.example.", ".", "", "1.2", "x y", "c.example"]),
)
naptr_records = st.builds(
    NaptrRecord,
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from(["s", "S", "a", "u", ""]),
    st.sampled_from(["SIP+D2U", "SIP+D2T", "SIPS+D2T", "E2U+sip", "", "+"]),
    st.sampled_from(["_sip._udp.a.example", "_sip._tcp.b.example", ".", "", "..", "1"]),
    st.sampled_from(["", "!x!y!"]),
)
address_texts = st.sampled_from(
    ["192.0.2.1", "192.0.2.2", "2001:db8::1", "::1%lo", "", "a.example"]
)
answers = st.builds(
    Answer,
    st.sampled_from(["ok", "ok", "ok", "nodata", "nxdomain", "servfail", "refused", "timeout"]),
    st.lists(srv_records | naptr_records | address_texts, max_size=40).map(tuple),
)
uris = st.builds(
    SipUri,
    st.sampled_from(["sip", "sip", "sip", "sips"]),
    st.none(),
    st.sampled_from(["example.com", "a.example.", "192.0.2.1", "2001:db8::1", ".1", ""]),
    st.none() | st.integers(1, 65535),
    st.lists(
        st.tuples(
            st.sampled_from(["transport", "maddr", "lr"]),
            st.sampled_from([None, "udp", "tcp", "tls", "b.example", "192.0.2.3"]),
        ),
        max_size=2,
    ).map(tuple),
)


@given(uris, st.data(), st.sampled_from([BOTH, frozenset({"udp"}), frozenset({"tcp"})]))
def test_whatever_dns_answers_it_ends_with_targets_each_once_or_unlocatable(
    uri: SipUri, data: st.DataObject, transports: frozenset[str]
) -> None:
    def answer(query: Query) -> Answer:
        assert is_host_name(query.name)
        return data.draw(answers)

    def draw(most: int) -> int:
        return data.draw(st.integers(0, most))

    try:
        targets, _ = drive(uri, answer, draw, transports)
    except Unlocatable:
        return
    places = [(one.transport, one.host, one.port) for one in targets]
    assert places
    assert len(set(places)) == len(places)
    assert len({transport for transport, _, _ in places}) == 1
    assert {one.transport for one in targets} <= transports
    assert all(1 <= one.port <= 65535 for one in targets)


@given(st.lists(srv_records), st.data())
def test_priority_always_comes_before_weight_and_no_record_is_lost(
    records: list[SrvRecord], data: st.DataObject
) -> None:
    ordered = in_order(records, lambda most: data.draw(st.integers(0, most)))
    assert Counter(ordered) == Counter(records)
    assert [one.priority for one in ordered] == sorted(one.priority for one in records)


def test_a_hostile_set_of_srv_records_costs_a_bounded_number_of_queries() -> None:
    many = tuple(SrvRecord(n, 0, 5060, f"h{n}.example") for n in range(1000))
    asked: list[Query] = []

    def answer(query: Query) -> Answer:
        asked.append(query)
        return Answer("ok", many) if query.kind == "SRV" else Answer("nodata")

    with pytest.raises(Unlocatable):
        drive(parse_uri("sip:example.com;transport=udp"), answer, lambda most: 0)
    assert len(asked) == 1 + 2 * MOST_SERVERS


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("nxdomain", "unresolvable: NXDOMAIN (example.com: no such name)"),
        ("nodata", "unresolvable: empty answer (example.com: no address)"),
        ("servfail", "unresolvable: SERVFAIL (example.com: the nameserver failed)"),
        ("refused", "unresolvable: REFUSED (example.com: the nameserver refused to answer)"),
        ("timeout", "unresolvable: timeout (example.com: no nameserver answered in time)"),
    ],
)
def test_each_failure_is_said_in_the_word_that_dns_has_for_it(status: Status, said: str) -> None:
    with pytest.raises(Unlocatable) as caught:
        found("sip:example.com:5060", {("example.com", "A"): status})
    assert caught.value.said == said


def test_what_is_no_failure_of_dns_is_said_in_words() -> None:
    with pytest.raises(Unlocatable) as caught:
        found("sip:example.com;transport=sctp", {})
    assert caught.value.said == "unresolvable: transport sctp cannot be used"


def test_a_target_says_which_records_led_to_it() -> None:
    zone: Zone = {
        ("example.com", "NAPTR"): (naptr("SIP+D2T", "_sip._tcp.example.com", 20),),
        ("_sip._tcp.example.com", "SRV"): (SrvRecord(5, 60, 5090, "b.example"),),
        **B,
    }
    targets, _ = drive(parse_uri("sip:example.com"), from_zone(zone), lambda most: 0)
    start = "NAPTR 20 10 SIP+D2T, SRV 5 60 of _sip._tcp.example.com, "
    assert [one.why for one in targets] == [f"{start}A b.example", f"{start}AAAA b.example"]


@pytest.mark.parametrize(
    ("local", "host", "does"),
    [
        ("192.0.2.10", "192.0.2.1", True),
        ("192.0.2.10", "2001:db8::1", False),
        ("2001:db8::10", "2001:db8::1", True),
        ("2001:db8::10", "192.0.2.1", False),
    ],
)
def test_an_address_reaches_its_own_family_only(local: str, host: str, does: bool) -> None:
    assert reaches(local, Target("udp", host, 5060, "a.example")) is does


def test_both_families_of_a_name_and_of_all_srv_targets_are_foreseen() -> None:
    assert foreseen(Query("a.example", "A")) == (Query("a.example", "AAAA"),)
    assert foreseen(Query("a.example", "AAAA")) == ()
    records = (SrvRecord(0, 0, 1, "A.example."), SrvRecord(0, 0, 1, "."), SrvRecord(0, 0, 1, ".1"))
    query = Query("_sip._udp.example.com", "SRV")
    assert foreseen(query, Answer("ok", records)) == (
        Query("A.example", "A"),
        Query("A.example", "AAAA"),
    )
    many = tuple(SrvRecord(n, 0, 5060, f"h{n}.example") for n in range(100))
    assert len(foreseen(query, Answer("ok", many))) == 2 * MOST_FORESEEN
