"""What a call does does not grow with what is configured: the lines that it executes are counted."""

from __future__ import annotations

from inspect import isfunction
from ipaddress import IPv4Address

import pytest

from growth import steps
from plan.test_choice import deck
from runtime.world import EAST, SDP, Callee, Caller, World, policy
from sipfo.plan.model import Accept, Carrier, Deck, Forward, NumberRange, Plan, Route
from sipfo.runtime.engine import Engine

pytestmark = pytest.mark.skipif(
    not isfunction(Engine.receive), reason="a compiled function says nothing of its lines"
)

MANY = 300
CARRIERS = 10
MOST = 0.005
"""A length that takes a line more."""


def configured(trunks: int, carriers: int = 0, rows: int = 0) -> Plan:
    """The usual trunk last of so many, each with its own network, numbers and route, and with so
    many carriers, each with a deck of so many rows if there are any."""
    plan = policy(egress=("us.primary",), routes={"pbx-east": (f"sip:{EAST[0]}",)})
    names = tuple(f"c{n}" for n in range(carriers))
    forward = Forward(carriers=names, egress="us.primary", choice="cheapest") if names else None
    (usual,) = plan.trunks
    usual = usual.model_copy(update={"forward": forward, "numbers": (_numbers(MANY),)})
    decks = tuple(_deck(name, rows) for name in names) if rows else ()
    usual_rates: list[dict[str, object]] = [{"prefixes": ("+1",)}]
    rates = [{"rates": one.file} for one in decks] or usual_rates * carriers
    return plan.model_copy(
        update={
            "routes": (
                *plan.routes,
                *(Route(name=f"r{n}", destinations=("sip:192.0.2.1",)) for n in range(1, trunks)),
            ),
            "carriers": tuple(
                Carrier.model_validate(
                    {"name": name, "destination": f"sip:203.0.113.{n + 1}", **rates[n]}
                )
                for n, name in enumerate(names)
            ),
            "decks": decks or None,
            "trunks": (
                *(
                    usual.model_copy(
                        update={
                            "name": f"t{n}",
                            "numbers": (_numbers(n),),
                            "accept": Accept(networks=(f"{IPv4Address('10.0.0.0') + n}/32",)),
                            "routes": (f"r{n}",),
                        }
                    )
                    for n in range(1, trunks)
                ),
                usual,
            ),
        }
    )


def _numbers(n: int) -> NumberRange:
    first = 13120000000 + n * 100
    return NumberRange(first=f"+{first}", last=f"+{first + 99}")


def _deck(name: str, rows: int) -> Deck:
    return deck(f"{name}.csv", ("1312", "0.01"), *((str(n), "0.02") for n in range(10, 10 + rows)))


def lines(plan: Plan, answer: int = 200) -> int:
    """How many one call takes, after another; the callee answers."""
    world = World(plan)
    Callee(world, EAST, (0, answer))
    caller = Caller(world)

    def call() -> None:
        caller.call(f"+{13120000000 + MANY * 100 + 50}", SDP)
        world.run(world.now + 3)

    call()
    placed = world.engine.placed["acme"]
    counted = steps(call).total()
    assert world.engine.placed["acme"] == placed + 1
    return counted


def test_neither_trunks_nor_carriers_nor_rates_add_to_a_call_that_a_route_answers() -> None:
    lines(configured(1))  # what is read for the first time is remembered
    one = lines(configured(1))
    for plan in (
        configured(MANY),
        configured(1, CARRIERS),
        configured(1, CARRIERS, 1000),
        configured(MANY, CARRIERS, 1000),
    ):
        assert abs(lines(plan) - one) <= MOST * one


def test_rows_of_a_deck_do_not_add_to_a_call_that_goes_to_a_carrier() -> None:
    lines(configured(1, 1, 10), 503)
    few = lines(configured(1, 1, 10), 503)
    assert abs(lines(configured(MANY, 1, 10_000), 503) - few) <= MOST * few
