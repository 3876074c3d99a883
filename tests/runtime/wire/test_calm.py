"""Python's collector: it makes no call wait, and what a bug leaves in cycles does not stay."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Iterator

import pytest

from runtime.phones import Phone
from runtime.world import EAST, Caller, World, policy
from sipfo.runtime.wire import calm
from sipfo.runtime.wire.calm import OF_A_CALL, OF_A_TRANSACTION, Collector


class Knot:
    """What only the collector frees."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many objects each pass has found; all is as it was afterwards."""
    monkeypatch.setattr(calm, "FEW", 100)
    monkeypatch.setattr(calm, "SHORT", 2_000)
    monkeypatch.setattr(calm, "MOST", 20_000)
    monkeypatch.setattr(calm, "OF_A_CALL", 10_000)
    turn, found = sys.getswitchinterval(), list[int]()

    def note(phase: str, of: dict[str, int]) -> None:
        if phase == "stop":
            found.append(of["collected"])

    gc.callbacks.append(note)
    yield found
    gc.callbacks.remove(note)
    gc.enable()
    gc.unfreeze()
    sys.setswitchinterval(turn)


def with_calls(calls: int, do: Callable[[Collector], None]) -> None:
    """Do something beside a collector whose engine has so many calls up."""
    world = World(policy())
    Phone(world, EAST, (0.1, 200))
    caller = Caller(world)
    for _ in range(calls):
        caller.call()
    world.run(world.now + 100)
    assert len(world.engine.calls) == calls

    async def beside() -> None:
        collector = Collector(world.engine)
        do(collector)
        collector.close()

    asyncio.run(beside())


def test_what_comes_and_stays_causes_no_pass(passes: list[int]) -> None:
    def busy(collector: Collector) -> None:
        passes.clear()
        kept: list[list[list[object]]] = []
        for _ in range(40):
            kept += [[[]] for _ in range(1_000)]
            collector.look()
        assert passes == []

    with_calls(10, busy)


def test_what_is_left_in_cycles_on_a_busy_server_is_bounded(passes: list[int]) -> None:
    def broken(collector: Collector) -> None:
        passes.clear()
        for _ in range(100):
            for _ in range(2_000):
                Knot()
            collector.look()
        knots = sum(isinstance(one, Knot) for one in gc.get_objects())
        assert knots < calm.MOST + 10 * calm.OF_A_CALL
        assert 1 <= len(passes) <= 4

    with_calls(10, broken)


def test_it_is_said_that_something_leaves_cycles(
    passes: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(collector: Collector) -> None:
        for _ in range(50_000):
            Knot()
        collector.look()

    with_calls(1, broken)
    assert "objects were left in cycles" in caplog.text


def test_when_there_is_little_to_look_at_even_a_little_is_collected(passes: list[int]) -> None:
    def quiet(collector: Collector) -> None:
        passes.clear()
        for _ in range(500):
            Knot()
        collector.look()
        assert len(passes) == 1
        assert passes[0] >= 500
        collector.look()
        assert len(passes) == 1

    with_calls(1, quiet)


def test_without_a_call_it_does_not_matter_how_much_there_is(passes: list[int]) -> None:
    def idle(collector: Collector) -> None:
        passes.clear()
        kept: list[list[object]] = [[] for _ in range(10_000)]
        for _ in range(500):
            Knot()
        collector.look()
        assert len(passes) == 1
        del kept

    with_calls(0, idle)


def test_a_closed_one_leaves_it_to_python(passes: list[int]) -> None:
    with_calls(0, lambda collector: None)
    assert gc.isenabled()


def test_no_call_has_more_objects_than_are_accounted_for() -> None:
    many = 50
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 180), (0.2, 200))
    caller = Caller(world)
    gc.collect()
    before = len(gc.get_objects())
    gc.disable()
    try:
        for _ in range(many):
            caller.call()
        for seconds in (0.15, 1, 40):
            world.run(world.now + seconds)
            world.records.clear()  # these are what the test has of a call
            world.sent.clear()
            caller.heard.clear()
            phone.heard.clear()
            engine = world.engine
            accounted = OF_A_CALL * len(engine.calls)
            accounted += OF_A_TRANSACTION * len(engine.core.transactions)
            assert len(engine.calls) == many
            assert len(gc.get_objects()) - before < accounted
    finally:
        gc.enable()
