"""Turns are compared call by call, draws destination by destination."""

from __future__ import annotations

import pytest

from sipfo.plan.model import Trunk
from sipfo.verify.diff.turns import Share, shares, turns
from verify.seed import plan


def trunk(*names: str, weights: tuple[int, ...] = (), round_robin: bool = False) -> Trunk:
    made = plan(names, round_robin=round_robin).trunks[0]
    if not weights:
        return made
    return made.model_copy(update={"method": "weighted", "weights": weights})


def test_round_robins_are_compared_until_both_have_come_round() -> None:
    two, three = trunk("a", "b", round_robin=True), trunk("a", "b", "c", round_robin=True)
    pairs = list(turns(two, three, (1, 2), (1, 2, 3)))
    assert [one.calls_before for one in pairs] == list(range(6))
    assert pairs[5].old == (1, 0)
    assert pairs[5].new == (2, 0, 1)


def test_two_draws_draw_the_same_destinations() -> None:
    old, new = trunk("a", "b", weights=(1, 2)), trunk("b", "a", weights=(2, 1))
    pairs = list(turns(old, new, (1, 2), (2, 1)))
    assert [(one.old, one.new) for one in pairs] == [((0, 1), (1, 0)), ((1, 0), (0, 1))]


def test_of_many_routes_each_is_first_last_and_second_after_each() -> None:
    names = tuple("abcdef")
    old = trunk(*names, weights=(1,) * 6)
    orders = {one.old for one in turns(old, old, range(6), range(6))}
    assert {order[:2] for order in orders} == {(a, b) for a in range(6) for b in range(6) if a != b}
    assert {order[-1] for order in orders} == set(range(6))


@pytest.mark.parametrize("weights", [(6, 4), (3, 2), (30, 20)])
def test_weights_are_ratios(weights: tuple[int, int]) -> None:
    old, new = trunk("a", "b", weights=(60, 40)), trunk("a", "b", weights=weights)
    assert shares(old, new, (1, 2), (1, 2)) == ()


def test_shares_name_what_is_gone_and_what_is_new() -> None:
    old, new = trunk("a", "b", weights=(60, 40)), trunk("a", "c", weights=(70, 30))
    assert shares(old, new, (1, 2), (1, 3)) == (
        Share(0, 0, 0.6, 0.7),
        Share(1, None, 0.4, 0.0),
        Share(None, 1, 0.0, 0.3),
    )


def test_the_order_of_what_has_no_weight_counts() -> None:
    old, new = trunk("a", "b", "c", weights=(1, 0, 0)), trunk("a", "c", "b", weights=(1, 0, 0))
    assert shares(old, new, (1, 2, 3), (1, 3, 2)) != ()
    assert shares(old, old, (1, 2, 3), (1, 2, 3)) == ()
