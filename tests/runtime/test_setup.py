"""The set-up of a call in virtual time: phases and timers, outcomes, targets, the result."""

from __future__ import annotations

import pytest

from runtime.world import (
    EAST,
    LATENCY,
    NAMED,
    TARGETS,
    WEST,
    Callee,
    Caller,
    World,
    policy,
)

# Three phases, three timers.


def test_nothing_heard_ends_by_no_response() -> None:
    world = World(policy())
    world.silent |= {EAST}
    Callee(world, WEST, (0, 486))
    Caller(world).call()
    world.run(10)
    assert world.attempts[0] == ("us.primary", "pbx-east", "no-response")


def test_100_alone_ends_by_no_progress() -> None:
    world = World(policy())
    Callee(world, EAST, (0.5, 100))
    Callee(world, WEST, (0, 486))
    Caller(world).call()
    world.run(15)
    assert world.attempts[0] == ("us.primary", "pbx-east", "no-progress")
    took = world.calls[0].ladder.attempts[0].took
    assert took == pytest.approx(0.5 + 2 * LATENCY + 8)


def test_ringing_ends_by_no_answer_and_a_chatty_183_does_not_extend_it() -> None:
    world = World(policy(commit=(), no_answer=20))
    east = Callee(world, EAST, *((float(second), 183) for second in range(1, 60, 5)))
    Callee(world, WEST, (0, 486))
    Caller(world).call()
    world.run(60)
    assert world.attempts[0] == ("us.primary", "pbx-east", "no-answer")
    assert world.calls[0].ladder.attempts[0].took == pytest.approx(21 + 2 * LATENCY)
    assert len(east.requests("CANCEL")) >= 1


def test_no_response_never_fires_after_a_1xx() -> None:
    world = World(policy(no_response=1))
    Callee(world, EAST, (0.9, 100), (3, 200))
    Caller(world).call()
    world.run(10)
    assert world.attempts == [("us.primary", "pbx-east", "200")]


# A timeout or transport error made here is not a 408 or 503 that came over the wire.


def test_local_timeout_is_told_apart_from_a_received_408() -> None:
    world = World(policy())
    world.silent.add(EAST)
    Callee(world, WEST, (0, 408))
    Caller(world).call()
    world.run(6)
    assert [outcome for _, _, outcome in world.attempts] == ["no-response", "408"]


def test_local_transport_error_is_told_apart_from_a_received_503() -> None:
    world = World(policy())
    Callee(world, WEST, (0, 503))
    Caller(world).call()
    world.run(1)
    assert [outcome for _, _, outcome in world.attempts][:2] == ["transport-error", "503"]


# Target failover and route failover are two layers.


@pytest.mark.parametrize("failure", ["503", "refused", "silent"])
def test_targets_of_a_route_are_tried_before_the_next_route(failure: str) -> None:
    world = World(policy(routes=NAMED), names={"pbx.example.com": TARGETS})
    first = (TARGETS[0].host, 5060)
    if failure == "503":
        Callee(world, first, (0, 503))
    elif failure == "silent":
        world.silent.add(first)
    second = Callee(world, (TARGETS[1].host, 5060), (0, 200))
    west = Callee(world, WEST, (0, 200))
    Caller(world).call()
    world.run(10)
    assert [route for _, route, _ in world.attempts] == ["pbx", "pbx"]
    assert len(second.requests("INVITE")) == 1
    assert west.requests("INVITE") == []


def test_policy_failover_goes_to_the_next_route_not_the_next_target() -> None:
    """RFC 3263 §4.3 does not count 480 as failure of a target."""
    world = World(policy(routes=NAMED), names={"pbx.example.com": TARGETS})
    Callee(world, (TARGETS[0].host, 5060), (0, 480))
    second = Callee(world, (TARGETS[1].host, 5060), (0, 200))
    Callee(world, WEST, (0, 200))
    Caller(world).call()
    world.run(10)
    assert [route for _, route, _ in world.attempts] == ["pbx", "pbx-west"]
    assert second.requests("INVITE") == []


def test_unresolvable_name_is_a_transport_error_at_once() -> None:
    world = World(policy(routes=NAMED))
    Callee(world, WEST, (0, 200))
    Caller(world).call()
    world.run(1)
    assert world.attempts[0] == ("us.primary", "pbx", "transport-error")
    assert world.answered


# 503 upstream leaves as 500; Retry-After; 6xx.


def test_503_upstream_leaves_as_500() -> None:
    world = World(policy(failover=()))
    Callee(world, EAST, (0, 503))
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert caller.statuses() == [100, 500]


def test_retry_after_holds_the_target_and_no_other() -> None:
    world = World(policy())
    east = Callee(world, EAST, (0, 503, {"retry_after": "30"}))
    Callee(world, WEST, (0, 486))
    caller = Caller(world)
    caller.call()
    world.run(5)
    caller.call()
    world.run(10)
    assert len(east.requests("INVITE")) == 1
    assert world.attempts[-1] == ("us.primary", "pbx-west", "486")
    caller_after_hold = len(east.requests("INVITE"))
    world.run(40)
    caller.call()
    world.run(45)
    assert len(east.requests("INVITE")) == caller_after_hold + 1


def test_retry_after_is_capped() -> None:
    world = World(policy())
    east = Callee(world, EAST, (0, 503, {"retry_after": "86400"}))
    Callee(world, WEST, (0, 486))
    caller = Caller(world)
    caller.call()
    world.run(61)
    caller.call()
    world.run(65)
    assert len(east.requests("INVITE")) == 2


def test_all_targets_held_are_tried_in_order_anyway() -> None:
    world = World(policy())
    script = (0, 503, {"retry_after": "30"})
    Callee(world, EAST, script)
    Callee(world, WEST, script)
    caller = Caller(world)
    caller.call()
    world.run(2)
    world.records.clear()
    caller.call()
    world.run(4)
    assert [(egress, route) for egress, route, _ in world.attempts] == [
        ("us.primary", "pbx-east"),
        ("us.primary", "pbx-west"),
        ("us.secondary", "pbx-east"),
        ("us.secondary", "pbx-west"),
    ]


def test_6xx_stops_unless_the_policy_says_otherwise() -> None:
    world = World(policy())
    Callee(world, EAST, (0, 603))
    west = Callee(world, WEST, (0, 200))
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert caller.statuses() == [100, 603]
    assert west.requests("INVITE") == []
    world = World(policy(failover=(603,)))
    Callee(world, EAST, (0, 603))
    Callee(world, WEST, (0, 200))
    Caller(world).call()
    world.run(2)
    assert world.answered


# Deadline.


def test_deadline_ends_the_attempt_and_answers_408() -> None:
    world = World(policy(deadline=6))
    world.silent |= {EAST, WEST}
    caller = Caller(world)
    caller.call()
    world.run(50)
    assert caller.statuses()[-1] == 408
    assert world.calls[0].ladder.elapsed == pytest.approx(6)
    assert [outcome for _, _, outcome in world.attempts] == ["no-response", "deadline"]
