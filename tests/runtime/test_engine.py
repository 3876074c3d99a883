"""The whole engine: turns, what every attempt starts from, and the door."""

from __future__ import annotations

from runtime.world import (
    EAST,
    NORTHSTAR,
    PRIMARY,
    SDP,
    SECONDARY,
    WEST,
    Callee,
    Caller,
    World,
    policy,
)
from sipfo.runtime.sip.message import Request

# Round robin; number shaping from the original.


def test_round_robin_advances_per_call_not_per_attempt() -> None:
    world = World(policy(method="round-robin"))
    Callee(world, EAST, (0, 503))
    Callee(world, WEST, (0, 200))
    caller = Caller(world)
    firsts = []
    for n in range(4):
        world.records.clear()
        caller.call()
        world.run(2.0 * (n + 1))
        firsts.append(world.attempts[0][1])
    assert firsts == ["pbx-east", "pbx-west", "pbx-east", "pbx-west"]


def test_every_attempt_starts_from_the_original_invite() -> None:
    plan = policy(carriers={"northstar": f"sip:{NORTHSTAR[0]}"})
    world = World(plan)
    for place in (EAST, WEST):
        Callee(world, place, (0, 503))
    Callee(world, NORTHSTAR, (0, 200))
    caller = Caller(world)
    caller.call(max_forwards="20")
    world.run(3)
    invites = [
        (flow, m) for _, flow, m in world.sent if isinstance(m, Request) and m.method == "INVITE"
    ]
    assert [m.uri for _, m in invites] == [
        b"sip:+13125550123@198.51.100.10",
        b"sip:+13125550123@198.51.100.20",
        b"sip:+13125550123@198.51.100.10",
        b"sip:+13125550123@198.51.100.20",
        b"sip:+13125550000@203.0.113.9",
    ]
    assert [flow.local for flow, _ in invites] == [
        PRIMARY,
        PRIMARY,
        SECONDARY,
        SECONDARY,
        PRIMARY,
    ]
    assert {m.body for _, m in invites} == {SDP}
    assert {m.max_forwards for _, m in invites} == {19}
    assert len({m.call_id for _, m in invites}) == 5
    assert len({m.from_.tag for _, m in invites}) == 5
    last = invites[-1][1]
    assert b"+13125550123" in (last.headers.first(b"diversion") or b"")
    assert b"index=1.1" in last.headers.all(b"history-info")[-1]
    assert all(m.headers.first(b"diversion") is None for _, m in invites[:-1])


# The door.


def test_a_stranger_gets_one_403_and_makes_no_state() -> None:
    world = World(policy())
    stranger = Caller(world, ("203.0.113.66", 5060))
    stranger.call()
    world.run(40)
    assert stranger.statuses() == [403]
    assert len(world.engine.core.transactions) == 0


def test_max_forwards_used_up_is_483() -> None:
    world = World(policy())
    caller = Caller(world)
    caller.call(max_forwards="0")
    world.run(2)
    assert caller.statuses() == [483]


def test_required_extension_that_does_not_cross_is_420() -> None:
    world = World(policy())
    caller = Caller(world)
    caller.call(require="replaces, 100rel")
    world.run(2)
    assert caller.last(420).headers.first(b"unsupported") == b"replaces"


def test_draining_refuses_new_calls() -> None:
    world = World(policy())
    world.engine.draining = True
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert caller.statuses() == [503]


def test_nothing_is_left_of_a_call() -> None:
    world = World(policy())
    Callee(world, EAST, (0, 503))
    Callee(world, WEST, (0.1, 180), (1, 200))
    caller = Caller(world)
    caller.call()
    world.after(5, lambda: caller.say("BYE", caller.last(200), 2))
    world.run(200)
    assert world.engine.calls_alive == 0
    assert len(world.engine.core.transactions) == 0
    assert world.engine.next_due() is None
    assert len(world.engine._directory) == 0
