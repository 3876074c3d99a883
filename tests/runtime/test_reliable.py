"""Reliable provisionals and offers before the answer (RFC 3262, RFC 3311)."""

from __future__ import annotations

import pytest

from runtime.phones import Phone, up
from runtime.world import EAST, WEST, Address, Callee, Caller, World, policy
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.message import Request

RELIABLE = {"require": "100rel", "rseq": "77", "body": "v=0\r\ns=east\r\n"}


def test_side_that_knows_no_reliable_provisionals_is_asked_for_none() -> None:
    """RFC 3262 §4: only whoever says so gets them."""
    world = World(policy())
    east = Callee(world, EAST, (0.1, 183), (1, 200))
    Caller(world).call()
    world.run(2)
    assert b"100rel" not in east.requests("INVITE")[0].headers.all(b"supported")


def test_target_that_cannot_do_what_is_required_says_so_to_the_caller() -> None:
    world = World(policy())
    Callee(world, EAST, (0.1, 420, {"unsupported": "100rel"}))
    caller = Caller(world)
    caller.call(require="100rel")
    world.run(2)
    assert caller.last(420).headers.lines(b"unsupported") == [b"100rel"]


def test_each_early_dialog_has_its_own_rseq() -> None:
    """RFC 3262 §3: PRACK goes to whoever it acknowledges."""
    world = World(policy(commit=()))
    Phone(world, EAST, (0.1, 183, RELIABLE), (2, 503))
    west = Phone(world, WEST, (0.1, 183, {**RELIABLE, "rseq": "5"}), (3, 200))
    caller = Caller(world)
    caller.call(supported="100rel")
    world.run(1)
    first = caller.last(183)
    world.run(3)
    second = caller.last(183)
    assert first.to.tag != second.to.tag
    caller.say("PRACK", second, 2, rack="5 1 INVITE")
    world.run(4)
    assert [one.headers.first(b"rack") for one in west.requests("PRACK")] == [b"5 1 INVITE"]


def test_prack_for_an_attempt_that_is_over_is_481() -> None:
    world = World(policy(commit=()))
    east = Phone(world, EAST, (0.1, 183, RELIABLE), (1, 503))
    Phone(world, WEST, (5, 200))
    caller = Caller(world)
    caller.call(supported="100rel")
    world.run(2)
    caller.say("PRACK", caller.last(183), 2, rack="77 1 INVITE")
    world.run(3)
    assert caller.statuses()[-1] == 481
    assert east.requests("PRACK") == []


def test_repeated_reliable_provisional_crosses_until_it_is_acknowledged() -> None:
    """RFC 3262 §3: the one before may be lost on the caller's side; the PRACK may be under way."""
    world = World(policy())
    east = Phone(
        world, EAST, (0.1, 183, RELIABLE), (0.6, 183, RELIABLE), (1.6, 183, RELIABLE), (9, 200)
    )
    caller = Caller(world)
    caller.call(supported="100rel")
    world.run(1)
    assert caller.statuses() == [100, 183, 183]
    caller.say("PRACK", caller.last(183), 2, rack="77 1 INVITE")
    world.run(3)
    assert caller.statuses() == [100, 183, 183, 200]
    assert len(east.requests("PRACK")) == 1
    assert east.invite is not None
    world.deliver(east.make(east.invite, 180, require="100rel", rseq="78"), EAST, east.source)
    world.run(4)
    assert caller.last(180).headers.lines(b"rseq") == [b"78"]


def test_repeated_provisional_of_a_reinvite_ends_here_too() -> None:
    world, caller, east = up()
    east.script = ((0.1, 183, RELIABLE), (2, 183, RELIABLE), (3, 200))
    caller.say("INVITE", caller.last(200), 2, supported="100rel")
    world.run(3)
    caller.say("PRACK", caller.last(183), 3, rack="77 2 INVITE")
    world.run(6)
    assert caller.statuses().count(183) == 1
    assert east.requests("PRACK")[0].headers.lines(b"rack") == [b"77 2 INVITE"]


@pytest.mark.parametrize("rack", ["x", "1 2", "1 2 INVITE extra"])
def test_prack_that_acknowledges_nothing_is_400(rack: str) -> None:
    world = World(policy())
    east = Phone(world, EAST, (0.1, 183, RELIABLE), (3, 200))
    caller = Caller(world)
    caller.call(supported="100rel")
    world.run(1)
    caller.say("PRACK", caller.last(183), 2, rack=rack)
    world.run(2)
    assert caller.statuses()[-1] == 400
    assert east.requests("PRACK") == []


def test_update_that_crosses_another_is_491_on_both_sides() -> None:
    """RFC 3311 §5.2: each end finds out by itself, and tries again at its own time."""
    world, caller, east = up()

    def busy(end: Phone | Caller) -> None:
        plain = end.request

        def request(message: Request, source: Address) -> None:
            if message.method == "UPDATE":
                world.deliver(make_response(message, 491), end.address, source)
            else:
                plain(message, source)

        end.request = request  # type: ignore[assignment, method-assign]  # has an offer of its own under way

    busy(caller)
    busy(east)
    caller.say("UPDATE", caller.last(200), 2, body=b"v=0")
    east.say("UPDATE", 1, body=b"v=0")
    world.run(4)
    assert caller.statuses()[-1] == 491 and east.statuses()[-1] == 491


def test_reinvite_that_crosses_one_of_the_other_side_is_491() -> None:
    """RFC 3261 §14.1, §14.2: we have sent one on that dialog, and may send none on the other."""
    world, caller, east = up()
    east.script = ((2, 200),)
    caller.say("INVITE", caller.last(200), 2)
    world.run(2.5)
    east.say("INVITE", 1)
    world.run(3)
    assert east.statuses() == [491]
    assert caller.requests("INVITE") == []
    world.run(6)
    assert caller.last(200).cseq.number == 2
    assert world.engine.calls_alive == 1


def test_second_reinvite_before_the_first_is_answered_is_500_with_retry_after() -> None:
    """RFC 3261 §14.2."""
    world, caller, east = up()
    east.script = ((2, 200),)
    caller.say("INVITE", caller.last(200), 2)
    world.run(2.5)
    caller.say("INVITE", caller.last(200), 3)
    world.run(3)
    assert caller.last(500).cseq.number == 3
    assert caller.last(500).headers.first(b"retry-after") is not None
    assert {one.cseq.number for one in east.requests("INVITE")} == {1, 2}
    world.run(6)
    assert caller.last(200).cseq.number == 2


def test_reinvite_after_the_others_is_done_crosses() -> None:
    world, caller, east = up()
    east.script = ((0.1, 488),)
    caller.say("INVITE", caller.last(200), 2)
    world.run(4)
    east.say("INVITE", 1)
    world.run(5)
    assert len(caller.requests("INVITE")) == 1


def test_methods_of_one_side_are_told_to_the_other() -> None:
    """RFC 3311 §5.1: UPDATE is sent only to who allows it."""
    world = World(policy())
    east = Phone(world, EAST, (0.1, 200, {"allow": "INVITE,ACK , CANCEL,BYE,PUBLISH"}))
    caller = Caller(world)
    caller.call(allow="INVITE, ACK, CANCEL, BYE, INFO, SUBSCRIBE")
    world.run(2)
    assert east.requests("INVITE")[0].headers.lines(b"allow") == [b"INVITE, ACK, CANCEL, BYE, INFO"]
    assert caller.last(200).headers.lines(b"allow") == [b"INVITE, ACK, CANCEL, BYE"]
