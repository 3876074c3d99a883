"""Whose turn it is: round robin by calls placed, and RFC 2782's draw by exact enumeration."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plan.samples import small_plan
from plan.strategies import weights
from sipfo.plan.model import Trunk
from sipfo.plan.order import draw, turn

Odds = dict[tuple[int, ...], Fraction]
"""Every turn that a draw can give, and how likely it is."""


class _Undecided(Exception):
    """The draw asks for a number from 0 to `most` that has not been chosen yet."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


def odds(weights: Sequence[int]) -> Odds:
    """All that `draw` does, whatever numbers it is given."""
    found: Odds = {}

    def follow(chosen: tuple[int, ...], chance: Fraction) -> None:
        numbers = iter(chosen)

        def upto(most: int) -> int:
            number = next(numbers, None)
            if number is None:
                raise _Undecided(most)
            return number

        try:
            turned = draw(weights, upto)
        except _Undecided as asked:
            for number in range(asked.most + 1):
                follow((*chosen, number), chance / (asked.most + 1))
        else:
            found[turned] = found.get(turned, Fraction()) + chance

    follow((), Fraction(1))
    return found


def by_the_letter(weights: Sequence[int]) -> Odds:
    """RFC 2782's words: zeros to the front, one number from 0 to the sum, the first whose running
    sum is "greater than or equal to the random number", and again for the rest."""

    def rest(left: list[int]) -> Odds:
        if not left:
            return {(): Fraction(1)}
        total = sum(weights[place] for place in left)
        found: Odds = {}
        running, below = 0, 0
        for place in left:
            running += weights[place]
            numbers = running + 1 - below  # those from `below` to `running`
            below = running + 1
            if numbers > 0:
                others = rest([other for other in left if other != place])
                for turned, chance in others.items():
                    found[place, *turned] = chance * Fraction(numbers, total + 1)
        return found

    zeros = [place for place, weight in enumerate(weights) if weight == 0]
    return rest([*zeros, *(place for place, weight in enumerate(weights) if weight != 0)])


def first_place(found: Odds) -> dict[int, Fraction]:
    """How likely each route is the first."""
    shares: dict[int, Fraction] = {}
    for turned, chance in found.items():
        shares[turned[0]] = shares.get(turned[0], Fraction()) + chance
    return shares


def trunk(method: str, routes: int, weights: Sequence[int] = ()) -> Trunk:
    document = small_plan(routes=routes).trunks[0].model_dump()
    return Trunk.model_validate({**document, "method": method, "weights": tuple(weights)})


@pytest.mark.parametrize(
    "weights",
    [(0,), (5,), (1, 1), (7, 3), (3, 7), (0, 4), (4, 0), (0, 0, 0), (3, 0, 2), (0, 2, 0, 1),
     (2, 3, 4), (1, 1, 1, 1)],
)  # fmt: skip  # one tuple a line says no more
def test_the_draw_gives_every_turn_as_often_as_rfc_2782_says(weights: tuple[int, ...]) -> None:
    found = odds(weights)
    assert sum(found.values()) == 1
    assert found == by_the_letter(weights)


def test_seventy_to_thirty_is_71_and_30_of_101() -> None:
    """The number is from 0 to the sum, both included: 0 is one more for whoever stands first."""
    shares = first_place(odds((70, 30)))
    assert shares == {0: Fraction(71, 101), 1: Fraction(30, 101)}


def test_a_weight_of_0_has_a_very_small_chance_and_no_more() -> None:
    shares = first_place(odds((70, 0, 30)))
    assert shares == {0: Fraction(70, 101), 1: Fraction(1, 101), 2: Fraction(30, 101)}


def test_when_no_weight_is_left_the_rest_come_as_listed() -> None:
    assert odds((0, 0, 0)) == {(0, 1, 2): Fraction(1)}
    assert {turned[1:] for turned in odds((0, 9, 0)) if turned[0] == 1} == {(0, 2)}


def test_the_rest_is_drawn_by_what_is_left_without_what_was_drawn() -> None:
    asked: list[int] = []

    def most(number: int) -> int:
        asked.append(number)
        return number

    assert draw((5, 3, 2), most) == (2, 1, 0)
    assert asked == [10, 8, 5]


@given(st.lists(weights, min_size=1, max_size=6), st.data())
def test_a_draw_is_each_route_once(weighed: list[int], data: st.DataObject) -> None:
    turned = draw(weighed, lambda most: data.draw(st.integers(0, most)))
    assert sorted(turned) == list(range(len(weighed)))


@given(st.sampled_from(("sequential", "round-robin", "weighted")), st.data())
def test_a_turn_is_each_route_once(method: str, data: st.DataObject) -> None:
    weighed = data.draw(st.lists(weights, min_size=1, max_size=6))
    weighted = trunk(method, len(weighed), weighed if method == "weighted" else ())
    turned = turn(weighted, data.draw(st.integers(0, 10**9)))
    assert sorted(turned) == list(range(len(weighed)))


@pytest.mark.parametrize(
    ("calls_before", "turned"), [(0, (0, 1, 2)), (1, (1, 2, 0)), (2, (2, 0, 1)), (3, (0, 1, 2))]
)
def test_round_robin_turns_by_one_place_for_each_call(
    calls_before: int, turned: tuple[int, ...]
) -> None:
    assert turn(trunk("round-robin", 3), calls_before) == turned
    assert turn(trunk("sequential", 3), calls_before) == (0, 1, 2)


def test_a_weighted_trunks_likeliest_turn_is_the_heaviest_first_and_of_equals_the_first() -> None:
    weighted = trunk("weighted", 4, (10, 70, 10, 30))
    assert {turn(weighted, calls) for calls in range(5)} == {(1, 3, 0, 2)}
