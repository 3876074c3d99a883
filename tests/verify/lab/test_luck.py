"""A draw that is not the scenario's is noticed with the first route that is out of turn."""

from __future__ import annotations

import pytest

from sipfo.plan.ladder import Ladder
from sipfo.plan.scenario import Reach
from sipfo.verify.lab.luck import Luck
from sipfo.verify.simulate import simulate
from verify.seed import call, does, plan

BUSY = does("any", 486)


@pytest.mark.parametrize(
    ("came", "ran_out"),
    [
        (("c", "a", "b"), False),
        (("c", "c", "a", "c", "a", "b"), False),  # the second address, in the same order
        (("c.primary", "c.secondary", "a"), False),
        (("c", "northstar"), False),
        ((), False),
        (("a",), True),
        (("c", "b"), True),
        (("c.primary", "b"), True),
    ],
)
def test_luck_runs_out_where_another_route_comes(came: tuple[str, ...], ran_out: bool) -> None:
    luck = Luck(("c", "a", "b"))
    for name in came:
        luck.behaviour(name, BUSY)
    assert luck.ran_out is ran_out


@pytest.mark.parametrize("reach", ["refuses", "unresolvable"])
def test_who_cannot_be_reached_cannot_tell_when_it_was_its_turn(reach: Reach) -> None:
    """By one address it is not heard of, by the other it is, after the others."""
    luck = Luck(("c", "a", "b"), [does("c", reach=reach, egress="us.primary")])
    for name in ("a", "b", "c"):
        luck.behaviour(name, BUSY)
    assert not luck.ran_out
    levels = Luck(("c", "a"), [does("c.primary", reach=reach)])
    levels.behaviour("a", BUSY)
    assert not levels.ran_out


def test_who_is_out_of_turn_answers_at_once_and_so_do_all_that_follow() -> None:
    luck = Luck(("c", "a"))
    assert luck.behaviour("c", BUSY) is BUSY
    wrong = Luck(("c", "a"))
    for name in ("a", "c"):
        assert [(one.status, one.after) for one in wrong.behaviour(name, BUSY).replies] == [
            (200, 0)
        ]


def test_a_place_that_nobody_has_is_noticed_afterwards() -> None:
    policy = plan(("a", "b", "c"), weights=(10, 70, 20))

    def ladder(*names: str) -> Ladder:
        dead = (does(name, reach="refuses") for name in names[:-1])
        return simulate(policy, call(*dead, drawn=names))

    assert Luck(("c", "a", "b")).holds(ladder("c", "a"))
    assert Luck(("c", "a", "b")).holds(ladder("c"))
    assert not Luck(("c", "a", "b")).holds(ladder("c", "b"))
    assert not Luck(("c", "a", "b")).holds(ladder("a", "c"))
