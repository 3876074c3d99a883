"""Timers in order of their moments, cancelled at any time, swept when most are cancelled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.runtime.sip.timer import Handle, Timers

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


def test_cancelled_timers_are_swept_before_they_are_due() -> None:
    """Timer B of every answered call would else fill the heap for 32 seconds."""
    timers = Timers()
    kept = [timers.at(1e9, lambda now: None) for _ in range(10)]
    for _ in range(10_000):
        timers.at(1e6, lambda now: None).cancel()
    assert len(timers._heap) <= 1025
    assert sum(entry[2].callback is not None for entry in timers._heap) == len(kept)
    assert timers.next_due() == 1e9


def test_sweeping_is_rare_when_nothing_is_cancelled() -> None:
    timers = Timers()
    for n in range(5000):
        timers.at(float(n), lambda now: None)
    assert len(timers._heap) == 5000
    assert timers._cancelled_bound > 5000


def void(value: object) -> None:
    """Turns an expression into a callback's None."""
