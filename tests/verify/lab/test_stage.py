"""What stands on the stage, and what cannot."""

from __future__ import annotations

import pytest

from runtime.probing import probing
from sipfo.plan.model import Accept, Plan, Route
from sipfo.plan.scenario import Scenario
from sipfo.verify.lab.stage import FAILURES_ENOUGH, CannotPlay, Stage, set_stage, steady
from verify.seed import TELNYX, call, does, plan, plan_to


def stage(policy: Plan, scenario: Scenario) -> Stage:
    return set_stage(policy, policy.trunks[0], scenario)


def accepting(*networks: str) -> Plan:
    trunk = plan().trunks[0].model_copy(update={"accept": Accept(networks=networks)})
    return plan().model_copy(update={"trunks": (trunk,)})


def with_routes(east: str, west: str) -> Plan:
    found = (
        Route(name="pbx-east", destinations=(east,)),
        Route(name="pbx-west", destinations=(west,)),
    )
    return plan().model_copy(update={"routes": found})


def test_every_destination_stands_with_its_behaviour_for_each_egress() -> None:
    found = stage(plan(), call(does("pbx-east", 503, egress="us.primary")))
    east, west = found.stands
    assert str(east.place) == "udp:198.51.100.10:5060"
    assert east.behaviours["us.primary"].replies[0].status == 503
    assert east.behaviours["us.secondary"].replies[0].status == 200
    assert str(west.place) == "udp:198.51.100.11:5060"


def test_who_refuses_everybody_is_not_there() -> None:
    east, west = stage(plan(), call(does("pbx-east", reach="refuses"))).stands
    assert not east.is_there
    assert west.is_there


def test_each_level_stands_at_its_address_with_its_own_behaviour() -> None:
    found = stage(
        plan_to(TELNYX), call(does("telnyx", 503), does("telnyx.primary", reach="refuses"))
    )
    primary, secondary = found.stands
    assert (str(primary.place), primary.is_there) == ("udp:192.0.2.80:5060", False)
    assert str(secondary.place) == "udp:192.0.2.81:5060"
    assert secondary.behaviours["us.secondary"].replies[0].status == 503


def test_two_levels_at_one_address_cannot_do_two_things() -> None:
    same = TELNYX.model_copy(update={"destinations": ("sip:192.0.2.80", "sip:192.0.2.80:5060")})
    assert len(stage(plan_to(same), call(does("telnyx", 503))).stands) == 1
    with pytest.raises(CannotPlay, match="have the same address"):
        stage(plan_to(same), call(does("telnyx.primary", 503)))


def test_the_steps_are_those_of_the_call_by_egress_and_route() -> None:
    found = stage(plan(order="route-major", carriers=("northstar",)), call())
    assert list(found.steps) == [
        ("us.primary", "pbx-east"),
        ("us.secondary", "pbx-east"),
        ("us.primary", "pbx-west"),
        ("us.secondary", "pbx-west"),
        ("us.primary", "northstar"),
    ]


def test_a_name_gets_an_address_that_nobody_declared() -> None:
    found = stage(with_routes("sip:pbx.example.com", "sip:198.18.0.1"), call())
    assert found.names == {"pbx.example.com": "198.18.0.2"}


def test_one_place_cannot_do_two_things() -> None:
    same = with_routes("sip:198.51.100.10", "sip:198.51.100.10")
    assert len(stage(same, call()).stands) == 1
    with pytest.raises(CannotPlay, match="pbx-east and pbx-west have the same address"):
        stage(same, call(does("pbx-east", 503)))


def test_a_route_to_sipfo_itself_cannot_be_played() -> None:
    with pytest.raises(CannotPlay, match=r"sipfo's own"):
        stage(with_routes("sip:192.0.2.10", "sip:198.51.100.11"), call())


def test_the_caller_is_at_an_address_that_the_trunk_accepts() -> None:
    assert stage(accepting("203.0.113.8/29"), call()).caller == "203.0.113.9"
    assert stage(accepting("2001:db8::/32"), call()).caller == "2001:db8::1"


def test_the_caller_keeps_clear_of_addresses_that_are_taken() -> None:
    assert stage(accepting("198.51.100.8/29"), call()).caller == "198.51.100.9"
    assert stage(accepting("198.51.100.10/31"), call()).caller == "198.51.100.10"


def test_what_is_probed_is_probed_as_often_and_never_taken_down() -> None:
    probed = probing(plan(carriers=("northstar",)), "pbx-east", "northstar")
    found = steady(probed)
    befores = [*(one.probe for one in probed.routes), *(one.probe for one in probed.carriers)]
    afters = [*(one.probe for one in found.routes), *(one.probe for one in found.carriers)]
    for before, after in zip(befores, afters, strict=True):
        never = {"down_after": FAILURES_ENOUGH}
        assert after == (before and before.model_copy(update=never))
    assert steady(plan()) == plan()


def test_nobody_can_call_a_trunk_that_accepts_nobody() -> None:
    with pytest.raises(CannotPlay, match="accepts nobody"):
        stage(accepting(), call())
