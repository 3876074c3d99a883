"""The plan's limits: what no plan may hold, whoever wrote it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import TypeAdapter, ValidationError

from plan.samples import small_plan
from plan.strategies import plans
from sipfo.plan.model import (
    MAX_CARRIERS,
    T1_64,
    TIMER_C,
    Address,
    Code,
    Forward,
    Listen,
    Name,
    Network,
    Number,
    OnCause,
    Plan,
    Port,
    Prefix,
    Retry,
    Route,
    Seconds,
    Uri,
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


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (_in_trunk(egress=("e0", "e9")), "trunk acme names egress e9"),
        (_in_trunk(routes=("r9",)), "trunk acme names route r9"),
        (_in_trunk(retry="lax"), "trunk acme names retry lax"),
        (_in_forward(egress="e9"), "trunk acme names egress e9"),
        (_in_forward(carriers=("c0", "c9")), "trunk acme names carrier c9"),
        (_in_forward(carriers=("r0",)), "trunk acme names carrier r0"),
    ],
)
def test_every_name_leads_somewhere(edit: Callable[[dict[str, Any]], None], complaint: str) -> None:
    document = small_plan(carriers=1).model_dump()
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
    with pytest.raises(ValidationError):
        Plan.model_validate({**small_plan().model_dump(), "version": 2})


def test_nobody_is_accepted_unless_a_trunk_says_so() -> None:
    document = small_plan().model_dump()
    document["trunks"][0]["accept"] = {}
    accept = Plan.model_validate(document).trunks[0].accept
    assert (accept.anyone, accept.networks) == (False, ())


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
