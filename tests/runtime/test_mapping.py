"""Declared addresses to real ones."""

from __future__ import annotations

import pytest

from runtime.world import policy
from sipfo.runtime.mapping import BadMapping, parse_mapping


def test_a_host_keeps_its_ports() -> None:
    mapping = parse_mapping(["192.0.2.10=127.0.0.2"])
    assert mapping.actual("192.0.2.10", 5080) == ("127.0.0.2", 5080)
    assert mapping.actual("192.0.2.11", 5060) == ("192.0.2.11", 5060)


def test_a_socket_goes_before_its_host() -> None:
    mapping = parse_mapping(["192.0.2.10=127.0.0.2", "192.0.2.10:5061=127.0.0.3:15061"])
    assert mapping.actual("192.0.2.10", 5061) == ("127.0.0.3", 15061)
    assert mapping.actual("192.0.2.10", 5060) == ("127.0.0.2", 5060)


def test_ipv6_with_and_without_port() -> None:
    mapping = parse_mapping(["2001:DB8::1=::1", "[2001:db8::2]:5060=127.0.0.2:5070"])
    assert mapping.actual("2001:db8::1", 5060) == ("::1", 5060)
    assert mapping.actual("2001:db8::2", 5060) == ("127.0.0.2", 5070)


def test_every_declared_address_of_a_real_one() -> None:
    mapping = parse_mapping(["192.0.2.10=127.0.0.2", "192.0.2.11=127.0.0.2"])
    assert mapping.declared("127.0.0.2") == ("192.0.2.10", "192.0.2.11", "127.0.0.2")


def test_the_declared_address_of_a_real_socket() -> None:
    mapping = parse_mapping(["192.0.2.10:5061=127.0.0.2:15061", "192.0.2.11=127.0.0.2"])
    assert mapping.declared_at("127.0.0.2", 15061) == "192.0.2.10"
    assert mapping.declared_at("127.0.0.3", 5061) == "127.0.0.3"
    assert parse_mapping(["192.0.2.1=127.0.0.2"]).declared_at("127.0.0.2", 5061) == "192.0.2.1"


def test_a_plan_s_addresses_and_uris_are_rewritten() -> None:
    plan = policy(
        routes={
            "a": ("sip:198.51.100.10",),
            "b": ("sip:bob@198.51.100.20:5070;transport=tcp",),
            "c": ("sip:[2001:db8::9]:5060",),
            "d": ("sip:pbx.example.com",),
            "e": ("sip:198.51.100.30;transport=tls",),
            "f": ("sip:198.51.100.31;transport=TLS",),
        },
        carriers={"northstar": "sip:203.0.113.9;user=phone"},
    )
    mapped = parse_mapping(
        [
            "192.0.2.10:5060=127.0.0.1:15060",
            "192.76.120.10=127.0.0.2",
            "198.51.100.10:5060=127.0.0.3:15060",
            "198.51.100.20=127.0.0.4",
            "198.51.100.30:5061=127.0.0.6:15061",
            "198.51.100.31=127.0.0.7",
            "2001:db8::9=::1",
            "203.0.113.9=127.0.0.5",
        ]
    ).plan(plan)
    assert [(one.host, one.port) for one in mapped.listen] == [("127.0.0.1", 15060)] * 2
    assert [one.host for one in mapped.egress] == ["127.0.0.2", "64.16.250.10"]
    assert [route.destinations[0] for route in mapped.routes] == [
        "sip:127.0.0.3:15060",
        "sip:bob@127.0.0.4:5070;transport=tcp",
        "sip:[::1]:5060",
        "sip:pbx.example.com",
        "sip:127.0.0.6:15061;transport=tls",
        "sip:127.0.0.7;transport=TLS",
    ]
    assert mapped.carriers[0].destination == "sip:127.0.0.5;user=phone"


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("192.0.2.10", "DECLARED=ACTUAL"),
        ("192.0.2.10=", "no address"),
        ("pbx.example.com=127.0.0.1", "no address"),
        ("192.0.2.10=127.0.0.1:5060", "both sides"),
        ("192.0.2.10:99999=127.0.0.1:5060", "no address"),
        ("192.0.2.300=127.0.0.1", "no address"),
        ("fe80::1%eth0=::1", "no address"),
    ],
)
def test_what_cannot_be_read_says_what_to_write(argument: str, says: str) -> None:
    with pytest.raises(BadMapping, match=says):
        parse_mapping([argument])


def test_an_address_mapped_twice_is_refused() -> None:
    with pytest.raises(BadMapping, match="twice"):
        parse_mapping(["192.0.2.1=127.0.0.1", "192.0.2.1=127.0.0.2"])
