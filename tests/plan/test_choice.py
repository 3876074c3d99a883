"""Which carriers a call is forwarded to: prefixes, exceptions, rates, the order of cost, a ceiling."""

from __future__ import annotations

from typing import Any

import pytest

from plan.samples import DIALLED, FORWARDED_TO, small_plan
from sipfo.plan.choice import Choice, Chosen, LeftOut, depends_on_call, settle
from sipfo.plan.codec import read_plan, write_plan
from sipfo.plan.model import Deck, Plan
from sipfo.plan.order import Order, turn
from sipfo.plan.rates import STOP, Term, key_of, pack, price


def deck(file: str, *rows: tuple[str, str] | tuple[str, str, int, int]) -> Deck:
    """Rows of a prefix and a cost, and from when until when."""
    said = [(row[0], Term(STOP if row[1] == "stop" else price(row[1]), *row[2:])) for row in rows]
    table = pack((key_of(prefix), term) for prefix, term in said)
    return Deck(file=file, rows=len(rows), table=table)


def plan_of(
    carriers: dict[str, dict[str, Any]],
    *decks: Deck,
    number: str | None = FORWARDED_TO,
    **forward: Any,
) -> Plan:
    """One trunk that forwards to these carriers."""
    plan = small_plan(egress=1, routes=1, carriers=len(carriers))
    made = tuple(
        one.model_copy(update={"name": name, **said})
        for one, (name, said) in zip(plan.carriers, carriers.items(), strict=True)
    )
    own = plan.trunks[0].forward
    assert own is not None
    changed = own.model_copy(update={"carriers": tuple(carriers), "number": number, **forward})
    trunk = plan.trunks[0].model_copy(update={"forward": changed})
    update = {"carriers": made, "trunks": (trunk,), "decks": decks or None}
    return Plan.model_validate(plan.model_copy(update=update).model_dump())


def chosen(plan: Plan, dialled: str = DIALLED, at: float | None = 0) -> Chosen:
    forward = plan.trunks[0].forward
    assert forward is not None
    return Choice(plan).of(forward, dialled, at)


def names(plan: Plan, dialled: str = DIALLED, at: float | None = 0) -> list[str]:
    return [one.name for one in chosen(plan, dialled, at).carriers]


def left(plan: Plan, dialled: str = DIALLED, at: float = 0) -> list[str]:
    return [str(one) for one in chosen(plan, dialled, at).left_out]


def test_a_carrier_whose_prefixes_do_not_begin_the_number_is_left_out() -> None:
    plan = plan_of({"a": {"prefixes": ("+44",)}, "b": {"prefixes": ("+1",)}})
    assert names(plan) == ["b"]
    assert left(plan) == [f"a left out: none of its prefixes begins {FORWARDED_TO}"]


@pytest.mark.parametrize(
    ("prefixes", "excluded", "goes"),
    [
        ((), ("+1312",), False),
        (("+1",), ("+1312",), False),
        (("+1312",), ("+1",), True),  # the longer of the two says
        (("+1", "+13125550"), ("+1312",), True),
        ((), ("+44",), True),
    ],
)
def test_a_number_is_for_whom_the_longest_prefix_says(
    prefixes: tuple[str, ...], excluded: tuple[str, ...], goes: bool
) -> None:
    plan = plan_of({"a": {"prefixes": prefixes, "excluded": excluded}})
    assert bool(names(plan)) is goes


def test_what_a_carrier_is_not_for_is_said() -> None:
    plan = plan_of({"a": {"excluded": ("+1312",)}})
    assert left(plan) == ["a left out: it is not for +1312"]


def test_listed_keeps_the_order_whatever_the_rates() -> None:
    decks = deck("a.csv", ("1", "0.02")), deck("b.csv", ("1", "0.01"))
    plan = plan_of({"a": {"rates": "a.csv"}, "b": {"rates": "b.csv"}}, *decks)
    assert names(plan) == ["a", "b"]


def test_cheapest_goes_by_the_rate_of_the_longest_prefix() -> None:
    decks = (
        deck("a.csv", ("1", "0.001"), ("1312", "0.03")),
        deck("b.csv", ("1", "0.02")),
    )
    plan = plan_of(
        {"a": {"rates": "a.csv"}, "b": {"rates": "b.csv"}, "c": {"cost": "0.01"}},
        *decks,
        choice="cheapest",
    )
    assert names(plan) == ["c", "b", "a"]


def test_of_equal_cost_the_one_that_is_listed_first() -> None:
    decks = deck("a.csv", ("1", "0.01")), deck("b.csv", ("13", "0.010"))
    plan = plan_of(
        {"b": {"rates": "b.csv"}, "c": {"cost": "0.01"}, "a": {"rates": "a.csv"}},
        *decks,
        choice="cheapest",
    )
    assert names(plan) == ["b", "c", "a"]


def test_the_moment_decides() -> None:
    decks = (
        deck("a.csv", ("1", "0.01", 0, 100), ("1", "0.03", 100, 200)),
        deck("b.csv", ("1", "0.02")),
    )
    plan = plan_of({"a": {"rates": "a.csv"}, "b": {"rates": "b.csv"}}, *decks, choice="cheapest")
    assert [names(plan, at=at) for at in (99, 100, 200)] == [["a", "b"], ["b", "a"], ["b"]]
    assert left(plan, at=200) == [f"a left out: no rate for {FORWARDED_TO}"]


def test_a_stop_in_a_deck_stops_the_shorter_prefix_too() -> None:
    plan = plan_of({"a": {"rates": "a.csv"}}, deck("a.csv", ("1", "0.01"), ("1312", "stop")))
    assert names(plan) == []
    assert left(plan) == ["a left out: its rates stop +1312"]


def test_a_longer_prefix_goes_on_below_a_stop() -> None:
    plan = plan_of({"a": {"rates": "a.csv"}}, deck("a.csv", ("1", "stop"), ("1312", "0.01")))
    assert names(plan) == ["a"]


def test_an_exception_holds_against_a_shorter_prefix_of_the_deck() -> None:
    rates = deck("a.csv", ("1", "0.01"), ("13125550", "0.01"))
    assert names(plan_of({"a": {"rates": "a.csv", "excluded": ("+1312",)}}, rates)) == ["a"]
    plan = plan_of({"a": {"rates": "a.csv", "excluded": ("+131255500",)}}, rates)
    assert left(plan) == ["a left out: it is not for +131255500"]


@pytest.mark.parametrize(
    ("most", "goes"), [("0.01", ["b", "c"]), ("0.02", ["b", "c", "a"]), ("0", [])]
)
def test_who_costs_more_than_the_ceiling_is_left_out(most: str, goes: list[str]) -> None:
    plan = plan_of(
        {"a": {"cost": "0.02"}, "b": {"rates": "b.csv"}, "c": {"cost": "0.010"}},
        deck("b.csv", ("1", "0.004")),
        choice="cheapest",
        at_most=most,
    )
    assert names(plan) == goes


def test_the_ceiling_is_said_with_the_price() -> None:
    plan = plan_of({"a": {"rates": "a.csv"}}, deck("a.csv", ("1", "0.0250")), at_most="0.02")
    assert left(plan) == ["a left out: 0.025 is above 0.02"]


def test_a_forward_to_the_dialled_number_asks_about_that() -> None:
    plan = plan_of(
        {"a": {"rates": "a.csv"}, "b": {"prefixes": ("+44",)}},
        deck("a.csv", ("1", "0.01")),
        number=None,
    )
    assert names(plan, "+13125550123") == ["a"]
    assert names(plan, "+442079460000") == ["b"]
    assert names(plan, "alice") == []
    trunk = plan.trunks[0]
    order = Order(plan)
    steps = order.steps(
        trunk, "+442079460000", turn(trunk), order.chosen(trunk, "+442079460000", 0)
    )
    assert [(one.route, one.number) for one in steps] == [
        ("r0", "+442079460000"),
        ("b", "+442079460000"),
    ]


def test_without_a_moment_a_carrier_with_rates_takes_every_number() -> None:
    plan = plan_of({"a": {"rates": "a.csv"}}, deck("a.csv", ("44", "0.01")))
    assert names(plan, at=None) == ["a"]
    assert names(plan, at=0) == []
    assert Order(plan).attempts(plan.trunks[0]) == 2


def test_a_settled_plan_has_the_carriers_of_its_moment() -> None:
    decks = (
        deck("a.csv", ("1", "0.02", 0, 100)),
        deck("b.csv", ("1", "0.01")),
    )
    plan = plan_of({"a": {"rates": "a.csv"}, "b": {"rates": "b.csv"}}, *decks, choice="cheapest")
    for at, expected in ((0, ("b", "a")), (100, ("b",))):
        forward = settle(plan, at).trunks[0].forward
        assert forward is not None and forward.carriers == expected
    nobody = plan_of({"a": {"rates": "a.csv"}}, decks[0])
    assert settle(nobody, 100).trunks[0].forward is None


def test_settling_needs_the_number_where_it_decides() -> None:
    plan = plan_of({"a": {"rates": "a.csv"}}, deck("a.csv", ("1", "0.01")), number=None)
    assert depends_on_call(plan)
    assert settle(plan, 0) == plan
    found = settle(plan, 0, "+13125550123")
    assert found.trunks[0].forward is not None
    assert found.trunks[0].forward.number == "+13125550123"
    assert not depends_on_call(found)
    assert settle(plan, 0, "+44").trunks[0].forward is None


def test_a_plan_without_rates_is_settled_as_it_is() -> None:
    plan = small_plan(carriers=3)
    assert settle(plan, 0) is plan


def test_a_plan_with_rates_is_the_same_after_writing_and_reading() -> None:
    plan = plan_of(
        {"a": {"rates": "a.csv"}}, deck("a.csv", ("1", "0.01")), number=None, at_most="1"
    )
    assert read_plan(write_plan(plan)) == plan


def test_rates_that_the_plan_does_not_have_are_refused() -> None:
    with pytest.raises(ValueError, match="names rates that the plan does not have"):
        plan_of({"a": {"rates": "a.csv"}})
    with pytest.raises(ValueError, match="rates say which prefixes"):
        plan_of({"a": {"rates": "a.csv", "cost": "1"}}, deck("a.csv", ("1", "0.01")))


def test_why_a_carrier_is_left_out_begins_with_its_name() -> None:
    assert str(LeftOut("northstar", "full")) == "northstar left out: full"
