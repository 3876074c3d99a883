"""The plan's limits: what no plan may hold, whoever wrote it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import TypeAdapter, ValidationError

from plan.samples import registrar, small_plan
from plan.strategies import plans
from sipfo.plan.model import (
    MAX_CARRIERS,
    MAX_INSTANCES,
    PLAN_VERSION,
    T1_64,
    TIMER_C,
    Address,
    Code,
    Count,
    Credential,
    Forward,
    Host,
    Listen,
    Money,
    Name,
    Network,
    Number,
    OnCause,
    Path,
    Plan,
    Port,
    Prefix,
    Registrar,
    Retry,
    Route,
    Seconds,
    SecretName,
    Shaping,
    Trunk,
    Uri,
    User,
    Weight,
)


def accepts(kind: Any, value: object) -> bool:
    """Whether a value is of this type, read as strictly as a plan is."""
    reader: TypeAdapter[object] = TypeAdapter(kind)
    try:
        reader.validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", ["us.primary", "pbx-east", "_", "A1", "x" * 64])
def test_a_name_is_a_word(name: str) -> None:
    assert accepts(Name, name)


@pytest.mark.parametrize(
    "name", ["", "1a", "-a", ".a", "a b", "a\n", "a;b", "ä", "a\0", 'a"', "x" * 65, "a/b", "a$b"]
)
def test_a_name_holds_nothing_that_a_target_could_misread(name: str) -> None:
    assert not accepts(Name, name)


@pytest.mark.parametrize(
    "number", ["", "+", "1312", "+1 312", "+1312\n", "+1" * 2, "+１", "+" + "1" * 16]
)
@pytest.mark.parametrize("kind", [Number, Prefix], ids=["number", "prefix"])
def test_a_number_is_plus_and_fifteen_digits_at_most(kind: object, number: str) -> None:
    assert not accepts(kind, number)
    assert accepts(kind, "+" + "1" * 15)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        pytest.param(Port, (1, 5060, 65535), (0, 65536, -1, "5060", 5060.0, True), id="port"),
        pytest.param(Code, (300, 503, 699), (200, 299, 700, "503", None), id="code"),
        pytest.param(
            Seconds,
            (0.001, 32, 86400.0),
            (0, -1.0, 86400.1, float("nan"), float("inf"), "4s"),
            id="seconds",
        ),
        pytest.param(Weight, (0, 70, 65535), (-1, 65536, "70", 0.7), id="weight"),
        pytest.param(Count, (1, 1_000_000), (0, 1_000_001, "1", True), id="count"),
    ],
)
def test_a_figure_has_its_limits(
    kind: object, good: tuple[object, ...], bad: tuple[object, ...]
) -> None:
    assert [value for value in good if not accepts(kind, value)] == []
    assert [value for value in bad if accepts(kind, value)] == []


@pytest.mark.parametrize(
    "address",
    ["", "pbx.example.com", "192.0.2", "192.0.2.10:5060", "192.0.2.10\n", "[2001:db8::1]",
     "fe80::1%eth0", "fe80::1%x\n[evil]", "192.0.2.010"],
)  # fmt: skip  # one address a line says no more
def test_a_host_is_an_address_without_a_scope(address: str) -> None:
    assert not accepts(Address, address)


@pytest.mark.parametrize("address", ["192.0.2.10", "2001:db8::1", "::"])
def test_a_host_may_be_ipv4_or_ipv6(address: str) -> None:
    assert accepts(Address, address)


def test_an_address_has_one_spelling() -> None:
    spelt = Listen(transport="udp", host="2001:0DB8:0::1", port=5060)
    assert spelt.host == "2001:db8::1"


@pytest.mark.parametrize("network", ["", "203.0.113.1/24", "203.0.113.0/33", "any", "10.0.0.0/8\n"])
def test_a_network_has_no_host_bits(network: str) -> None:
    assert not accepts(Network, network)
    assert accepts(Network, "203.0.113.0/24") and accepts(Network, "2001:db8::/32")


@pytest.mark.parametrize(
    "uri", ["", "sip:", "pbx", "tel:+1312", "sip:a b", "sip:a\n", "sip:<a>", 'sip:"a"', "sip:ä",
            "sip:a\r\nVia: x", "sip:" + "a" * 513],
)  # fmt: skip  # one URI a line says no more
def test_a_destination_is_a_sip_uri_that_ends_no_header(uri: str) -> None:
    assert not accepts(Uri, uri)
    assert accepts(Uri, "sip:+1312@[2001:db8::1]:5060;transport=tcp")


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        pytest.param(
            Host,
            ("sip.acme.example", "10.0.0.1", "a"),
            ("", ".a", "-a", "a b", "a_b", "a\n", "[2001:db8::1]", "ä", "a" * 254),
            id="host",
        ),
        pytest.param(
            User,
            ("alice", "+1312", "a%20b", "o'brien", "a@b"),
            ("", "a b", "a\n", "<a>", 'a"', "ä", "a" * 65),
            id="user",
        ),
        pytest.param(
            SecretName,
            ("ALICE_PW", "_", "a1"),
            ("", "1A", "A-B", "A.B", "$A", "A\n", "../a"),
            id="secret",
        ),
        pytest.param(
            Money, ("0", "0.0040", "12"), ("", ".5", "1.", "-1", "1e3", "1,5", "１"), id="money"
        ),
        pytest.param(Path, ("/etc/tls.pem", "a b", "ü"), ("", "a\n", "a\0b", "\x7f"), id="path"),
    ],
)
def test_a_text_is_no_more_than_it_may_be(
    kind: object, good: tuple[str, ...], bad: tuple[str, ...]
) -> None:
    assert [value for value in good if not accepts(kind, value)] == []
    assert [value for value in bad if accepts(kind, value)] == []


@pytest.mark.parametrize("user", ["", "a\nb", "a\r", "\0", "\x7f", "a" * 65])
def test_a_digest_user_ends_no_header(user: str) -> None:
    with pytest.raises(ValidationError):
        Credential(user=user, secret="ACME_PW")
    assert Credential(user='acme "x" ü', secret="ACME_PW").user == 'acme "x" ü'


@pytest.mark.parametrize(
    ("strip", "prepend"), [(-1, ""), (17, ""), (0, "x"), (0, "1 2"), (0, "1;2"), (0, "1" * 33)]
)
def test_a_shape_takes_a_number_off_at_most_and_puts_digits_before(
    strip: int, prepend: str
) -> None:
    with pytest.raises(ValidationError):
        Shaping(strip=strip, prepend=prepend)
    assert (Shaping().strip, Shaping(strip=16, prepend="+*#0aD").prepend) == (0, "+*#0aD")


def test_a_certificate_stands_exactly_with_tls() -> None:
    tls = {"transport": "tls", "host": "192.0.2.10", "port": 5061}
    pem = "/etc/sipfo/tls.pem"
    assert Listen.model_validate({**tls, "certificate": pem}).key is None
    assert Listen.model_validate({**tls, "certificate": pem, "key": pem}).key == pem
    for transport in ("udp", "tcp"):
        for papers in ({"certificate": pem}, {"key": pem}, {"certificate": pem, "key": pem}):
            with pytest.raises(ValidationError):
                Listen.model_validate({**tls, "transport": transport, **papers})
    for papers in ({}, {"key": pem}):
        with pytest.raises(ValidationError, match="a certificate belongs to tls"):
            Listen.model_validate({**tls, **papers})


@pytest.mark.parametrize("levels", [("primary",), ("a", "b", "c"), ("a", "a")])
def test_levels_name_every_destination_once_or_none(levels: tuple[str, ...]) -> None:
    two = ("sip:192.0.2.1", "sip:192.0.2.2")
    with pytest.raises(ValidationError):
        Route(name="telnyx", destinations=two, levels=levels)
    assert Route(name="telnyx", destinations=two).levels == ()
    assert Route(name="telnyx", destinations=two, levels=("a", "b")).levels == ("a", "b")


@pytest.mark.parametrize("method", ["sequential", "round-robin", "weighted"])
@pytest.mark.parametrize("weights", [(), (70,), (70, 30), (70, 30, 0)])
def test_each_route_has_a_weight_when_they_are_weighted_and_only_then(
    method: str, weights: tuple[int, ...]
) -> None:
    document = small_plan(routes=2).trunks[0].model_dump()
    document |= {"method": method, "weights": weights}
    if len(weights) == (2 if method == "weighted" else 0):
        assert Trunk.model_validate(document).weights == weights
    else:
        with pytest.raises(ValidationError, match="each route has a weight"):
            Trunk.model_validate(document)


def test_a_registrar_has_three_instances_at_most_and_one_at_least() -> None:
    assert MAX_INSTANCES == 3
    document = registrar(3).model_dump()
    for instances in ((), (*document["instances"], document["instances"][0])):
        with pytest.raises(ValidationError):
            Registrar.model_validate({**document, "instances": instances})


@pytest.mark.parametrize("cause", [0, 128, -1])
def test_a_cause_is_a_q850_cause(cause: int) -> None:
    with pytest.raises(ValidationError):
        OnCause(cause=cause)


def test_a_forward_has_ten_carriers_at_most() -> None:
    names = tuple(f"c{n}" for n in range(MAX_CARRIERS + 1))
    assert len(Forward(number="+1", carriers=names[:10], egress="e0").carriers) == 10
    with pytest.raises(ValidationError):
        Forward(number="+1", carriers=names, egress="e0")


def test_timers_are_timer_b_and_timer_c_unless_said() -> None:
    retry = Retry(name="plain", rules=(), otherwise="stop")
    assert (retry.no_response, retry.no_progress, retry.no_answer) == (T1_64, TIMER_C, TIMER_C)
    assert (T1_64, TIMER_C) == (32.0, 180.0)  # RFC 3261 §17.1.1.2 and §16.6
    assert retry.commit == ()


def _in_trunk(**changes: object) -> Callable[[dict[str, Any]], None]:
    return lambda plan: plan["trunks"][0].update(changes)


def _in_forward(**changes: object) -> Callable[[dict[str, Any]], None]:
    return lambda plan: plan["trunks"][0]["forward"].update(changes)


def _in_route(**changes: object) -> Callable[[dict[str, Any]], None]:
    return lambda plan: plan["routes"][0].update(changes)


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (_in_trunk(egress=("e0", "e9")), "trunk acme names egress e9"),
        (_in_trunk(routes=("r9",)), "trunk acme names route r9"),
        (_in_trunk(retry="lax"), "trunk acme names retry lax"),
        (_in_forward(egress="e9"), "trunk acme names egress e9"),
        (_in_forward(carriers=("c0", "c9")), "trunk acme names carrier c9"),
        (_in_forward(carriers=("r0",)), "trunk acme names carrier r0"),
        (
            _in_route(registered={"user": "alice", "registrar": "home"}),
            "route r0 names a registrar that the plan does not have",
        ),
        (
            _in_route(levels=("kss-b", "kss-a")),
            "the levels of route r0 are not the instances of office",
        ),
        (_in_route(levels=()), "the levels of route r0 are not the instances of office"),
    ],
)
def test_every_name_leads_somewhere(edit: Callable[[dict[str, Any]], None], complaint: str) -> None:
    document = small_plan(carriers=1, instances=2).model_dump()
    edit(document)
    with pytest.raises(ValidationError, match=complaint):
        Plan.model_validate(document)


@pytest.mark.parametrize("key", ["listen", "trunks"])
def test_a_plan_listens_somewhere_and_has_a_trunk(key: str) -> None:
    with pytest.raises(ValidationError):
        Plan.model_validate({**small_plan().model_dump(), key: ()})


@pytest.mark.parametrize("key", ["numbers", "egress", "routes"])
def test_a_trunk_has_numbers_addresses_and_routes(key: str) -> None:
    document = small_plan().model_dump()
    document["trunks"][0][key] = ()
    with pytest.raises(ValidationError):
        Plan.model_validate(document)


def test_a_route_has_a_destination() -> None:
    with pytest.raises(ValidationError):
        Route(name="nowhere", destinations=())


def test_a_listed_version_is_the_only_one() -> None:
    assert PLAN_VERSION == 2
    for version in (1, 3):
        with pytest.raises(ValidationError):
            Plan.model_validate({**small_plan().model_dump(), "version": version})


def test_nobody_is_accepted_unless_a_trunk_says_so() -> None:
    document = small_plan().model_dump()
    document["trunks"][0]["accept"] = {}
    accept = Plan.model_validate(document).trunks[0].accept
    assert (accept.anyone, accept.networks, accept.credentials) == (False, (), ())


@settings(max_examples=30)
@given(plans())
def test_a_plan_is_a_value(plan: Plan) -> None:
    again = Plan.model_validate(plan.model_dump())
    assert again == plan and hash(again) == hash(plan)


def test_a_plan_is_frozen_closed_and_strict() -> None:
    listen = Listen(transport="udp", host="192.0.2.10", port=5060)
    with pytest.raises(ValidationError):
        listen.port = 5061  # type: ignore[misc]  # that it is refused is the point
    with pytest.raises(ValidationError):
        Listen.model_validate({**listen.model_dump(), "tls": True})
    with pytest.raises(ValidationError):
        Listen.model_validate({**listen.model_dump(), "port": "5060"})
