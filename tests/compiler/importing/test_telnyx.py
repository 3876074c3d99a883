"""Telnyx's JSON, in the forms that people have it in, to policies that compile."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from compiler.targets.telnyx.sayable import sayable
from sipfo.compiler.draft.write import policy_text
from sipfo.compiler.importing.imported import Imported, NotImportable
from sipfo.compiler.importing.telnyx import read
from sipfo.compiler.pipeline import compile_source
from sipfo.compiler.targets.telnyx.capabilities import remarks
from sipfo.compiler.targets.telnyx.emit import NAME, render, requests
from sipfo.plan.model import NumberPrefix, NumberRange, Plan, Trunk

EXAMPLES = Path(__file__).parents[3] / "examples"
SEED = {
    "default_routing_method": "sequential",
    "call_forwarding": {"forwarding_type": "on_failure"},
}


def compiled(imported: Imported) -> Plan:
    """The plan of what was imported, which passes every check and is the draft's own."""
    text = policy_text(imported.draft)
    made = compile_source(text, "imported.sipfo")
    assert made.plan is not None, (text, [one.message for one in made.diagnostics])
    assert made.plan == imported.draft.plan
    return made.plan


def of(document: object) -> Imported:
    return read(json.dumps(document, indent=1).encode(), "file.json")


def trunk_of(document: object) -> Trunk:
    [trunk] = compiled(of(document)).trunks
    return trunk


def said(document: object) -> str:
    return "\n".join(f"{one.line}: {one.text}" for one in of(document).remarks)


def test_the_example_of_telnyxs_own_page() -> None:
    imported = read((EXAMPLES / "telnyx-page.json").read_bytes(), "telnyx-page.json")
    [trunk] = compiled(imported).trunks
    assert (trunk.method, trunk.egress) == ("sequential", ("us.primary", "us.secondary"))
    text = "\n".join(f"{one.line}: {one.text}" for one in imported.remarks)
    assert "2: `default_routing_method` stands in `inbound` in the API's schema" in text
    assert "3: `call_forwarding` is the number's in the API's schema" in text
    assert "3: `forwards_to` is missing" in text
    assert "1: no route of this connection is in the file: `pbx` is an example" in text
    assert "    # on failure forward to +NUMBER via telnyx\n" in policy_text(imported.draft)


def test_what_the_api_answers() -> None:
    imported = read((EXAMPLES / "telnyx-responses.json").read_bytes(), "telnyx-responses.json")
    plan = compiled(imported)
    forwarded, other = plan.trunks
    assert [route.destinations for route in plan.routes] == [
        ("sip:198.51.100.10:5080",),
        ("sip:198.51.100.20",),
    ]
    assert (forwarded.name, other.name) == ("Head-office", "Head-office-2")
    assert forwarded.numbers == (NumberRange(first="+442079460000", last="+442079460001"),)
    assert other.numbers == (NumberPrefix(prefix="+442079460009"),)
    assert forwarded.forward is not None and forwarded.forward.number == "+442079460100"
    assert other.forward is None
    assert forwarded.egress == ("eu.primary", "eu.secondary")
    assert forwarded.limit is not None and forwarded.limit.calls == 10
    [retry] = plan.retries
    assert (retry.no_response, retry.no_progress, retry.no_answer) == (3.0, 3.0, 90.0)
    assert [one.text for one in imported.remarks] == [
        "`anchorsite_override` is nothing that a policy says: left out",
        "`inbound.ani_number_format` is nothing that a policy says: left out",
    ]
    assert [one.line for one in imported.remarks] == [7, 11]


@settings(deadline=None)
@given(sayable())
def test_a_policy_that_telnyx_can_say_comes_back(plan: Plan) -> None:
    """Policy to requests to policy to requests: the same requests, and the same calls."""
    assert [one for one in remarks(plan) if one.support.level == "refused"] == []
    written = render(plan)[NAME].text
    imported = read(written.encode(), NAME)
    again = compiled(imported)
    assert [one.text for one in imported.remarks] == []
    assert list(requests(again)) == list(requests(plan))
    for before, after in zip(plan.trunks, again.trunks, strict=True):
        assert (before.name, before.method, before.limit) == (after.name, after.method, after.limit)
        assert (before.forward is None) == (after.forward is None)


@pytest.mark.parametrize(("method", "count"), [("sequential", 1), ("round-robin", 0)])
def test_a_route_beyond_those_that_are_preferred(method: str, count: int) -> None:
    """It comes last in an order; in a turn, there is nothing to say about it."""
    inbound = {"default_routing_method": method, "default_primary_ip_id": "b"}
    document = [
        {"id": "1", "record_type": "ip_connection", "inbound": inbound},
        {"id": "a", "connection_id": "1", "ip_address": "198.51.100.1"},
        {"id": "b", "connection_id": "1", "ip_address": "198.51.100.2"},
    ]
    routes = [route.destinations[0] for route in compiled(of(document)).routes]
    assert routes == ["sip:198.51.100.2", "sip:198.51.100.1"]
    assert said(document).count("does not prefer") == count


@pytest.mark.parametrize("spelling", ["on-failure", "on_failure"])
def test_both_spellings_of_forwarding(spelling: str) -> None:
    forwarding = {"forwarding_type": spelling, "forwards_to": "+13125550000"}
    trunk = trunk_of({"connection_name": "acme", "call_forwarding": forwarding})
    assert trunk.forward is not None and trunk.forward.number == "+13125550000"


def test_calls_that_are_always_forwarded() -> None:
    forwarding = {"forwarding_type": "always", "forwards_to": "+13125550000"}
    trunk = trunk_of({"connection_name": "acme", "call_forwarding": forwarding})
    assert trunk.forward is not None and trunk.forward.always is True


@pytest.mark.parametrize(
    ("forwarding", "found"),
    [
        ({"forwarding_type": "sometimes", "forwards_to": "+13125550000"}, "no kind of forwarding"),
        ({"forwarding_type": "always"}, "`forwards_to` is missing"),
        ({"forwarding_type": "on-failure"}, "`forwards_to` is missing"),
        ({"forwarding_type": "on-failure", "forwards_to": "13125550000"}, "`forwards_to` is"),
        ({"forwarding_type": "off"}, ""),
        ({"call_forwarding_enabled": False, "forwarding_type": "always"}, ""),
    ],
)
def test_forwarding_that_is_none(forwarding: dict[str, Any], found: str) -> None:
    number = {"phone_number": "+13125550100", "connection_id": "1", "call_forwarding": forwarding}
    document = [{"id": "1", "record_type": "ip_connection"}, number]
    assert trunk_of(document).forward is None
    assert found in said(document)


def test_names_are_looked_up_and_a_port_switches_that_off() -> None:
    connection = {"id": "7", "record_type": "fqdn_connection", "transport_protocol": "TCP"}
    inbound = {"default_routing_method": "round-robin", "default_primary_fqdn_id": "b"}
    routes = [
        {"id": "a", "connection_id": "7", "fqdn": "pbx.example.com", "dns_record_type": "srv"},
        {
            "id": "b",
            "connection_id": "7",
            "fqdn": "B.example.com",
            "dns_record_type": "a",
            "port": 5060,
        },
    ]
    plan = compiled(of([{**connection, "inbound": inbound}, *routes]))
    assert [route.destinations[0] for route in plan.routes] == [
        "sip:b.example.com:5060;transport=tcp",
        "sip:pbx.example.com;transport=tcp",
    ]
    assert plan.trunks[0].method == "round-robin"


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"connection_name": "a", "inbound": {"sip_region": "Canada"}}, "`sip_region` is none"),
        ({"connection_name": "a", "inbound": {"default_routing_method": "random"}}, "no routing"),
        ({"connection_name": "a", "inbound": {"timeout_1xx_secs": 121}}, "is not 1 to 120"),
        ({"connection_name": "a", "inbound": {"timeout_1xx_secs": True}}, "is not 1 to 120"),
        ({"connection_name": "a", "inbound": {"timeout_1xx_secs": 60}}, "Timer B"),
        ([{"id": "1", "transport_protocol": "SCTP"}, {"ip_address": "192.0.2.1"}], "no transport"),
        ({"connection_name": "a", "active": False}, "`active` is false"),
        ([{"connection_name": "a"}, {"user_name": "x", "connection_name": "c"}], "by hand"),
        ([{"connection_name": "a"}, {"ip_address": "0.0.0.0"}], "no host that takes calls"),
        ([{"connection_name": "a"}, {"ip_address": "192.0.2.1", "port": 0}], "no port"),
        ([{"connection_name": "a"}, {"phone_number": "+0", "connection_id": ""}], "no telephone"),
        ([{"connection_name": "a"}, {"method": "GET", "path": "/v2/calls"}], "a request that"),
        ([{"connection_name": "a"}, 7], "no record"),
        ([{"connection_name": "a"}, {"colour": "red"}], "no connection, route or number"),
    ],
)
def test_what_is_not_understood_is_said(document: object, found: str) -> None:
    compiled(of(document))
    assert found in said(document)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "nothing in it is a connection"),
        (b"[]", "nothing in it is a connection"),
        (b"{\n 'a': 1}", "line 2: a string is expected here"),
        (b'{"a": 1,\n\n"a": 2}', "line 3: `a` is there twice"),
        (b"[1 2]", "line 1: `,` is expected here"),
        (b"[tru]", "line 1: no JSON here"),
        (b"[truely]", "line 1: no JSON here"),
        (b'"\xff"', "line 1: not UTF-8"),
        (b'{"connection_name": "a"', "line 1: `,` is expected here"),
        (b"[" * 100, "more than 64 levels"),
    ],
)
def test_files_that_are_none(text: bytes, message: str) -> None:
    with pytest.raises(NotImportable, match=re.escape(message)):
        read(text, "x")


KEYS = st.sampled_from(
    [
        *("data", "requests", "method", "path", "body", "name", "id", "record_type", "inbound"),
        *("connection_name", "transport_protocol", "call_forwarding", "forwarding_type"),
        *("forwards_to", "default_routing_method", "default_primary_ip_id", "timeout_1xx_secs"),
        *("ip_address", "fqdn", "port", "dns_record_type", "connection_id", "phone_number"),
        *("sip_region", "channel_limit", "active", "codecs"),
    ]
)
WORDS = st.sampled_from(
    [
        *("ip_connection", "ip", "fqdn", "on-failure", "always", "+13125550100", "+13125550101"),
        *("198.51.100.7", "pbx.example.com", "2001:db8::1", "TLS", "Europe", "round-robin", "1"),
        *("/v2/ip_connections", "/v2/ips", "/v2/phone_numbers/1/voice", "POST", "srv", "a"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 70000) | WORDS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)


@settings(deadline=None)
@given(JSON)
@example([SEED, SEED])
def test_whatever_the_file_is_the_policy_compiles_or_none_is_made(document: object) -> None:
    try:
        imported = of(document)
    except NotImportable:
        return
    compiled(imported)


@given(st.binary(max_size=40))
def test_no_bytes_end_in_a_traceback(data: bytes) -> None:
    try:
        compiled(read(data, "x"))
    except NotImportable:
        return
