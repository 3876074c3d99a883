"""A call that is over leaves nothing for Python's collector of cycles: counting references is enough.

`wire/calm.py` counts on it: while there are many calls the collector looks at nothing, and a cycle stays.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

import pytest

from runtime.phones import Phone
from runtime.world import EAST, WEST, Caller, World, policy

LONG_AFTER = 2_000.0
"""Seconds: past every timer, and past the time that a given-up attempt is remembered."""


def answered(world: World) -> None:
    Phone(world, EAST, (0.1, 180), (0.2, 200))
    caller = Caller(world)
    caller.call()
    world.run(world.now + 1)
    caller.say("BYE", caller.last(200), 2)


def failed_over(world: World) -> None:
    Phone(world, EAST, (0.1, 503))
    Phone(world, WEST, (0.1, 180), (0.2, 200))
    caller = Caller(world)
    caller.call()
    world.run(world.now + 1)
    caller.say("BYE", caller.last(200), 2)


def refused(world: World) -> None:
    Phone(world, EAST, (0.1, 404))
    Caller(world).call()


def cancelled(world: World) -> None:
    Phone(world, EAST, (0.1, 180))
    caller = Caller(world)
    caller.call()
    world.run(world.now + 1)
    caller.cancel()


def silent(world: World) -> None:
    Caller(world).call()


@pytest.fixture
def uncollected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("kind", [answered, failed_over, refused, cancelled, silent])
def test_no_cycle_of_the_runtime_s_is_left(kind: Callable[[World], None]) -> None:
    world = World(policy())
    kind(world)
    world.run(world.now + LONG_AFTER)
    assert world.engine.calls == ()
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    left = [one for one in gc.garbage if type(one).__module__.startswith("sipfo.runtime")]
    assert [type(one).__name__ for one in left] == []
