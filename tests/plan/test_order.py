"""The order of attempts: source-major or route-major, carriers last, numbers in their shape."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plan.samples import DIALLED, FORWARDED_TO, registered_route, small_plan
from plan.strategies import plans, telephone_numbers
from sipfo.plan.model import MAX_CARRIERS, Carrier, Plan, Shaping
from sipfo.plan.order import Order, Step, shaped, steps, turn


def pairs(found: tuple[Step, ...]) -> list[tuple[str, str]]:
    return [(step.egress, step.route) for step in found]


def order(plan: Plan, calls_before: int = 0) -> list[tuple[str, str]]:
    return pairs(steps(plan, plan.trunks[0], DIALLED, calls_before))


def test_all_routes_by_the_first_address_then_all_routes_by_the_second() -> None:
    assert order(small_plan()) == [("e0", "r0"), ("e0", "r1"), ("e1", "r0"), ("e1", "r1")]


def test_route_major_is_the_first_route_by_both_addresses_then_the_second_route() -> None:
    found = order(small_plan(order="route-major", carriers=1))
    assert found == [("e0", "r0"), ("e1", "r0"), ("e0", "r1"), ("e1", "r1"), ("e0", "c0")]


def test_one_route_is_tried_by_the_first_address_then_by_the_second_in_either_order() -> None:
    assert order(small_plan(routes=1)) == [("e0", "r0"), ("e1", "r0")]
    assert order(small_plan(routes=1, order="route-major")) == [("e0", "r0"), ("e1", "r0")]


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


@given(st.permutations(range(3)))
def test_the_turn_is_the_same_for_every_address(turned: list[int]) -> None:
    routes = [f"r{place}" for place in turned]
    by_source, by_route = small_plan(routes=3), small_plan(routes=3, order="route-major")
    found = pairs(Order(by_source).steps(by_source.trunks[0], DIALLED, turned))
    assert found == [(egress, route) for egress in ("e0", "e1") for route in routes]
    found = pairs(Order(by_route).steps(by_route.trunks[0], DIALLED, turned))
    assert found == [(egress, route) for route in routes for egress in ("e0", "e1")]


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
            matching = [one.name for one in Order(plan).carriers(trunk)]
            assert carriers == [
                Step(
                    forward.egress,
                    name,
                    shaped(known[name], forward.number or number),
                    (known[name].destination,),
                    carrier=True,
                    diverted=(forward.number or number) != number,
                )
                for name in matching
            ]


@settings(max_examples=30)
@given(plans(), telephone_numbers)
def test_what_comes_first_in_the_orders_name_changes_least(plan: Plan, number: str) -> None:
    for trunk in plan.trunks:
        tried = [step for step in steps(plan, trunk, number) if not step.carrier]
        turned = [trunk.routes[place] for place in turn(trunk)]
        if trunk.order == "source-major":
            assert [egress for egress, _ in groupby(s.egress for s in tried)] == [*trunk.egress]
        else:
            assert [route for route, _ in groupby(s.route for s in tried)] == turned


@settings(max_examples=30)
@given(plans(), telephone_numbers)
def test_a_route_step_carries_its_destinations_in_order_and_what_they_are_called(
    plan: Plan, number: str
) -> None:
    known = {route.name: route for route in plan.routes}
    for step in steps(plan, plan.trunks[0], number):
        if not step.carrier:
            route = known[step.route]
            assert (step.destinations, step.levels) == (route.destinations, route.levels)
            assert step.registered == (route.registered is not None)


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
    plan = small_plan(carriers=1)
    carrier = plan.carriers[0].model_copy(update={"prefixes": prefixes})
    plan = plan.model_copy(update={"carriers": (carrier,)})
    assert plan.trunks[0].forward is not None
    assert plan.trunks[0].forward.number == number
    assert Order(plan).carriers(plan.trunks[0]) == ((carrier,) if matches else ())


def test_a_carrier_is_chosen_by_the_number_forwarded_to_not_by_the_number_dialled() -> None:
    plan = small_plan(egress=1, routes=1, carriers=1)
    carrier = plan.carriers[0].model_copy(update={"prefixes": ("+1312",)})
    plan = plan.model_copy(update={"carriers": (carrier,)})
    found = steps(plan, plan.trunks[0], "+442079460000")
    assert [(step.route, step.number) for step in found] == [
        ("r0", "+442079460000"),
        ("c0", FORWARDED_TO),
    ]


@pytest.mark.parametrize(
    ("shaping", "number"),
    [
        (None, "+13125550000"),
        (Shaping(), "+13125550000"),
        (Shaping(strip=1), "13125550000"),  # the plus is a character
        (Shaping(strip=2), "3125550000"),
        (Shaping(prepend="0011"), "0011+13125550000"),
        (Shaping(strip=1, prepend="9011"), "901113125550000"),
        (Shaping(strip=2, prepend="+44"), "+443125550000"),
        (Shaping(strip=12, prepend="*67"), "*67"),
        (Shaping(strip=16, prepend="*67"), "*67"),
    ],
)
def test_a_carrier_gets_the_number_stripped_and_then_prepended(
    shaping: Shaping | None, number: str
) -> None:
    carrier = Carrier(name="northstar", destination="sip:203.0.113.9", shaping=shaping)
    assert shaped(carrier, FORWARDED_TO) == number


def test_every_carrier_shapes_the_original_number_and_no_route_does() -> None:
    plan = small_plan(egress=1, routes=1, carriers=3)
    shapes = (Shaping(strip=1, prepend="9011"), Shaping(strip=2), None)
    carriers = tuple(
        carrier.model_copy(update={"shaping": shape})
        for carrier, shape in zip(plan.carriers, shapes, strict=True)
    )
    plan = plan.model_copy(update={"carriers": carriers})
    found = [step.number for step in steps(plan, plan.trunks[0], DIALLED)]
    assert found == [DIALLED, "901113125550000", "3125550000", FORWARDED_TO]


def test_a_carriers_prefix_is_that_of_the_original_number() -> None:
    carrier = Carrier(
        name="northstar",
        destination="sip:203.0.113.9",
        prefixes=("+1312",),
        shaping=Shaping(strip=5, prepend="9"),
    )
    plan = small_plan(egress=1, routes=1, carriers=1)
    carrier = carrier.model_copy(update={"name": "c0"})
    found = order(plan.model_copy(update={"carriers": (carrier,)}))
    assert found == [("e0", "r0"), ("e0", "c0")]


def levelled(*destinations: str) -> Step:
    """A step whose first two destinations are its primary and its secondary level."""
    return Step("e0", "telnyx", DIALLED, destinations, levels=("primary", "secondary"))


REGION = levelled("sip:192.76.120.10", "sip:64.16.250.10")
PORTS = levelled("sip:192.0.2.20:5080", "sip:192.0.2.20:5090;transport=tcp")
IPV6 = levelled("sip:[2001:db8::1]", "sip:[2001:db8::2]:5070")
USERS = levelled("sip:alice@192.0.2.20", "sip:alice@[2001:db8::1]:5061;transport=tls")

SECURE = levelled("sip:192.0.2.20;transport=tls", "sip:192.0.2.20:5060;transport=tls")


@pytest.mark.parametrize(
    ("step", "target", "level"),
    [
        (REGION, "udp:192.76.120.10:5060", "primary"),
        (REGION, "tcp:64.16.250.10:5060", "secondary"),
        (REGION, "udp:64.16.250.10:5061", None),
        (REGION, "udp:64.16.250.1:5060", None),
        (REGION, "udp:192.76.120.100:5060", None),
        (PORTS, "udp:192.0.2.20:5080", "primary"),
        (PORTS, "tcp:192.0.2.20:5090", "secondary"),
        (PORTS, "udp:192.0.2.20:5060", None),
        (IPV6, "udp:[2001:db8::1]:5060", "primary"),
        (IPV6, "udp:[2001:db8::2]:5070", "secondary"),
        (IPV6, "udp:[2001:db8::2]:5060", None),
        (USERS, "udp:192.0.2.20:5060", "primary"),
        (USERS, "tls:[2001:db8::1]:5061", "secondary"),
        (SECURE, "tls:192.0.2.20:5061", "primary"),
        (SECURE, "tls:192.0.2.20:5060", "secondary"),
    ],
)
def test_a_target_is_of_the_level_that_has_its_address_and_port(
    step: Step, target: str, level: str | None
) -> None:
    assert step.level_of(target) == level


def test_a_step_without_levels_has_no_level_for_any_target() -> None:
    step = Step("e0", "pbx", DIALLED, ("sip:192.0.2.20", "sip:192.0.2.21"))
    assert step.level_of("udp:192.0.2.20:5060") is None


def test_the_levels_of_a_registered_user_are_the_registrars_instances() -> None:
    plan = small_plan(egress=1, routes=1, instances=3)
    (step,) = steps(plan, plan.trunks[0], DIALLED)
    assert step.registered and step.levels == ("kss-a", "kss-b", "kss-c")
    assert step.destinations == registered_route("r0").destinations
    assert [step.level_of(f"udp:192.0.2.{n}:5060") for n in (20, 21, 22)] == [*step.levels]
