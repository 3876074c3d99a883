"""A call that outlives the engine that set it up: two engines, one after the other, one network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from runtime.phones import Phone, up
from runtime.probing import notices, probing
from runtime.world import EAST, NORTHSTAR, WEST, Callee, Caller, World, policy
from sipfo.plan.model import Limit, Plan
from sipfo.runtime.engine import Engine
from sipfo.runtime.estate import Estate, UnreadableEstate, read_call, read_estate
from sipfo.runtime.heritage import Whose, adopt, estate_of, inherit, left, movable, whose
from sipfo.runtime.origins import Origins
from sipfo.runtime.record import EndRecord
from sipfo.runtime.sip.message import serialize


def hand_over(world: World, plan: Plan | None = None) -> tuple[Engine, Estate]:
    """Replace the engine of a world by one that inherits from it, over JSON; the old one, and what
    it left."""
    old = world.engine
    moving = list(movable(old, lambda flow: True))
    text = estate_of(old, [paper for _, paper in moving], world.now).model_dump_json()
    tokens = iter(range(1000))
    world.engine = Engine(plan or policy(), lambda: f"n{next(tokens):07d}", lambda most: 0)
    world.engine.core.origins = Origins()
    estate = read_estate(text)
    inherit(world.engine, estate, world.now)
    for call, _ in moving:
        call.move()
    return old, estate


def test_requests_of_both_sides_cross_after_it_and_the_end_is_recorded() -> None:
    world, caller, phone = up()
    hand_over(world)
    caller.say("INFO", caller.last(200), 2, body=b"from the caller")
    phone.say("INFO", 1, body=b"from the callee")
    world.run(3)
    assert [one.body for one in phone.requests("INFO")] == [b"from the caller"]
    assert [one.body for one in caller.requests("INFO")] == [b"from the callee"]
    caller.say("INVITE", caller.last(200), 3, body=b"v=0\r\ns=again\r\n")
    world.run(5)
    assert phone.requests("INVITE")[-1].body == b"v=0\r\ns=again\r\n"
    phone.say("BYE", 2)
    world.run(6)
    assert len(caller.requests("BYE")) == 1
    (end,) = [one for one in world.records if isinstance(one, EndRecord)]
    assert end.by == "callee"
    assert end.record == world.calls[0]
    assert end.talked == pytest.approx(5, abs=0.6)


def test_whoever_looks_on_still_sees_both_legs_as_one_call() -> None:
    world, caller, phone = up()
    hand_over(world)
    assert phone.invite is not None and caller.invite is not None
    origins = world.engine.core.origins
    assert origins is not None
    assert origins.of(phone.invite.call_id) == caller.invite.call_id


def test_numbers_tags_and_routes_go_on_where_they_were() -> None:
    world, caller, phone = up()
    caller.say("INFO", caller.last(200), 2)
    phone.say("INFO", 5)
    world.run(3)
    before = caller.requests("INFO")[-1]
    hand_over(world)
    phone.say("INFO", 6)
    world.run(4)
    after = caller.requests("INFO")[-1]
    assert after.cseq.number == before.cseq.number + 1
    assert (after.from_, after.to, after.uri) == (before.from_, before.to, before.uri)
    phone.say("INFO", 4)  # out of order for this dialog (RFC 3261 §12.2.2)
    world.run(5)
    assert phone.statuses()[-1] == 500


def test_nothing_of_the_call_is_left_in_either_engine() -> None:
    world, caller, _ = up()
    old, _ = hand_over(world)
    assert [one.setup.placement.trunk for one in world.engine.calls] == ["acme"]
    assert old.calls_alive == 0
    caller.say("BYE", caller.last(200), 2)
    world.run(40)
    while (due := old.next_due()) is not None:
        old.run_timers(due)
    assert left(old, 1000.0) == left(world.engine, world.now) == 0
    assert len(old.directory) == len(world.engine.directory) == 0
    assert not old.core.sends


def test_limits_count_inherited_calls_until_they_end() -> None:
    world, caller, _ = up()
    plan = policy()
    trunks = tuple(one.model_copy(update={"limit": Limit(calls=1)}) for one in plan.trunks)
    old, _ = hand_over(world, plan.model_copy(update={"trunks": trunks}))
    assert old.tenure.grounds.trunks.calls("acme") == 0
    other = Caller(world, ("192.0.2.201", 5060))
    other.call(call_id="other")
    world.run(3)
    assert other.statuses() == [503]
    caller.say("BYE", caller.last(200), 2)
    world.run(4)
    assert world.engine.tenure.grounds.trunks.calls("acme") == 0


def test_a_carrier_counts_its_inherited_call() -> None:
    world = World(policy(carriers={"northstar": f"sip:{NORTHSTAR[0]}"}))
    Callee(world, EAST, (0.1, 480))
    Callee(world, WEST, (0.1, 480))
    Callee(world, NORTHSTAR, (0.1, 200))
    Caller(world).call()
    world.run(2)
    hand_over(world, policy(carriers={"northstar": f"sip:{NORTHSTAR[0]}"}))
    assert world.engine.tenure.grounds.standing.carriers.calls("northstar") == 1


@pytest.mark.parametrize("what", ["in set-up", "not acknowledged", "re-inviting", "asking"])
def test_a_call_moves_only_when_it_is_quiet(what: str) -> None:
    if what in ("in set-up", "not acknowledged"):
        world = World(policy())
        Phone(world, EAST, (0.1, 180), *([(0.5, 200)] if what == "not acknowledged" else []))
        caller = Caller(world)
        caller.acks = False
        caller.call()
        world.run(1)
    else:
        world, caller, phone = up()
        phone.request = lambda request, source: None  # type: ignore[method-assign]  # it hears nothing
        caller.say("INVITE" if what == "re-inviting" else "INFO", caller.last(200), 2)
        world.run(3)
    assert list(movable(world.engine, lambda flow: True)) == []


def test_a_call_whose_address_the_successor_does_not_have_stays() -> None:
    world, _, _ = up()
    assert list(movable(world.engine, lambda flow: flow.local[0] == "192.0.2.10")) == []


def test_a_session_ends_when_it_would_have_ended() -> None:
    world = World(policy())
    timer = {"session-expires": "90;refresher=uac", "require": "timer"}
    phone = Phone(world, EAST, (0.1, 200, timer))
    caller = Caller(world)
    caller.call(supported="timer", session_expires="90")
    world.run(2)
    _, estate = hand_over(world)
    assert estate.calls[0].session_ends == pytest.approx(90, abs=1)
    world.run(95)
    assert any("session expired" in one for one in notices(world))
    assert len(phone.requests("BYE")) == len(caller.requests("BYE")) == 1


def test_what_is_known_of_targets_goes_over() -> None:
    both = {"pbx-east": (f"sip:{EAST[0]}",), "pbx-west": (f"sip:{WEST[0]}",)}
    plan = probing(policy(routes=both, egress=("us.primary",), method="round-robin"), "pbx-east")
    world = World(plan)
    world.silent.add(EAST)
    Callee(world, WEST, (0.1, 503, {"retry-after": "50"}))
    world.run(95)
    Caller(world).call()
    world.run(97)
    world.engine.tenure.grounds.standing.disabled.put(False, "pbx-west", "udp:x:5060")
    hand_over(world, plan)
    tenure = world.engine.tenure
    assert world.engine.placed == {"acme": 1}
    assert [one[1:] for one in tenure.grounds.standing.healths.states()] == [
        (f"udp:{EAST[0]}:5060", True)
    ]
    assert tenure.grounds.standing.holds.holds(f"udp:{WEST[0]}:5060", world.now)
    assert tenure.grounds.standing.disabled.every == ((False, "pbx-west", "udp:x:5060"),)


def test_a_message_is_whose_transaction_or_dialog_is_here() -> None:
    world, caller, _ = up()
    invite = caller.invite
    assert invite is not None
    answer = caller.last(200)
    info = caller.within("INFO", answer, 2)
    strange = replace_tag(caller)
    stray = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKno\r\nCSeq: 1 BYE\r\n\r\n"
    cases = [
        (serialize(invite), Whose.OURS),  # a repetition
        (serialize(info), Whose.OURS),
        (serialize(caller.within("INFO", answer, 1)), Whose.ANOTHERS),  # heard before
        (serialize(caller.within("ACK", answer, 1)), Whose.OURS),
        (strange, Whose.ANOTHERS),
        (serialize(invite).replace(b"z9hG4bKcaller1", b"z9hG4bKother"), Whose.NEW),
        (stray, Whose.ANOTHERS),
        (b"nonsense", Whose.OURS),
    ]
    assert [whose(world.engine, data, world.now) for data, _ in cases] == [one for _, one in cases]
    cancel = serialize(invite).replace(b"INVITE", b"CANCEL")
    assert whose(world.engine, cancel, world.now) is Whose.OURS
    elsewhere = cancel.replace(b"z9hG4bKcaller1", b"z9hG4bKother")
    assert whose(world.engine, elsewhere, world.now) is Whose.ANOTHERS


def replace_tag(caller: Caller) -> bytes:
    answer = caller.last(200)
    data = serialize(caller.within("BYE", answer, 9))
    return data.replace(answer.to.tag or b"-", b"nobody")


def test_a_message_that_the_new_engine_answered_is_its_own() -> None:
    world, caller, _ = up()
    old, _ = hand_over(world)
    caller.say("INFO", caller.last(200), 2)
    world.run(3)
    data = serialize(caller.within("INFO", caller.last(200), 2))
    assert whose(world.engine, data, world.now) is Whose.OURS
    assert whose(old, data, world.now) is Whose.ANOTHERS


def test_a_call_that_is_left_later_is_adopted_alone() -> None:
    world, caller, phone = up()
    old = world.engine
    ((call, paper),) = movable(old, lambda flow: True)
    tokens = iter(range(1000))
    world.engine = Engine(policy(), lambda: f"n{next(tokens):07d}", lambda most: 0)
    adopt(world.engine, read_call(paper.model_dump_json()), world.now)
    call.move()
    caller.say("BYE", caller.last(200), 2)
    world.run(3)
    assert len(phone.requests("BYE")) == 1


@pytest.mark.parametrize("read", [read_estate, read_call])
def test_what_cannot_be_read_is_said(read: Callable[[str], object]) -> None:
    with pytest.raises(UnreadableEstate):
        read('{"calls": 7}')
    with pytest.raises(UnreadableEstate):
        read("nonsense")


def test_bytes_that_are_no_text_survive() -> None:
    world, _, _ = up()
    ((_, paper),) = movable(world.engine, lambda flow: True)
    odd = paper.model_copy(update={"record": replace(paper.record, caller=b"sip:\xff\x00@h")})
    assert read_call(odd.model_dump_json()) == odd
