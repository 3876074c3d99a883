"""An attempt until nothing of it can come back: zombies, late answers, no call left over."""

from __future__ import annotations

import gc
import itertools

import pytest

from runtime.world import (
    EAST,
    PRIMARY,
    WEST,
    Callee,
    Caller,
    World,
    policy,
)
from sipfo.runtime.record import Notice
from sipfo.runtime.setup import Setup
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response

T1_64 = 32.0


# Fast failover before any 1xx must not CANCEL; the zombie stays until Timer B.


def test_no_cancel_before_a_provisional() -> None:
    world = World(policy())
    caller = Caller(world)
    world.silent.add(EAST)
    Callee(world, WEST, (0.1, 200))
    caller.call()
    world.run(40)
    assert world.attempts == [
        ("us.primary", "pbx-east", "no-response"),
        ("us.primary", "pbx-west", "200"),
    ]
    assert world.sent_to(EAST, "CANCEL") == []


def test_given_up_transaction_stays_until_timer_b() -> None:
    world = World(policy())
    caller = Caller(world)
    world.silent.add(EAST)
    Callee(world, WEST, (0.1, 200))
    caller.call()
    world.run(60)
    times = [
        at
        for at, flow, message in world.sent
        if flow.remote == EAST and isinstance(message, Request) and message.method == "INVITE"
    ]
    started = times[0]
    assert [round(at - started, 3) for at in times] == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]


def test_late_1xx_of_a_zombie_gets_cancel() -> None:
    world = World(policy())
    caller = Caller(world)
    east = Callee(world, EAST, (6, 180))
    Callee(world, WEST, (0.1, 200))
    caller.call()
    world.run(40)
    assert world.answered
    assert len(east.requests("CANCEL")) >= 1
    cancel, invite = east.requests("CANCEL")[0], east.requests("INVITE")[0]
    assert cancel.via.branch == invite.via.branch
    assert cancel.uri == invite.uri
    assert cancel.cseq.number == invite.cseq.number
    assert caller.statuses().count(180) == 0


def test_late_2xx_of_a_zombie_gets_ack_and_bye() -> None:
    world = World(policy())
    caller = Caller(world)
    east = Callee(world, EAST, (6, 200))
    Callee(world, WEST, (0.1, 200))
    caller.call()
    world.run(20)
    assert [m.method for _, m in east.heard if isinstance(m, Request)][-2:] == ["ACK", "BYE"]
    assert east.requests("BYE")[0].to.tag == east.tag.encode()
    assert caller.statuses().count(200) == 1


def test_2xx_after_timer_b_gets_ack_and_bye_too() -> None:
    world = World(policy())
    Caller(world).call()
    east = Callee(world, EAST, (T1_64 + 10, 200))
    Callee(world, WEST, (0.1, 200))
    world.run(60)
    assert len(east.requests("BYE")) == 1


def test_2xx_after_a_transport_error_gets_ack_and_bye_too() -> None:
    """The connection broke, or an ICMP error came, when the INVITE had been read already."""
    world = World(policy())
    east = Callee(world, EAST, (6, 200))
    Callee(world, WEST, (0.1, 200))
    caller = Caller(world)
    caller.call()

    def fail() -> None:
        world.engine.transport_failed(Flow("udp", PRIMARY, EAST), world.now)

    world.after(1, fail)
    world.run(20)
    assert world.attempts[0] == ("us.primary", "pbx-east", "transport-error")
    assert [m.method for _, m in east.heard if isinstance(m, Request)][-2:] == ["ACK", "BYE"]
    assert caller.statuses().count(200) == 1


def test_cancelled_attempt_without_final_is_destroyed_after_64_t1() -> None:
    """Do not rely on 487 (RFC 3261 §9.1)."""
    world = World(policy(no_progress=2))
    caller = Caller(world)

    class Rfc2543(Callee):
        def request(self, request: Request, source: tuple[str, int]) -> None:
            if request.method == "INVITE":
                super().request(request, source)

    Rfc2543(world, EAST, (0.1, 100))
    Callee(world, WEST, (0.1, 486))
    caller.call()
    world.run(120)
    assert world.engine.calls_alive == 0
    assert len(world.engine.core.transactions) == 0


# An answer that nobody could be talked to in is hung up on, not forgotten.


@pytest.mark.parametrize("field", [{"contact": "<tel:+13125550123>"}, {"record_route": "<tel:1>"}])
def test_unusable_answer_is_acknowledged_ended_and_counts_as_502(field: dict[str, str]) -> None:
    class Odd(Callee):
        def make(self, request: Request, status: int, **fields: str) -> Response:
            response = super().make(request, status, **fields)
            for name, value in field.items():
                response.headers.set(name.replace("_", "-").encode(), value.encode())
            return response

    world = World(policy(failover=(502,)))
    east = Odd(world, EAST, (0.5, 200))
    Callee(world, WEST, (0, 200))
    Caller(world).call()
    world.run(60)
    assert world.attempts == [("us.primary", "pbx-east", "502"), ("us.primary", "pbx-west", "200")]
    assert len(east.requests("ACK")) == 1 and len(east.requests("BYE")) == 1


def test_answer_with_an_odd_tag_is_an_answer() -> None:
    world = World(policy())
    east = Callee(world, EAST, (0.1, 200, {"tag": "a|b="}))
    caller = Caller(world)
    caller.call()
    world.run(5)
    assert caller.statuses() == [100, 200]
    assert east.requests("ACK")[0].to.tag == b"a|b="


def by_tcp() -> World:
    return World(policy(routes={"east": (f"sip:{EAST[0]};transport=tcp",)}, egress=("us.primary",)))


class OnTcp(Callee):
    """A phone that says in its Contact how it is reached."""

    def make(self, request: Request, status: int, **fields: str) -> Response:
        made = super().make(request, status, **fields)
        made.headers.set(b"contact", f"<sip:{EAST[0]};transport=tcp>".encode())
        return made


def cut(world: World, at: float) -> None:
    """The connection to EAST breaks at this moment."""
    flow = Flow("tcp", PRIMARY, EAST, 7)
    world.after(at, lambda: world.engine.transport_failed(flow, world.now))


def heard_as(message: Request | Response) -> str:
    """The method of a request."""
    return message.method if isinstance(message, Request) else ""


def heard_by(peer: Callee) -> list[str]:
    """The methods of what it was sent, in order."""
    return [message.method for _, message in peer.heard if isinstance(message, Request)]


def test_a_phone_that_rings_when_its_connection_breaks_is_cancelled_on_another() -> None:
    """The transaction has ended and the ringing has not."""
    world = by_tcp()
    east = Callee(world, EAST, (0.1, 180))
    caller = Caller(world)
    caller.call()
    cut(world, 1)
    world.run(40)
    assert caller.statuses()[-1] == 500
    assert heard_by(east) == ["INVITE", "CANCEL", "ACK"], "the ACK of its 487"
    invite, cancel, _ = (message for _, message in east.heard if isinstance(message, Request))
    assert cancel.via.branch == invite.via.branch


def test_a_phone_that_rings_after_its_connection_broke_is_cancelled_once() -> None:
    world = by_tcp()
    east = Callee(world, EAST, (2, 180), (3, 183), (4, 200))
    Caller(world).call()
    cut(world, 1)
    world.run(60)
    assert heard_by(east) == ["INVITE", "CANCEL", "ACK"], "the ACK of its 487"


def test_a_refusal_after_the_connection_broke_is_acknowledged_each_time() -> None:
    """Its sender repeats it until it is."""
    world = by_tcp()
    east = Callee(world, EAST, (2, 486), (3, 180))
    Caller(world).call()
    cut(world, 1)

    def repeat() -> None:
        assert east.invite is not None
        world.deliver(east.make(east.invite, 486), EAST, PRIMARY)

    world.after(2.5, repeat)
    world.run(60)
    assert heard_by(east) == ["INVITE", "ACK", "ACK"], "and nothing is left to cancel"


def test_a_phone_that_answers_after_its_connection_broke_is_hung_up_on() -> None:
    world = by_tcp()
    east = Callee(world, EAST, (2, 200))
    Caller(world).call()
    cut(world, 1)
    world.run(60)
    assert heard_by(east) == ["INVITE", "ACK", "BYE"]


@pytest.mark.parametrize("breaks", [1, 3])
def test_a_bye_whose_connection_breaks_goes_again_on_another(breaks: int) -> None:
    """Whoever never gets it talks, and pays, to nobody."""
    world = by_tcp()
    east = OnTcp(world, EAST, (0.1, 200))
    caller = Caller(world)
    caller.call()
    world.run(1)
    lost = 0

    def lose(flow: Flow, data: bytes) -> bool:
        nonlocal lost
        if not data.startswith(b"BYE") or lost == breaks:
            return False
        lost += 1
        cut(world, 0.01)
        return True

    world.lose = lose
    caller.say("BYE", caller.last(200), 2)
    world.run(60)
    assert heard_by(east) == ["INVITE", "ACK", "BYE"]
    sent = [m.cseq.number for m in world.sent_to(EAST, "BYE") if isinstance(m, Request)]
    assert sent == [2 + n for n in range(breaks + 1)]
    assert world.engine.calls_alive == 0


def test_a_bye_that_nobody_takes_is_sent_as_long_as_over_udp() -> None:
    world = by_tcp()
    OnTcp(world, EAST, (0.1, 200))
    caller = Caller(world)
    caller.call()
    world.run(1)
    world.no_tcp.add(EAST)
    caller.say("BYE", caller.last(200), 2)
    world.run(100)
    sent = [at for at, flow, m in world.sent if flow.remote == EAST and heard_as(m) == "BYE"]
    waits = [round(after - before, 1) for before, after in itertools.pairwise(sent)]
    assert waits == [0.0, 0.5, 1.0, 2.0, *[4.0] * 7]
    assert len(world.engine.core.transactions) == 0


def test_a_bye_that_got_through_is_not_repeated_when_the_connection_breaks() -> None:
    world = by_tcp()
    east = OnTcp(world, EAST, (0.1, 200))
    caller = Caller(world)
    caller.call()
    world.run(1)
    caller.say("BYE", caller.last(200), 2)
    world.run(2)
    cut(world, 0.1)
    world.run(60)
    assert heard_by(east) == ["INVITE", "ACK", "BYE"]


def set_ups(world: World) -> list[Setup]:
    """Every one of this world that is still in memory."""
    gc.collect()
    found = [one for one in gc.get_objects() if isinstance(one, Setup)]
    return [one for one in found if one._core is world.engine.core]


def test_an_attempt_that_is_remembered_keeps_its_call_s_messages_no_longer_than_the_call() -> None:
    """Else every call that failed over once would be held for three minutes after its end."""
    world = World(policy())
    east, west = Callee(world, EAST, (50, 200)), Callee(world, WEST, (0.1, 200))
    caller = Caller(world)
    caller.call()
    cut_off = Flow("udp", PRIMARY, EAST)
    world.after(1, lambda: world.engine.transport_failed(cut_off, world.now))
    world.run(2)
    caller.say("BYE", caller.last(200), 2)
    assert len(set_ups(world)) == 1
    world.run(40)
    assert world.engine.calls == ()
    assert set_ups(world) == []
    world.run(60)
    assert heard_by(east)[-2:] == ["ACK", "BYE"], "and whoever picks up is hung up on"
    assert heard_by(west) == ["INVITE", "ACK", "BYE"]
    notices = [one for one in world.records if isinstance(one, Notice)]
    assert [one.call for one in notices if "in vain" in one.text] == [world.calls[0].call]
