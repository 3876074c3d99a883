"""The order of attempts: source-major, round robin per call, carriers last."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plan.samples import DIALLED, FORWARDED_TO, small_plan
from plan.strategies import plans, telephone_numbers
from sipfo.plan.model import MAX_CARRIERS, Carrier, Plan
from sipfo.plan.order import Step, matches_prefix, steps


def pairs(found: tuple[Step, ...]) -> list[tuple[str, str]]:
    return [(step.egress, step.route) for step in found]


def order(plan: Plan, calls_before: int = 0) -> list[tuple[str, str]]:
    return pairs(steps(plan, plan.trunks[0], DIALLED, calls_before))


def test_all_routes_by_the_first_address_then_all_routes_by_the_second() -> None:
    assert order(small_plan()) == [("e0", "r0"), ("e0", "r1"), ("e1", "r0"), ("e1", "r1")]


def test_one_route_is_tried_by_the_first_address_then_by_the_second() -> None:
    assert order(small_plan(routes=1)) == [("e0", "r0"), ("e1", "r0")]


@given(st.integers(0, 1000))
def test_sequential_does_not_turn(calls_before: int) -> None:
    assert order(small_plan(routes=3), calls_before) == order(small_plan(routes=3))


@given(st.integers(1, 6), st.integers(0, 60))
def test_round_robin_gives_each_route_its_share_of_first_places(routes: int, calls: int) -> None:
    plan = small_plan(routes=routes, method="round-robin")
    first = Counter({f"r{n}": 0 for n in range(routes)})
    first.update(order(plan, call)[0][1] for call in range(calls))
    assert first.total() == calls
    assert max(first.values()) - min(first.values()) <= 1


@given(st.integers(1, 6), st.integers(0, 10**9))
def test_round_robin_keeps_the_cyclic_order_in_every_pass(routes: int, calls_before: int) -> None:
    found = order(small_plan(routes=routes, method="round-robin"), calls_before)
    cycle = [f"r{(calls_before + n) % routes}" for n in range(routes)]
    assert found == [(egress, route) for egress in ("e0", "e1") for route in cycle]


def test_round_robin_does_not_turn_the_carriers() -> None:
    plan = small_plan(egress=1, routes=2, carriers=3, method="round-robin")
    assert [route for _, route in order(plan, 1)] == ["r1", "r0", "c0", "c1", "c2"]


@settings(max_examples=30)
@given(plans(), telephone_numbers, st.integers(0, 9))
def test_the_steps_are_every_egress_by_every_route_then_the_matching_carriers(
    plan: Plan, number: str, calls_before: int
) -> None:
    for trunk in plan.trunks:
        found = steps(plan, trunk, number, calls_before)
        routes = [step for step in found if not step.carrier]
        carriers = [step for step in found if step.carrier]
        assert found == (*routes, *carriers)
        assert Counter(pairs(tuple(routes))) == Counter(
            (egress, route) for egress in trunk.egress for route in trunk.routes
        )
        assert {step.number for step in routes} == {number}
        forward = trunk.forward
        assert forward is not None or not carriers
        if forward is not None:
            known = {carrier.name: carrier for carrier in plan.carriers}
            matching = [n for n in forward.carriers if matches_prefix(known[n], forward.number)]
            assert carriers == [
                Step(forward.egress, n, forward.number, (known[n].destination,), carrier=True)
                for n in matching
            ]


@settings(max_examples=30)
@given(plans(), telephone_numbers)
def test_a_route_step_carries_all_its_destinations_in_order(plan: Plan, number: str) -> None:
    known = {route.name: route.destinations for route in plan.routes}
    for step in steps(plan, plan.trunks[0], number):
        assert step.carrier or step.destinations == known[step.route]


def test_ten_carriers_are_each_tried_once_in_order_from_the_forwards_address() -> None:
    found = order(small_plan(egress=1, routes=1, carriers=MAX_CARRIERS))
    assert found[1:] == [("e0", f"c{n}") for n in range(10)]


@pytest.mark.parametrize(
    ("prefixes", "number", "matches"),
    [
        ((), "+13125550000", True),
        (("+1",), "+13125550000", True),
        (("+44", "+1312"), "+13125550000", True),
        (("+44",), "+13125550000", False),
        (("+13125550000",), "+13125550000", True),
        (("+131255500001",), "+13125550000", False),
        (("+3",), "+13125550000", False),
    ],
)
def test_a_carrier_terminates_the_numbers_of_its_prefixes(
    prefixes: tuple[str, ...], number: str, matches: bool
) -> None:
    carrier = Carrier(name="northstar", destination="sip:203.0.113.9", prefixes=prefixes)
    assert matches_prefix(carrier, number) is matches


def test_a_carrier_is_chosen_by_the_number_forwarded_to_not_by_the_number_dialled() -> None:
    plan = small_plan(egress=1, routes=1, carriers=1)
    carrier = plan.carriers[0].model_copy(update={"prefixes": ("+1312",)})
    plan = plan.model_copy(update={"carriers": (carrier,)})
    found = steps(plan, plan.trunks[0], "+442079460000")
    assert [(step.route, step.number) for step in found] == [
        ("r0", "+442079460000"),
        ("c0", FORWARDED_TO),
    ]
