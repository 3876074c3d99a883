"""A destination in its parts, put together again, is the URI that the policy has."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.targets.kamailio.test_readback import hostile_plan
from plan.strategies import plans
from sipfo.compiler.targets.places import Destination, destination, places
from sipfo.compiler.targets.safe import CannotSay
from sipfo.plan.model import Plan
from verify.seed import plan

hosts = (
    st.ip_addresses(v=4).map(str)
    | st.ip_addresses(v=6).map(lambda one: f"[{one}]")
    | st.sampled_from(("a.example.com", "A-b.example", "_x.example", "localhost"))
)
ports = st.none() | st.integers(1, 65535)
transports = st.none() | st.sampled_from(("udp", "tcp", "tls"))
users = st.none() | st.text("abc019+-_.!~*'()&=$,;?/%:", min_size=1, max_size=12)
rests = st.sampled_from(("", ";lr", ";x=y;user=phone", "?Subject=x"))


@given(users, hosts, ports, transports, rests)
def test_a_uri_is_taken_apart_and_put_together(
    user: str | None, host: str, port: int | None, transport: str | None, rest: str
) -> None:
    said = f";transport={transport}" if transport else ""
    uri = "sip:" + (f"{user}@" if user else "") + host + (f":{port}" if port else "") + said + rest
    found = destination(uri)
    assert (found.user, found.host, found.port, found.transport) == (user, host, port, transport)
    at = f"{found.user}@" if found.user is not None else ""
    assert f"sip:{at}{found.behind_user}" == uri
    if found.is_numeric:
        family = ip_address(host.strip("[]")).version
        there = port or (5061 if transport == "tls" else 5060)
        assert found.family == family
        assert found.next_hop == f"sip:{host}:{there};transport={transport or 'udp'}"
    else:
        assert found.family is None


@given(st.text(max_size=40).map("sip:".__add__))
def test_any_text_is_a_destination_or_refused(uri: str) -> None:
    try:
        found = destination(uri)
    except CannotSay as error:
        assert uri in str(error)
        return
    assert not set(found.host) & set(' \t\r\n"#$|\\,;@')
    assert found.transports <= {"udp", "tcp", "tls"}


@pytest.mark.parametrize(
    ("uri", "transports"),
    [
        ("sip:198.51.100.1", {"udp"}),
        ("sip:198.51.100.1;transport=TCP", {"tcp"}),
        ("sip:a.example:5070", {"udp"}),
        ("sip:a.example", {"udp", "tcp"}),  # as NAPTR and SRV say (RFC 3263 section 4.1)
        ("sip:x;transport=tcp@a.example:1", {"udp"}),  # a user's
    ],
)
def test_the_transports_of_a_destination(uri: str, transports: set[str]) -> None:
    assert destination(uri).transports == transports


@settings(max_examples=20)
@given(plans())
def test_every_place_that_a_trunk_leads_to_is_there_once(drawn: Plan) -> None:
    try:
        keys = [one.key for one in places(drawn)]
    except CannotSay:
        return
    wanted = {f"route/{name}" for trunk in drawn.trunks for name in trunk.routes}
    wanted |= {
        f"carrier/{name}" for one in drawn.trunks if one.forward for name in one.forward.carriers
    }
    assert len(keys) == len(set(keys))
    assert set(keys) == wanted


def test_what_no_trunk_leads_to_is_left_out() -> None:
    assert [one.name for one in places(plan(("pbx-east",)))] == ["pbx-east"]
    assert isinstance(places(hostile_plan())[0].destinations[0], Destination)
