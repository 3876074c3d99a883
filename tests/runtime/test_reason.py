"""Why a call ends, kept both ways (RFC 3326), with where it was said (RFC 8606)."""

from __future__ import annotations

import pytest

from runtime.phones import Phone, up
from runtime.world import CALLER, EAST, SIPFO, WEST, Callee, Caller, World, policy
from sipfo.runtime.sip.build import make_cancel
from sipfo.runtime.sip.message import Response

BOTH = 'Q.850;cause=16;text="Terminated";location=LPN, SIP;cause=200;text="a, b"'


def test_several_reasons_of_a_bye_cross_as_they_are_said() -> None:
    world, caller, phone = up()
    caller.say("BYE", caller.last(200), 2, reason=BOTH)
    world.run(3)
    assert phone.requests("BYE")[0].headers.lines(b"reason") == [BOTH.encode()]


def test_reasons_of_the_callees_bye_cross_too() -> None:
    world, caller, phone = up()
    phone.say("BYE", 1, reason=BOTH)
    world.run(3)
    assert caller.requests("BYE")[0].headers.lines(b"reason") == [BOTH.encode()]


@pytest.mark.parametrize("status", [404, 486, 603])
def test_reasons_of_a_refusal_cross_with_cause_and_location(status: int) -> None:
    """RFC 6432: Q.850 in responses; RFC 8606 §4: where the cause was said."""
    world = World(policy())
    Callee(world, EAST, (0.1, status, {"reason": "Q.850;cause=17;location=U"}))
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert caller.last(status).headers.lines(b"reason") == [b"Q.850;cause=17;location=U"]


def cancelled(reason: str | None, *, rings: float = 0.1) -> Callee:
    """A target whose call the caller cancels after a second."""
    world = World(policy())
    east = Callee(world, EAST, (rings, 180))
    caller = Caller(world)
    invite = caller.call()

    def leave() -> None:
        cancel = make_cancel(invite)
        if reason is not None:
            cancel.headers.add(b"reason", reason.encode())
        world.deliver(cancel, CALLER, SIPFO)

    world.after(1, leave)
    world.run(40)
    return east


def test_reasons_of_the_callers_cancel_reach_the_target() -> None:
    (cancel,) = cancelled('SIP;cause=200;text="Call completed elsewhere"').requests("CANCEL")
    said = [b'SIP;cause=200;text="Call completed elsewhere"']
    assert cancel.headers.lines(b"reason") == said


def test_they_reach_it_also_when_the_cancel_has_to_wait() -> None:
    """RFC 3261 §9.1: no CANCEL before a provisional."""
    (cancel,) = cancelled("Q.850;cause=16;location=U", rings=2).requests("CANCEL")
    assert cancel.headers.lines(b"reason") == [b"Q.850;cause=16;location=U"]


def test_cancel_without_a_reason_gets_none() -> None:
    (cancel,) = cancelled(None).requests("CANCEL")
    assert cancel.headers.lines(b"reason") == []


def test_bye_in_an_early_dialog_gives_its_reason_to_the_cancel() -> None:
    world = World(policy())
    east = Callee(world, EAST, (0.1, 180))
    caller = Caller(world)
    caller.call()
    world.after(1, lambda: caller.say("BYE", caller.last(180), 2, reason="Q.850;cause=16"))
    world.run(40)
    assert east.requests("CANCEL")[0].headers.lines(b"reason") == [b"Q.850;cause=16"]


@pytest.mark.parametrize(
    ("script", "text"),
    [((0.1, 100), b"No progress"), ((0.1, 183), b"No answer")],
)
def test_cancel_of_an_attempt_that_ran_out_of_time_says_which(
    script: tuple[float, int], text: bytes
) -> None:
    world = World(policy(no_progress=2, no_answer=3))
    east = Callee(world, EAST, script)
    Callee(world, WEST, (0, 486))
    Caller(world).call()
    world.run(40)
    assert east.requests("CANCEL")[0].headers.lines(b"reason") == [
        b'SIP;cause=408;text="%s"' % text
    ]


def test_late_provisional_and_late_answer_of_a_zombie_are_told_why() -> None:
    world = World(policy(no_response=1))
    east = Callee(world, EAST, (2, 180), (2.005, 200))
    Callee(world, WEST, (0, 486))
    Caller(world).call()
    world.run(40)
    why = [b'SIP;cause=408;text="No response"']
    assert east.requests("CANCEL")[0].headers.lines(b"reason") == why
    assert east.requests("BYE")[0].headers.lines(b"reason") == why


def test_cancel_by_the_deadline_says_so() -> None:
    world = World(policy(deadline=2))
    east = Callee(world, EAST, (0.1, 180))
    Caller(world).call()
    world.run(40)
    assert east.requests("CANCEL")[0].headers.lines(b"reason") == [b'SIP;cause=408;text="Deadline"']


def test_cancel_of_an_expired_invite_says_so() -> None:
    world = World(policy())
    east = Callee(world, EAST, (0.1, 180))
    Caller(world).call(expires="5")
    world.run(40)
    assert east.requests("CANCEL")[0].headers.lines(b"reason") == [
        b'SIP;cause=487;text="INVITE expired"'
    ]


def test_second_answer_of_a_fork_is_told_that_another_was_first() -> None:
    world = World(policy())
    east = Callee(world, EAST, (0.1, 200))
    Caller(world).call()

    def fork() -> None:
        assert east.invite is not None
        world.deliver(east.make(east.invite, 200, tag="other"), EAST, east.source)

    world.after(0.5, fork)
    world.run(3)
    (bye,) = east.requests("BYE")
    assert bye.headers.lines(b"reason") == [b'SIP;cause=200;text="Call completed elsewhere"']


def test_bye_for_want_of_an_ack_says_so() -> None:
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 200))
    caller = Caller(world)
    caller.acks = False
    caller.call()
    world.run(40)
    for end in (phone, caller):
        assert end.requests("BYE")[0].headers.lines(b"reason") == [b'SIP;cause=408;text="No ACK"']


def test_hang_up_when_the_server_stops_says_so() -> None:
    world, caller, phone = up()
    world.engine.hang_up_all(world.now)
    world.run(3)
    for end in (phone, caller):
        assert end.requests("BYE")[0].headers.lines(b"reason") == [
            b'SIP;cause=503;text="Shutting down"'
        ]


def test_cancelled_reinvite_takes_its_reason_along() -> None:
    world, caller, phone = up()
    phone.script = ((0.1, 100), (9, 200))
    invite = caller.within("INVITE", caller.last(200), 2)
    world.deliver(invite, CALLER, SIPFO)
    world.run(3)
    cancel = make_cancel(invite)
    cancel.headers.add(b"reason", b"SIP;cause=487")
    world.deliver(cancel, CALLER, SIPFO)
    world.run(4)
    assert phone.requests("CANCEL")[0].headers.lines(b"reason") == [b"SIP;cause=487"]
    assert isinstance(caller.last(487), Response)
