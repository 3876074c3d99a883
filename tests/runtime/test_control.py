"""What an operator asks of an engine and tells it."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.phones import up
from runtime.probing import notices, probing
from runtime.world import EAST, NORTHSTAR, WEST, Callee, Caller, World, policy
from sipfo.plan.model import Limit
from sipfo.runtime.control import methods
from sipfo.runtime.jsonrpc import Fault
from sipfo.runtime.tenure import Papers

BOTH = {"pbx-east": (f"sip:{EAST[0]}",), "pbx-west": (f"sip:{WEST[0]}",)}


def ask(world: World, method: str, *params: object) -> Any:
    one = methods(world.engine, lambda: world.now)[method]
    found = one.run(**one.arguments(params))
    world.run(world.now)
    return found


def flags(world: World) -> list[tuple[str, str, str]]:
    return [(one["egress"], one["name"], one["flags"]) for one in ask(world, "sipfo.routes")]


def one_address(**more: Any) -> World:
    return World(policy(routes=BOTH, egress=("us.primary",), **more))


def test_targets_are_shown_in_kamailio_s_letters() -> None:
    plan = probing(policy(routes=BOTH), "pbx-east")
    world = World(plan)
    assert flags(world) == [
        ("us.primary", "pbx-east", "AP"),
        ("us.secondary", "pbx-east", "AP"),
        ("us.primary", "pbx-west", "AX"),
        ("us.secondary", "pbx-west", "AX"),
    ]
    world.silent.add(EAST)
    world.run(35)
    assert flags(world)[0] == ("us.primary", "pbx-east", "TP")
    world.run(95)
    assert flags(world)[0] == ("us.primary", "pbx-east", "IP")
    assert ask(world, "sipfo.routes")[0]["why"] == "down"


def test_a_target_that_asked_to_be_left_alone_is_inactive() -> None:
    world = one_address()
    Callee(world, EAST, (0.1, 503, {"retry-after": "30"}))
    Callee(world, WEST, (0.1, 486))
    Caller(world).call()
    world.run(1)
    (east, west) = ask(world, "sipfo.routes")
    assert (east["flags"], east["why"]) == ("IX", "asked to be left alone (Retry-After)")
    assert (west["flags"], west["why"]) == ("AX", "")


def test_dispatcher_list_has_kamailio_s_shape() -> None:
    found = ask(one_address(), "dispatcher.list", "pbx-west")
    assert found == {
        "NRSETS": 1,
        "RECORDS": [
            {
                "SET": {
                    "ID": "pbx-west",
                    "TARGETS": [
                        {
                            "DEST": {
                                "URI": f"udp:{WEST[0]}:5060",
                                "FLAGS": "AX",
                                "SOCKET": "us.primary",
                                "WHY": "",
                            }
                        }
                    ],
                }
            }
        ],
    }


def test_what_an_operator_disables_is_passed_over_and_said() -> None:
    world = one_address()
    east, west = Callee(world, EAST, (0.1, 200)), Callee(world, WEST, (0.1, 200))
    assert ask(world, "dispatcher.set_state", "disabled", "pbx-east") == "pbx-east is disabled"
    Caller(world).call()
    world.run(1)
    assert (len(east.requests("INVITE")), len(west.requests("INVITE"))) == (0, 1)
    assert "us.primary to pbx-east skipped: disabled by the operator" in notices(world)
    assert flags(world)[0][2] == "DX"
    ask(world, "dispatcher.set_state", "active", "pbx-east")
    Caller(world, ("192.0.2.201", 5060)).call(call_id="two")
    world.run(2)
    assert len(east.requests("INVITE")) == 1


def test_what_an_operator_disables_is_not_tried_even_when_nothing_else_is_left() -> None:
    world = one_address()
    east, west = Callee(world, EAST, (0.1, 200)), Callee(world, WEST, (0.1, 200))
    for name in BOTH:
        ask(world, "dispatcher.set_state", "d", name)
    caller = Caller(world)
    caller.call()
    world.run(1)
    assert caller.statuses()[-1] == 500
    assert east.requests("INVITE") == west.requests("INVITE") == []
    assert "us.primary to pbx-east not tried: disabled by the operator" in notices(world)


def test_one_target_of_a_route_is_disabled_and_the_others_are_tried() -> None:
    region = {"region": (f"sip:{EAST[0]}", f"sip:{WEST[0]}")}
    world = World(policy(routes=region, egress=("us.primary",)))
    east, west = Callee(world, EAST, (0.1, 200)), Callee(world, WEST, (0.1, 200))
    ask(world, "dispatcher.set_state", "disabled", "region", f"udp:{EAST[0]}:5060")
    caller = Caller(world)
    caller.call()
    world.run(1)
    assert (len(east.requests("INVITE")), len(west.requests("INVITE"))) == (0, 1)
    assert caller.statuses()[-1] == 200


def test_of_targets_that_are_all_held_those_that_are_disabled_are_not_tried_anyway() -> None:
    region = {"region": (f"sip:{EAST[0]}", f"sip:{WEST[0]}")}
    world = World(policy(routes=region, egress=("us.primary",)))
    east = Callee(world, EAST, (0.1, 200))
    west = Callee(world, WEST, (0.1, 200))
    ask(world, "dispatcher.set_state", "disabled", "region", f"udp:{EAST[0]}:5060")
    world.engine.tenure.grounds.standing.holds.hold(f"udp:{WEST[0]}:5060", 30, world.now)
    Caller(world).call()
    world.run(1)
    assert (len(east.requests("INVITE")), len(west.requests("INVITE"))) == (0, 1)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (("up", "pbx-east"), "the state is `active` or `disabled`"),
        (("disabled", "pbx-north"), "no route or carrier is called pbx-north"),
        (("disabled", "pbx-east", "udp:192.0.2.1:5060"), f"pbx-east has udp:{EAST[0]}:5060"),
    ],
)
def test_a_state_that_cannot_be_set_says_what_can(params: tuple[str, ...], message: str) -> None:
    with pytest.raises(Fault, match=message):
        ask(one_address(), "dispatcher.set_state", *params)


def test_a_call_is_listed_from_its_invite_to_its_end() -> None:
    world, caller, _ = up()
    (one,) = ask(world, "sipfo.calls")
    assert one["phase"] == "up"
    assert (one["trunk"], one["number"], one["source"]) == ("acme", "+13125550123", "192.0.2.200")
    assert (one["route"], one["target"], one["attempts"]) == ("pbx-east", f"udp:{EAST[0]}:5060", 1)
    assert one["seconds"] == pytest.approx(2, abs=0.1)
    (dialog,) = ask(world, "dlg.list")
    assert dialog["call-id"] == one["call_id"] == "call1@192.0.2.200"
    assert dialog["callee"]["socket"] == "udp:192.76.120.10:5060"
    caller.say("BYE", caller.last(200), 2)
    world.run(3)
    assert ask(world, "sipfo.calls") == ask(world, "dlg.list") == []


def test_a_call_is_ended_by_its_name_and_by_its_call_id() -> None:
    for key in ("call", "call_id"):
        world, caller, phone = up()
        (one,) = ask(world, "sipfo.calls")
        assert ask(world, "dlg.terminate", one[key]) == 1
        world.run(3)
        assert len(caller.requests("BYE")) == len(phone.requests("BYE")) == 1
        with pytest.raises(Fault, match="no call is called"):
            ask(world, "dlg.terminate", one[key])


def test_trunks_and_carriers_are_shown_with_what_is_used_of_their_limits() -> None:
    plan = policy(routes=BOTH, carriers={"northstar": f"sip:{NORTHSTAR[0]}"})
    limited = plan.carriers[0].model_copy(update={"limit": Limit(calls=1)})
    world = World(plan.model_copy(update={"carriers": (limited,)}))
    Callee(world, EAST, (0.1, 480))
    Callee(world, WEST, (0.1, 480))
    Callee(world, NORTHSTAR, (0.1, 200))
    Caller(world).call()
    world.run(2)
    (carrier,) = ask(world, "sipfo.carriers")
    assert (carrier["calls"], carrier["limit"]) == (1, 1)
    assert carrier["why"] == "limit reached: 1 calls"
    assert [one["target"] for one in carrier["targets"]] == [f"udp:{NORTHSTAR[0]}:5060"]
    (trunk,) = ask(world, "sipfo.trunks")
    assert (trunk["name"], trunk["calls"], trunk["placed"]) == ("acme", 1, 1)


def test_a_lookup_says_where_a_call_would_go_and_places_none() -> None:
    world = one_address(method="round-robin")
    ask(world, "dispatcher.set_state", "disabled", "pbx-west")
    found = ask(world, "sipfo.lookup", "+13125550123", "192.0.2.200")
    assert found["trunk"] == "acme"
    assert [(one["route"], one["free"]) for one in found["steps"]] == [
        ("pbx-east", [f"udp:{EAST[0]}:5060"]),
        ("pbx-west", []),
    ]
    assert found["steps"][1]["against"] == {f"udp:{WEST[0]}:5060": "disabled by the operator"}
    assert world.engine.placed == {"acme": 0}
    assert ask(world, "sipfo.lookup", "+13125550123", "203.0.113.1")["status"] == 403
    assert ask(world, "sipfo.lookup", "+13125550123", "nowhere")["status"] == 400


def test_what_is_disabled_stays_so_under_the_next_plan() -> None:
    world = one_address()
    ask(world, "dispatcher.set_state", "disabled", "pbx-east")
    world.engine.succeed(Papers(policy(routes=BOTH), {}), world.now)
    assert {one[2] for one in flags(world) if one[1] == "pbx-east"} == {"DX"}


def test_a_drained_trunk_takes_no_new_call_and_keeps_those_it_has() -> None:
    world, caller, _ = up()
    assert ask(world, "sipfo.drain", "acme") == "acme is drained"
    assert ask(world, "sipfo.trunks")[0]["why"] == "drained by the operator"
    caller.call()
    world.run(world.now + 1)
    assert caller.statuses()[-1] == 503
    assert len(ask(world, "dlg.list")) == 1
    assert ask(world, "sipfo.undrain", "acme") == "acme is taking calls"
    caller.call()
    world.run(world.now + 2)
    assert caller.statuses()[-1] == 200


def test_a_drained_instance_takes_no_new_call_until_it_is_told() -> None:
    world, caller, _ = up()
    ask(world, "sipfo.drain")
    caller.call()
    world.run(world.now + 1)
    assert caller.statuses()[-1] == 503
    assert "503 to 192.0.2.200: drained by the operator" in notices(world)
    ask(world, "sipfo.undrain")
    caller.call()
    world.run(world.now + 2)
    assert caller.statuses()[-1] == 200


def test_a_drain_goes_over_to_a_reload_and_no_trunk_that_is_not_there_is_drained() -> None:
    world = one_address()
    with pytest.raises(Fault, match="no trunk is called nobody"):
        ask(world, "sipfo.drain", "nobody")
    ask(world, "sipfo.drain", "acme")
    world.engine.succeed(Papers(one_address().engine.tenure.plan, {}), world.now)
    assert ask(world, "sipfo.trunks")[0]["why"] == "drained by the operator"
