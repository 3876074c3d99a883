"""How an engine that cannot be told its turn comes to the one that a scenario has."""

from __future__ import annotations

import pytest

from sipfo.verify.lab.season import calls_until, filler
from sipfo.verify.lab.tour import SIDE_BY_SIDE, jobs_of
from sipfo.verify.simulate import simulate
from verify.lab.handmade import ENGINE
from verify.seed import call, does, plan

ROUND = plan(("a", "b", "c"), round_robin=True)


@pytest.mark.parametrize(
    ("calls_before", "placed", "more"),
    [(0, 0, 0), (1, 0, 1), (5, 0, 2), (0, 1, 2), (0, 3, 0), (4, 9, 1), (3, 7, 2)],
)
def test_as_many_calls_as_make_the_turn_come_round(
    calls_before: int, placed: int, more: int
) -> None:
    scenario = call(calls_before=calls_before)
    assert calls_until(ROUND.trunks[0], scenario, placed) == more
    usual = simulate(ROUND, scenario).attempts[0].route
    assert simulate(ROUND, call(calls_before=placed + more)).attempts[0].route == usual


def test_an_earlier_call_is_answered_by_whoever_is_first() -> None:
    ladder = simulate(ROUND, filler(ROUND.trunks[0], call(does("a", 503))))
    assert [one.outcome for one in ladder.attempts] == ["200"]
    assert ladder.elapsed == 0


def test_calls_that_take_long_are_played_side_by_side_and_each_once() -> None:
    policy = plan()
    quick = [call(does("pbx-east", 503))] * 5
    long = [call(does("pbx-east", reach="silent"), does("pbx-west", reach="silent"))] * 7
    assert jobs_of(ENGINE, policy, quick) == [[0, 1, 2, 3, 4]]
    jobs = jobs_of(ENGINE, policy, [*quick, *long])
    assert len(jobs) == SIDE_BY_SIDE
    assert sorted(place for job in jobs for place in job) == list(range(12))
    assert all(job == sorted(job) for job in jobs)
