"""Sharp edges of hunting that no single module decides."""

from __future__ import annotations

import pytest

from runtime.phones import Phone
from runtime.world import EAST, WEST, Callee, Caller, World, policy
from sipfo.plan.model import OnRange, Plan, Rule
from sipfo.runtime.record import Notice
from sipfo.runtime.sip.message import Request


def failing_over_on(first: int, last: int) -> Plan:
    plan = policy(failover=())
    rule = Rule(match=OnRange(first=first, last=last), verdict="failover")
    retry = plan.retries[0].model_copy(update={"rules": (rule,)})
    return plan.model_copy(update={"retries": (retry,)})


@pytest.mark.parametrize(("status", "range_"), [(499, (400, 499)), (699, (600, 699))])
def test_code_that_nobody_knows_counts_in_its_class(status: int, range_: tuple[int, int]) -> None:
    """RFC 3261 §8.1.3.2."""
    world = World(failing_over_on(*range_))
    Callee(world, EAST, (0, status))
    Phone(world, WEST, (0.1, 200))
    Caller(world).call()
    world.run(2)
    assert [outcome for _, _, outcome in world.attempts] == [str(status), "200"]


def test_code_that_nobody_knows_is_no_other_code() -> None:
    world = World(policy(failover=(400,)))
    Callee(world, EAST, (0, 499))
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert caller.statuses()[-1] == 499


@pytest.mark.parametrize("status", [603, 607, 608])
def test_whoever_does_not_want_the_call_is_not_asked_by_another_way(status: int) -> None:
    """RFC 8197, RFC 8688."""
    world = World(policy())
    Callee(world, EAST, (0.1, status))
    west = Callee(world, WEST, (0, 200))
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert caller.statuses()[-1] == status
    assert west.heard == []


def test_nothing_rings_before_something_rings() -> None:
    """A 180 made here would commit whoever calls us, whatever becomes of the hunt."""
    world = World(policy(no_response=2, no_progress=2))
    Callee(world, EAST, (0.1, 100))
    world.silent.add(WEST)
    caller = Caller(world)
    caller.call()
    world.run(20)
    assert caller.statuses() == [100, 408]


def test_ringing_after_early_media_crosses_and_commits() -> None:
    world = World(policy())
    Callee(world, EAST, (0.1, 183, {"body": "v=0\r\n"}), (0.5, 180), (1, 503))
    west = Callee(world, WEST, (0, 200))
    caller = Caller(world)
    caller.call()
    world.run(3)
    assert caller.statuses() == [100, 183, 180, 500]
    assert west.heard == []


def test_answer_in_vain_is_noted_for_whoever_pays() -> None:
    world = World(policy(no_response=1))
    Callee(world, EAST, (1.5, 200))
    Phone(world, WEST, (0.6, 200))
    Caller(world).call()
    world.run(5)
    notes = [one.text for one in world.records if isinstance(one, Notice)]
    assert notes == ["us.primary to pbx-east answered in vain: hung up, may be billed"]
    assert world.answered


def test_what_users_say_to_each_other_is_offered_to_each_target() -> None:
    """RFC 7433."""
    world = World(policy())
    east, west = Callee(world, EAST, (0, 503)), Phone(world, WEST, (0.1, 200))
    Caller(world).call(user_to_user="56a390;encoding=hex", supported="uui")
    world.run(2)
    for target in (east, west):
        (invite,) = target.requests("INVITE")
        assert invite.headers.lines(b"user-to-user") == [b"56a390;encoding=hex"]


def test_offer_is_the_same_to_each_target() -> None:
    """RFC 4568: the caller's keys are its own; who minds offers them once."""
    world = World(policy())
    east, west = Callee(world, EAST, (0, 503)), Phone(world, WEST, (0.1, 200))
    caller = Caller(world)
    invite = caller.call(body=b"v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc\r\n")
    world.run(2)
    assert [one.requests("INVITE")[0].body for one in (east, west)] == [invite.body] * 2


def test_overload_feedback_of_a_target_is_not_obeyed() -> None:
    """RFC 7339 §5.10.2: only of whom one has agreed with; our Via offers none."""
    world = World(policy())
    east = Callee(world, EAST, (0, 503))
    Phone(world, WEST, (0.1, 200))
    caller = Caller(world)
    caller.call()
    world.run(2)
    caller.call()
    world.run(4)
    assert len(east.requests("INVITE")) == 2
    for _, _, message in world.sent:
        if isinstance(message, Request):
            assert b";oc" not in message.via.encode()


def test_loop_that_a_target_finds_is_judged_by_the_policy() -> None:
    """RFC 3261 §8.2.2.2: every attempt is a call of its own, so a 482 is the target's own loop."""
    world = World(policy())
    Callee(world, EAST, (0, 482))
    west = Callee(world, WEST, (0, 200))
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert caller.statuses()[-1] == 482
    assert west.heard == []


def test_a_ring_that_comes_long_after_a_late_refusal_is_not_cancelled() -> None:
    """RFC 3261 §9.1: a CANCEL has no effect on a request that has had its final response."""
    world = World(policy(no_response=1.0))
    east = Callee(world, EAST, (1.5, 486))
    Callee(world, WEST, (0.1, 180), (5.0, 200))
    caller = Caller(world)
    caller.call()
    world.run(40)  # Timer D is over, and with it the transaction
    assert east.invite is not None
    world.deliver(east.make(east.invite, 180), EAST, east.source)
    world.run(50)
    assert world.sent_to(EAST, "CANCEL") == []
    assert len(world.sent_to(EAST, "ACK")) == 1
    assert caller.statuses()[-1] == 200
