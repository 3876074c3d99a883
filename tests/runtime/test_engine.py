"""The whole engine: turns, what every attempt starts from, and the door."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import pytest

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
from sipfo.plan.model import Plan, Shaping, Trunk
from sipfo.runtime.engine import Engine
from sipfo.runtime.sip.message import Request

BALTIC = ("203.0.113.8", 5060)

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


# A weighted trunk draws for each call.


def weighted(*weights: int) -> Plan:
    """pbx-east and pbx-west by weight."""
    plan = policy()
    document = {**plan.trunks[0].model_dump(), "method": "weighted", "weights": weights}
    return plan.model_copy(update={"trunks": (Trunk.model_validate(document),)})


def firsts(
    plan: Plan, upto: Callable[[int], int], drawn: Mapping[str, tuple[int, ...]] | None = None
) -> list[str]:
    """The route that each of three calls tries first, when both routes fail over."""
    world = World(plan)
    tokens = itertools.count(1)
    world.engine = Engine(plan, lambda: f"t{next(tokens):07d}", upto, drawn=drawn)
    for place in (EAST, WEST):
        Callee(world, place, (0, 503))
    caller, found = Caller(world), []
    for n in range(3):
        world.records.clear()
        caller.call()
        world.run(2.0 * (n + 1))
        routes = [route for _, route, _ in world.attempts]
        assert routes[:2] == routes[2:]  # the same turn from the second address
        found.append(routes[0])
    return found


@pytest.mark.parametrize(
    ("number", "route"), [(0, "pbx-east"), (70, "pbx-east"), (71, "pbx-west"), (100, "pbx-west")]
)
def test_a_weighted_trunk_draws_its_turn_by_rfc_2782(number: int, route: str) -> None:
    asked: list[int] = []

    def upto(most: int) -> int:
        asked.append(most)
        return min(number, most)

    assert firsts(weighted(70, 30), upto) == [route] * 3
    rest = 30 if route == "pbx-east" else 70
    assert asked == [100, rest] * 3  # once for each call, not for each attempt


def test_each_call_draws_anew() -> None:
    numbers = iter([0, 0, 100, 0, 70, 0])
    assert firsts(weighted(70, 30), lambda most: next(numbers)) == [
        "pbx-east",
        "pbx-west",
        "pbx-east",
    ]


def test_a_draw_that_is_settled_beforehand_is_not_drawn() -> None:
    def upto(most: int) -> int:
        raise AssertionError(f"drew from 0 to {most}")

    assert firsts(weighted(70, 30), upto, {"acme": (1, 0)}) == ["pbx-west"] * 3


def test_a_settled_draw_is_nothing_to_a_trunk_that_draws_none() -> None:
    assert firsts(policy(), lambda most: 0, {"acme": (1, 0)}) == ["pbx-east"] * 3


def test_route_major_tries_a_route_by_both_addresses_before_the_next() -> None:
    plan = policy()
    trunk = plan.trunks[0].model_copy(update={"order": "route-major"})
    world = World(plan.model_copy(update={"trunks": (trunk,)}))
    for place in (EAST, WEST):
        Callee(world, place, (0, 503))
    Caller(world).call()
    world.run(2)
    assert [(egress, route) for egress, route, _ in world.attempts] == [
        ("us.primary", "pbx-east"),
        ("us.secondary", "pbx-east"),
        ("us.primary", "pbx-west"),
        ("us.secondary", "pbx-west"),
    ]


def test_each_carrier_gets_its_shape_of_the_original_number() -> None:
    plan = policy(carriers={"northstar": f"sip:{NORTHSTAR[0]}", "baltic": f"sip:{BALTIC[0]}"})
    shapes = (Shaping(strip=1, prepend="9011"), Shaping(strip=2))
    carriers = tuple(
        carrier.model_copy(update={"shaping": shape})
        for carrier, shape in zip(plan.carriers, shapes, strict=True)
    )
    world = World(plan.model_copy(update={"carriers": carriers}))
    for place in (EAST, WEST, NORTHSTAR):
        Callee(world, place, (0, 503))
    Callee(world, BALTIC, (0, 200))
    Caller(world).call()
    world.run(3)
    by_carrier = [
        m.uri
        for place in (NORTHSTAR, BALTIC)
        for m in world.sent_to(place, "INVITE")
        if isinstance(m, Request)
    ]
    assert by_carrier == [b"sip:901113125550000@203.0.113.9", b"sip:3125550000@203.0.113.8"]


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
    caller.call(require="path, 100rel")
    world.run(2)
    assert caller.last(420).headers.first(b"unsupported") == b"path"


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
