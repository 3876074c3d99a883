"""Timers in order of their moments, cancelled at any time, with nothing left of those."""

from __future__ import annotations

import itertools
import sys
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.runtime.sip.timer import MOST_QUEUES, Handle, Timers

moments = st.integers(0, 20).map(float)


@given(st.lists(st.tuples(moments, st.booleans()), max_size=40))
def test_what_is_due_runs_in_order_and_nothing_cancelled_does(
    armed: list[tuple[float, bool]],
) -> None:
    timers = Timers()
    ran: list[tuple[float, int]] = []
    handles = [
        timers.at(when, lambda now, when=when, n=n: ran.append((when, n)))  # type: ignore[misc]  # mypy infers no type for a lambda's defaults
        for n, (when, _) in enumerate(armed)
    ]
    for handle, (_, cancelled) in zip(handles, armed, strict=True):
        if cancelled:
            handle.cancel()
    timers.run(10.0)
    alive = sorted((when, n) for n, (when, cancelled) in enumerate(armed) if not cancelled)
    assert ran == [one for one in alive if one[0] <= 10.0]
    assert timers.next_due() == min((when for when, _ in alive if when > 10.0), default=None)


def test_nothing_is_due_before_its_moment() -> None:
    timers = Timers()
    ran: list[float] = []
    timers.at(1.0, ran.append)
    timers.run(0.999)
    assert (ran, timers.next_due()) == ([], 1.0)
    timers.run(1.0)
    timers.run(2.0)
    assert (ran, timers.next_due()) == ([1.0], None)


def test_a_callback_gets_the_time_that_it_is_not_the_time_it_was_due() -> None:
    timers = Timers()
    ran: list[float] = []
    timers.at(1.0, ran.append)
    timers.run(5.0)
    assert ran == [5.0]


def test_what_a_callback_arms_for_now_runs_in_the_same_turn() -> None:
    timers = Timers()
    ran: list[float] = []
    timers.at(1.0, lambda now: void(timers.at(now, ran.append)))
    timers.run(1.0)
    assert ran == [1.0]


def test_a_callback_can_cancel_one_of_the_same_moment() -> None:
    timers = Timers()
    ran: list[float] = []
    handles: list[Handle] = []
    timers.at(1.0, lambda now: handles[0].cancel())
    handles.append(timers.at(1.0, ran.append))
    timers.run(1.0)
    assert ran == []


def test_cancelling_twice_or_after_it_ran_does_nothing() -> None:
    timers = Timers()
    ran: list[float] = []
    handle = timers.at(1.0, ran.append)
    timers.run(1.0)
    handle.cancel()
    handle.cancel()
    assert ran == [1.0]


def test_a_callback_that_raises_has_run_and_the_others_are_not_lost() -> None:
    timers = Timers()
    ran: list[float] = []

    def bad(now: float) -> None:
        raise RuntimeError("broken")

    timers.at(1.0, bad)
    timers.at(1.0, ran.append)
    with pytest.raises(RuntimeError):
        timers.run(1.0)
    timers.run(1.0)
    assert ran == [1.0]


class Model:
    """The same in one list that is sorted anew each time: what is armed, in the order of arming."""

    def __init__(self) -> None:
        self.armed: list[tuple[float, int, int]] = []
        self._count = itertools.count()

    def arm(self, when: float, name: int) -> None:
        self.armed.append((when, next(self._count), name))

    def has(self, name: int) -> bool:
        return any(one[2] == name for one in self.armed)

    def next_due(self) -> float | None:
        return min((one[0] for one in self.armed), default=None)

    def disarm(self, name: int) -> None:
        self.armed = [one for one in self.armed if one[2] != name]

    def run(self, now: float) -> list[int]:
        due = sorted(one for one in self.armed if one[0] <= now)
        self.armed = [one for one in self.armed if one[0] > now]
        return [name for _, _, name in due]


durations = st.sampled_from([0.0, 0.5, 1.0, 32.0]) | st.floats(0, 40)
moves = st.tuples(
    st.sampled_from(["after", "after", "at", "cancel", "again", "clock", "run"]),
    durations,
    st.integers(0, 30),
)


@given(st.lists(moves, max_size=60), st.sampled_from([0, 2, MOST_QUEUES]))
def test_it_does_what_a_sorted_list_does(
    made: list[tuple[str, float, int]], most_queues: int
) -> None:
    """However few durations have a queue, and although the clock is set back now and then."""
    model, timers, now = Model(), Timers(most_queues), 30.0
    ran: list[int] = []
    handles: list[Handle] = []
    for what, number, which in made:
        if what in ("after", "at"):
            call = partial(put, ran, len(handles))
            after = what == "after"
            model.arm(now + number if after else number, len(handles))
            handles.append(timers.after(number, call, now) if after else timers.at(number, call))
        elif what == "cancel" and which < len(handles):
            handles[which].cancel()
            model.disarm(which)
        elif what == "again" and which < len(handles) and model.has(which):
            timers.arm(handles[which], number, now)
            model.disarm(which)
            model.arm(now + number, which)
        elif what == "clock":
            now = max(0.0, now + number - 10 * (which > 20))
        elif what == "run":
            expected = model.run(now)
            timers.run(now)
            assert ran == expected
            ran.clear()
        assert timers.next_due() == model.next_due()


def test_nothing_is_kept_of_a_cancelled_timer() -> None:
    """Timer B of every answered call would else stay for 32 seconds."""
    timers = Timers()
    first = timers.after(32.0, void, 0.0)
    for _ in range(3):
        armed = [timers.after(32.0, void, 0.0) for _ in range(3)]
        armed += [timers.at(1e6, void) for _ in range(3)]
        for n in (1, 0, 0, 2, 0, 0):  # in the middle, at the front, at the end
            handle = armed.pop(n)
            handle.cancel()
            assert sys.getrefcount(handle) == 2
            assert (handle.callback, handle.queue, handle.before, handle.after) == (None,) * 4
    assert timers.next_due() == first.when


def test_whoever_invents_durations_makes_few_queues() -> None:
    timers = Timers()
    for n in range(10 * MOST_QUEUES):
        timers.after(1000.0 + n, void, 0.0)
    assert len(timers._queues) == MOST_QUEUES
    timers.run(5000.0)
    timers.after(0.5, void, 5000.0)
    assert len(timers._queues) == 1
    assert timers.next_due() == 5000.5


def put(ran: list[int], name: int, now: float) -> None:
    ran.append(name)


def void(value: object) -> None:
    """Turns an expression into a callback's None."""
