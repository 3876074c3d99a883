"""The steps of one call, made one by one, are those that are made at once; carriers are chosen late."""

from __future__ import annotations

from inspect import isfunction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plan.strategies import plans, telephone_numbers
from sipfo.plan.ahead import Ahead
from sipfo.plan.choice import Chosen, LeftOut
from sipfo.plan.model import Plan
from sipfo.plan.order import Order, turn


class Watched(Ahead):
    """Counts how often its carriers are asked for."""

    asked = 0

    @property
    def chosen(self) -> Chosen:
        self.asked += 1
        return super().chosen


@given(plans(), telephone_numbers, st.integers(0, 5), st.data())
def test_they_are_the_steps_of_the_order(
    plan: Plan, number: str, before: int, data: st.DataObject
) -> None:
    trunk = data.draw(st.sampled_from(plan.trunks))
    order = Order(plan)
    chosen = order.chosen(trunk, number, 0.0)
    whole = order.steps(trunk, number, turn(trunk, before), chosen)
    ahead = Ahead(order, trunk, number, turn(trunk, before), 0.0)
    assert bool(ahead) == bool(whole)
    places = data.draw(st.permutations(range(len(whole))))
    assert [ahead[place] for place in places] == [whole[place] for place in places]
    assert tuple(ahead) == whole
    assert len(ahead) == len(whole)
    assert ahead[1:] == whole[1:]
    assert not whole or ahead[-1] == whole[-1]
    with pytest.raises(IndexError):
        ahead[len(whole)]


@pytest.mark.skipif(
    not isfunction(Ahead.__len__), reason="a compiled class asks itself, not who is derived from it"
)
@given(plans(), telephone_numbers, st.data())
def test_no_carrier_is_chosen_for_a_call_that_has_not_failed(
    plan: Plan, number: str, data: st.DataObject
) -> None:
    trunk = data.draw(st.sampled_from(plan.trunks))
    order = Order(plan)
    ahead, routed = Watched(order, trunk, number, turn(trunk), 0.0), order.routed(trunk)
    assert bool(ahead) or not routed
    found = [ahead[place] for place in range(routed)]
    assert ahead.asked == (not routed)
    assert not any(step.carrier for step in found)
    assert len(ahead) >= routed
    assert ahead.asked == 1


@given(plans(), telephone_numbers, st.data())
def test_a_call_that_is_barred_goes_to_no_carrier(
    plan: Plan, number: str, data: st.DataObject
) -> None:
    trunk = data.draw(st.sampled_from(plan.trunks))
    order, why = Order(plan), LeftOut("every carrier", "it was diverted too often")
    usual = order.chosen(trunk, number, 0.0)
    ahead = Ahead(order, trunk, number, turn(trunk), 0.0, why)
    assert len(ahead) == order.routed(trunk)
    assert ahead.chosen == (Chosen((), (why,)) if usual.carriers else usual)
