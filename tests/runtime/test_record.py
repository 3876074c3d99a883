"""What the engine reports of a call, to whom a row is made: its result, and its end."""

from __future__ import annotations

import pytest

from runtime.phones import up
from runtime.world import CALLER, EAST, NORTHSTAR, WEST, Callee, Caller, World, policy
from sipfo.runtime.callname import CALL_NAME
from sipfo.runtime.record import CallRecord, EndRecord
from sipfo.runtime.row import row_of


def the_call(world: World) -> CallRecord:
    (found,) = world.calls
    return found


def the_end(world: World) -> EndRecord:
    """There is one at most, however a call ended."""
    (found,) = (one for one in world.records if isinstance(one, EndRecord))
    return found


def test_a_call_has_a_name_and_says_who_called_whom() -> None:
    world, _, _ = up()
    call = the_call(world)
    assert CALL_NAME.fullmatch(call.call) is not None
    assert (call.source, call.number) == (CALLER[0], "+13125550123")
    assert call.caller == f"sip:+13125550001@{CALLER[0]}".encode()
    assert call.call_id == b"call1@192.0.2.200"
    assert all(one.call == call.call for one in world.records if hasattr(one, "call"))


def test_a_call_that_is_up_has_no_end() -> None:
    world, _, _ = up()
    assert not any(isinstance(one, EndRecord) for one in world.records)
    assert row_of(the_call(world), lambda at: at).state == "open"


def test_the_caller_hung_up() -> None:
    world, caller, _ = up()
    answered = the_call(world).began + the_call(world).ladder.elapsed
    said = world.now
    caller.say("BYE", caller.last(200), 2)
    world.run(3)
    end = the_end(world)
    assert (end.by, end.record) == ("caller", the_call(world))
    assert end.talked == pytest.approx(said + 0.01 - answered)


def test_the_callee_hung_up() -> None:
    world, _, phone = up()
    phone.say("BYE", 1)
    world.run(3)
    assert the_end(world).by == "callee"


def test_bye_from_both_sides_at_once_is_one_end() -> None:
    world, caller, phone = up()
    phone.say("BYE", 1)
    caller.say("BYE", caller.last(200), 2)
    world.run(40)
    assert the_end(world).by in ("caller", "callee")


def test_a_call_that_sipfo_ends_says_so() -> None:
    world, _, _ = up()
    world.engine.hang_up_all(world.now)
    world.run(40)
    assert the_end(world).by == "sipfo"


def test_so_does_one_whose_answer_nobody_acknowledged() -> None:
    world = World(policy())
    Callee(world, EAST, (0.1, 200))
    caller = Caller(world)
    caller.acks = False
    caller.call()
    world.run(80)
    assert the_end(world).by == "sipfo"


@pytest.mark.parametrize("status", [404, 486, 603])
def test_a_refused_call_has_no_end(status: int) -> None:
    world = World(policy())
    Callee(world, EAST, (0.1, status))
    Caller(world).call()
    world.run(80)
    assert the_call(world).ladder.result.kind == "refused"
    assert not any(isinstance(one, EndRecord) for one in world.records)


def test_a_cancelled_call_has_no_end_even_when_a_200_crossed() -> None:
    world = World(policy())
    Callee(world, EAST, (0.05, 180), (0.2, 200))
    caller = Caller(world)
    caller.call()
    world.after(0.195, caller.cancel)
    world.run(80)
    assert the_call(world).ladder.result.kind == "cancelled"
    assert not any(isinstance(one, EndRecord) for one in world.records)


def test_it_rang_when_the_caller_first_heard_of_it() -> None:
    world = World(policy())
    Callee(world, EAST, (0.05, 100), (0.5, 180), (0.9, 183), (1.5, 200))
    Caller(world).call()
    world.run(3)
    assert the_call(world).rang == pytest.approx(0.52)


def test_a_call_that_did_not_ring_says_nothing() -> None:
    world = World(policy())
    Callee(world, EAST, (0.05, 100), (0.5, 486))
    Caller(world).call()
    world.run(3)
    assert the_call(world).rang is None


def test_the_carrier_that_answered_is_named() -> None:
    world = World(policy(egress=("us.primary",), carriers={"northstar": f"sip:{NORTHSTAR[0]}"}))
    for address in (EAST, WEST):
        Callee(world, address, (0.1, 503))
    Callee(world, NORTHSTAR, (0.1, 200))
    Caller(world).call()
    world.run(3)
    assert the_call(world).carrier == "northstar"
    world, _, _ = up()
    assert the_call(world).carrier is None


def test_attempts_keep_the_reasons_that_their_targets_gave() -> None:
    world = World(policy(egress=("us.primary",)))
    Callee(world, EAST, (0.1, 503, {"reason": "Q.850;cause=34"}))
    Callee(world, WEST, (0.1, 200))
    Caller(world).call()
    world.run(3)
    found = [one.reasons for one in the_call(world).ladder.attempts]
    assert found == [("Q.850;cause=34",), ()]
