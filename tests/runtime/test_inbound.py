"""The caller's side: a caller that leaves, retransmissions, early dialogs."""

from __future__ import annotations

import pytest

from runtime.world import (
    EAST,
    NAMED,
    TARGETS,
    WEST,
    Callee,
    Caller,
    World,
    policy,
)
from sipfo.runtime.sip.message import Request, Response

# The caller is checked again after every await; a CANCEL that crosses wins.


def test_cancel_while_a_name_resolves_sends_no_invite() -> None:
    world = World(policy(routes=NAMED), names={"pbx.example.com": TARGETS})
    world.dns_takes = 1.0
    caller = Caller(world)
    caller.call()
    world.after(0.5, caller.cancel)
    world.run(40)
    assert not any(isinstance(m, Request) and m.method == "INVITE" for _, _, m in world.sent)
    assert caller.statuses() == [100, 200, 487]


def test_cancel_during_the_second_attempt() -> None:
    world = World(policy())
    caller = Caller(world)
    Callee(world, EAST, (0, 503))
    west = Callee(world, WEST, (0.1, 180))
    caller.call()
    world.after(2, caller.cancel)
    world.run(60)
    assert len(west.requests("CANCEL")) == 1
    assert caller.statuses() == [100, 180, 200, 487]
    assert [outcome for _, _, outcome in world.attempts] == ["503", "cancelled"]
    assert world.calls[0].ladder.result.kind == "cancelled"


def test_2xx_that_crosses_the_cancel_is_acknowledged_and_ended() -> None:
    world = World(policy())
    caller = Caller(world)
    east = Callee(world, EAST, (0.1, 180), (1.0, 200))
    caller.call()
    world.after(1.0, caller.cancel)
    world.run(60)
    assert caller.statuses() == [100, 180, 200, 487]
    assert len(east.requests("ACK")) == 1
    assert len(east.requests("BYE")) == 1


def test_cancel_after_the_answer_has_no_effect() -> None:
    world = World(policy())
    caller = Caller(world)
    east = Callee(world, EAST, (0, 200))
    caller.call()
    world.after(1.0, caller.cancel)
    world.run(10)
    assert world.answered
    assert east.requests("CANCEL") == [] and east.requests("BYE") == []
    assert caller.statuses() == [100, 200, 200]


@pytest.mark.parametrize("lines", [((0.1, 180),), ((0, 200),), ((0, 404),)])
def test_the_answer_to_a_cancel_has_the_to_tag_of_the_final_response(
    lines: tuple[tuple[float, int], ...],
) -> None:
    """RFC 3261 §9.2, whether the CANCEL comes in time or too late."""
    world = World(policy())
    caller = Caller(world)
    Callee(world, EAST, *lines)
    caller.call()
    world.after(1.0, caller.cancel)
    world.run(10)
    heard = [one for _, one in caller.heard if isinstance(one, Response) and one.status >= 200]
    (answer,) = (one for one in heard if one.cseq.method == "CANCEL")
    (final,) = {one.to.tag for one in heard if one.cseq.method == "INVITE"}
    assert answer.status == 200
    assert answer.to.tag == final


def test_bye_in_an_early_dialog_ends_the_hunt() -> None:
    """RFC 3261 §15: the caller may send BYE in an early dialog."""
    world = World(policy())
    caller = Caller(world)
    east = Callee(world, EAST, (0.1, 180))
    caller.call()
    world.after(1.0, lambda: caller.say("BYE", caller.last(180), 2))
    world.run(60)
    assert len(east.requests("CANCEL")) == 1
    assert 487 in caller.statuses()


def test_bye_in_the_early_dialog_of_an_earlier_attempt_ends_the_hunt() -> None:
    """The only dialog that the caller knows is of an attempt that is over."""
    world = World(policy(commit=()))
    caller = Caller(world)
    east = Callee(world, EAST, (0.1, 180), (0.5, 503))
    west = Callee(world, WEST, (0.1, 100), (9, 200))
    caller.call()
    world.after(1.0, lambda: caller.say("BYE", caller.last(180), 2))
    world.run(60)
    assert len(east.requests("INVITE")) == 1 and len(west.requests("CANCEL")) == 1
    assert caller.statuses() == [100, 180, 200, 487]
    assert len(world.engine._directory) == 0


def test_other_requests_in_the_early_dialog_of_an_earlier_attempt_are_481() -> None:
    world = World(policy(commit=()))
    caller = Caller(world)
    Callee(world, EAST, (0.1, 180), (0.5, 503))
    Callee(world, WEST, (0.1, 100), (3, 486))
    caller.call()
    world.after(1.0, lambda: caller.say("INFO", caller.last(180), 2))
    world.run(60)
    assert caller.statuses() == [100, 180, 481, 486]


def test_invite_expires_is_a_limit() -> None:
    world = World(policy())
    caller = Caller(world)
    east = Callee(world, EAST, (0.1, 180))
    caller.call(expires="5")
    world.run(60)
    assert len(east.requests("CANCEL")) == 1
    assert caller.statuses() == [100, 180, 487]


# Retransmissions.


def test_retransmitted_invite_does_not_restart_the_plan() -> None:
    world = World(policy())
    caller = Caller(world)
    east = Callee(world, EAST, (1, 180), (2, 200))
    caller.call()
    for at in (0.5, 1.5, 3.5):
        world.after(at, caller.again)
    world.run(10)
    assert len({invite.call_id for invite in east.requests("INVITE")}) == 1
    assert len(world.calls) == 1


def test_retransmitted_503_does_not_advance_the_plan_twice() -> None:
    world = World(policy())
    east = Callee(world, EAST, (0, 503))
    Callee(world, WEST, (0.5, 180), (1, 486))
    caller = Caller(world)
    caller.call()

    def repeat() -> None:
        assert east.invite is not None
        world.deliver(east.make(east.invite, 503), EAST, east.source)

    world.after(0.2, repeat)
    world.run(10)
    assert [outcome for _, _, outcome in world.attempts] == ["503", "486"]
    assert len(east.requests("ACK")) == 2


def test_late_18x_of_a_settled_attempt_is_not_relayed() -> None:
    world = World(policy())
    east = Callee(world, EAST, (0, 503))
    Callee(world, WEST, (1, 486))
    caller = Caller(world)
    caller.call()

    def ring() -> None:
        assert east.invite is not None
        world.deliver(east.make(east.invite, 180), EAST, east.source)

    world.after(0.5, ring)
    world.run(10)
    assert caller.statuses() == [100, 486]


def test_merged_request_is_482() -> None:
    """The same INVITE by another path (RFC 3261 §8.2.2.2)."""
    world = World(policy())
    Callee(world, EAST, (1, 486))
    caller = Caller(world)
    caller.call()
    assert caller.invite is not None
    via = b"SIP/2.0/UDP 192.0.2.200:5060;branch=z9hG4bKotherpath;rport"
    caller.invite.headers.set(b"via", via)
    world.after(0.1, caller.again)
    world.run(5)
    assert 482 in caller.statuses()
    assert len(world.calls) == 1


# Each attempt's early dialog has its own To tag; never two SDP answers in one dialog.


def test_each_early_dialog_has_its_own_to_tag() -> None:
    world = World(policy(commit=()))
    caller = Caller(world)
    Callee(world, EAST, (0.1, 183, {"body": "v=0\r\ns=east\r\n"}), (1, 503))
    Callee(world, WEST, (0.1, 183, {"body": "v=0\r\ns=west\r\n"}), (1, 200, {"body": "v=0\r\n"}))
    caller.call()
    world.run(10)
    finals = [m for _, m in caller.heard if isinstance(m, Response) and m.status == 183]
    assert len({m.to.tag for m in finals}) == 2
    assert caller.last(200).to.tag == finals[1].to.tag
    assert [m.body for m in finals] == [b"v=0\r\ns=east\r\n", b"v=0\r\ns=west\r\n"]


def test_provisionals_without_a_tag_are_told_apart_by_their_attempts() -> None:
    """A callee of RFC 2543: two of them are two dialogs toward the caller all the same."""
    world = World(policy(commit=()))
    caller = Caller(world)
    east = Callee(world, EAST, (1, 503))
    west = Callee(world, WEST, (1, 200))
    caller.call()

    def sound(one: Callee) -> None:
        assert one.invite is not None
        early = one.make(one.invite, 183, body=f"v=0\r\ns={one.address[0]}\r\n")
        early.headers.set(b"to", one.invite.to.encode())
        world.deliver(early, one.address, one.source)

    world.after(0.5, lambda: sound(east))
    world.after(1.5, lambda: sound(west))
    world.run(10)
    early = [m for _, m in caller.heard if isinstance(m, Response) and m.status == 183]
    assert len({m.to.tag for m in early}) == len({m.body for m in early}) == 2


def test_forked_second_2xx_gets_ack_and_bye() -> None:
    world = World(policy())
    caller = Caller(world)
    east = Callee(world, EAST, (0.1, 200))
    caller.call()

    def fork() -> None:
        assert east.invite is not None
        world.deliver(east.make(east.invite, 200, tag="other"), EAST, east.source)

    world.after(0.5, fork)
    world.run(10)
    assert [one.to.tag for one in east.requests("BYE")] == [b"other"]
    assert caller.statuses().count(200) == 1
