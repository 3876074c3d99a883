"""RFC 3261 §16.7, step 6: what the caller is told when nothing is left to try."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plan.strategies import outcomes
from sipfo.plan.best import PREFERRED, Ended, best, upstream_code
from sipfo.plan.outcome import TRANSPORT_ERROR, UNREGISTERED, Outcome, responded, timed_out

SILENCE = timed_out("no-response")


def ladder(*outcomes: Outcome) -> list[Ended]:
    return [Ended(n, f"r{n}", outcome) for n, outcome in enumerate(outcomes, start=1)]


ladders = st.lists(outcomes, min_size=1, max_size=6).map(lambda found: ladder(*found))


def by_the_letter(ended: list[Ended]) -> Ended:
    """The RFC's paragraph, one sentence after the other."""
    left = [one for one in ended if one.outcome.code >= 600]
    if not left:
        lowest = min(one.outcome.code // 100 for one in ended)
        left = [one for one in ended if one.outcome.code // 100 == lowest]
        left = [one for one in left if one.outcome.code in {401, 407, 415, 420, 484}] or left
    left = [one for one in left if one.outcome.final is not None] or left
    return left[-1]


@given(ladders)
def test_the_best_is_chosen_as_the_paragraph_says(ended: list[Ended]) -> None:
    assert best(ended) == by_the_letter(ended)


@given(ladders.flatmap(lambda ended: st.tuples(st.just(ended), st.permutations(ended))))
def test_the_order_in_which_it_is_given_does_not_matter(
    both: tuple[list[Ended], list[Ended]],
) -> None:
    ended, shuffled = both
    assert best(shuffled) == best(ended)


@pytest.mark.parametrize(
    ("outcomes", "attempt"),
    [
        pytest.param([responded(404), responded(603), responded(302)], 2, id="6xx before all"),
        pytest.param([responded(503), responded(480), responded(501)], 2, id="lowest class"),
        pytest.param([responded(503), responded(302), responded(480)], 2, id="3xx is a class"),
        pytest.param([responded(407), responded(404)], 1, id="407 before a later 404"),
        pytest.param([responded(408), SILENCE], 1, id="a 408 heard before a 408 made here"),
        pytest.param([responded(503), TRANSPORT_ERROR], 1, id="a 503 heard before one made here"),
        pytest.param([responded(480), UNREGISTERED], 1, id="a 480 heard before one made here"),
        pytest.param([UNREGISTERED, TRANSPORT_ERROR], 1, id="nobody registered before no network"),
        pytest.param([responded(503), SILENCE], 2, id="the class comes before the origin"),
        pytest.param([responded(480), responded(404)], 2, id="the latest of equals"),
        pytest.param([SILENCE, SILENCE, SILENCE], 3, id="the latest silence"),
        # The RFC's own example: "it may choose to forward the 407".
        pytest.param([responded(c) for c in (503, 407, 501, 404)], 2, id="the RFC's example"),
    ],
)
def test_the_best_of_a_ladder(outcomes: list[Outcome], attempt: int) -> None:
    assert best(ladder(*outcomes)).attempt == attempt


@pytest.mark.parametrize("code", sorted(PREFERRED))
def test_what_a_caller_can_act_on_is_preferred(code: int) -> None:
    assert best(ladder(responded(code), responded(400), responded(499))).outcome.code == code


@given(outcomes)
def test_a_503_from_below_leaves_as_500_and_nothing_else_changes(outcome: Outcome) -> None:
    assert upstream_code(outcome) == (500 if outcome.code == 503 else outcome.code)
