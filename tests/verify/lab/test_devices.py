"""Who registers before a call, at which instance; and what cannot be."""

from __future__ import annotations

import pytest

from sipfo.plan.model import Instance, Listen, Plan, Route
from sipfo.plan.scenario import Holder, Scenario
from sipfo.verify.lab.devices import Device
from sipfo.verify.lab.stage import CannotPlay, Stage, set_stage
from verify.seed import DESK, call, does, plan_to


def stage(policy: Plan, scenario: Scenario) -> Stage:
    return set_stage(policy, policy.trunks[0], scenario)


def held_at(instance: str) -> Scenario:
    return call().model_copy(update={"holders": (Holder(route="desk", instance=instance),)})


def device(policy: Plan, scenario: Scenario) -> Device:
    (one,) = stage(policy, scenario).devices
    return one


def with_instance(host: str, transport: str = "udp") -> Plan:
    """The first instance is at this address, which listens."""
    policy = plan_to(DESK)
    registrar = policy.registrars[0]
    first = Instance(name="kss-a", host=host, port=5060)
    shown = f"[{host}]" if ":" in host else host
    route = DESK.model_copy(update={"destinations": (f"sip:alice@{shown}", *DESK.destinations[1:])})
    listen = Listen.model_validate({"transport": transport, "host": host, "port": 5060})
    instances = (first, *registrar.instances[1:])
    return policy.model_copy(
        update={
            "listen": (*policy.listen, listen),
            "routes": tuple(route if one.name == "desk" else one for one in policy.routes),
            "registrars": (registrar.model_copy(update={"instances": instances}),),
        }
    )


def test_a_telephone_registers_through_the_first_instance_if_nothing_is_said() -> None:
    one = device(plan_to(DESK), call())
    assert (one.user, one.routes) == ("alice", ("desk",))
    assert str(one.through) == "udp:192.0.2.20:5060"
    assert one.at is not None
    assert one.at.host == "192.0.2.10"


def test_a_telephone_registers_where_the_scenario_says() -> None:
    assert str(device(plan_to(DESK), held_at("kss-b")).through) == "udp:192.0.2.21:5070"


def test_nobody_registers_who_is_unregistered() -> None:
    found = stage(plan_to(DESK), call(does("desk", reach="unregistered")))
    assert [one.at for one in found.devices] == [None]
    assert found.stands == ()


def test_a_call_to_nobody_registered_has_no_telephones() -> None:
    route = Route(name="pbx", destinations=("sip:198.51.100.10",))
    assert stage(plan_to(route), call()).devices == ()


def test_at_an_instance_of_the_engine_a_telephone_stands_for_itself() -> None:
    policy = with_instance("192.0.2.99")
    found = stage(policy, call(does("desk.kss-a", 486)))
    one = device(policy, call())
    assert one.through is None
    assert one.at is not None
    assert one.at.host == "192.0.2.99"
    telephone = next(stand for stand in found.stands if stand.place.host == one.host)
    (sender,) = telephone.behaviours
    assert found.egress[sender] == ("192.0.2.99", 5060)
    assert telephone.behaviours[sender].replies[0].status == 486
    assert all(stand.place.host != "192.0.2.99" for stand in found.stands)


def test_an_instance_whose_family_nothing_listens_on_cannot_be_played() -> None:
    with pytest.raises(CannotPlay, match="nothing listens that kss-c could reach"):
        stage(plan_to(DESK), held_at("kss-c"))


def test_a_telephone_of_the_lab_speaks_udp() -> None:
    with pytest.raises(CannotPlay, match="speak UDP"):
        stage(with_instance("192.0.2.99", "tcp"), call())


def test_nobody_is_registered_by_one_address_and_not_by_the_other() -> None:
    scenario = call(does("desk", reach="unregistered", egress="us.primary"))
    with pytest.raises(CannotPlay, match="two places, or not at all"):
        stage(plan_to(DESK), scenario)


def test_two_different_things_at_one_telephone_of_the_engine_cannot_be_told_apart() -> None:
    scenario = call(
        does("desk.kss-a", 486, egress="us.primary"), does("desk.kss-a", 200, egress="us.secondary")
    )
    with pytest.raises(CannotPlay, match="must do different things"):
        stage(with_instance("192.0.2.99"), scenario)
