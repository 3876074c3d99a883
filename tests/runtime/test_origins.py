"""Our legs' Call-IDs lead to the caller's."""

from __future__ import annotations

from runtime.world import EAST, WEST, Callee, Caller, World, policy
from sipfo.runtime.origins import Origins


def test_a_leg_leads_to_its_caller_and_a_caller_to_itself() -> None:
    origins = Origins()
    origins.note(b"ours", b"theirs")
    assert origins.of(b"ours") == b"theirs"
    assert origins.of(b"theirs") == b"theirs"


def test_the_leg_heard_of_least_recently_goes_first() -> None:
    origins = Origins(most=2)
    origins.note(b"one", b"a")
    origins.note(b"two", b"b")
    assert origins.of(b"one") == b"a"
    origins.note(b"three", b"c")
    assert len(origins) == 2
    assert origins.of(b"one") == b"a"
    assert origins.of(b"two") == b"two"


def test_legs_of_calls_that_are_over_are_kept_for_a_while() -> None:
    origins = Origins(most_over=2)
    for leg in (b"one", b"two", b"three", b"up"):
        origins.note(leg, b"a")
    origins.over([b"one"])
    origins.over([b"two"])
    assert origins.of(b"one") == b"a", "a phone may pick up late"
    origins.over([b"three"])
    assert [origins.of(leg) for leg in (b"one", b"two", b"three", b"up")] == [b"one", *[b"a"] * 3]


def test_a_call_that_is_gone_has_told_that_its_legs_are_over() -> None:
    world = World(policy())
    world.engine.core.origins = origins = Origins(most_over=1)
    Callee(world, EAST, (0.1, 503))
    Callee(world, WEST, (0.1, 200))
    caller = Caller(world)
    caller.call()
    world.run(1)
    assert len(origins) == 2
    caller.say("BYE", caller.last(200), 2)
    world.run(100)
    assert len(origins) == 1
