"""What failures do to a trunk's calls, found by trying everything: every way to fail, every turn,
every holder of a registration, and what each destination does written out for each address.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product

from sipfo.plan.model import Plan, Trunk
from sipfo.plan.order import Order, Step, turn
from sipfo.plan.scenario import Behaviour, Holder, Scenario
from sipfo.verify.audit.inventory import Spot
from sipfo.verify.audit.things import Mode, Thing
from sipfo.verify.simulate import simulate
from verify.budget.draws import NUMBER


def worst(plan: Plan, things: Sequence[Thing]) -> tuple[bool, float]:
    """Whether a call of the plan's one trunk can be lost, else how late it can be answered."""
    trunk = plan.trunks[0]
    found = []
    for modes in product(*(thing.modes for thing in things)):
        if len(things) == 2 and things[0].overlaps(things[1]) and len(set(modes)) == 2:
            continue
        failures = list(zip(things, modes, strict=True))
        found += [_call(plan, scenario) for scenario in _scenarios(plan, trunk, failures)]
    return max(found)


def _call(plan: Plan, scenario: Scenario) -> tuple[bool, float]:
    ladder = simulate(plan, scenario)
    patience = plan.trunks[0].patience
    late = patience is not None and ladder.elapsed > patience
    lost = late or ladder.result.kind != "answered"
    return lost, 0.0 if lost else ladder.elapsed


def _scenarios(
    plan: Plan, trunk: Trunk, failures: Sequence[tuple[Thing, Mode]]
) -> Iterator[Scenario]:
    steps = Order(plan).steps(trunk, NUMBER, turn(trunk))
    behaviours = tuple(one for step in steps for one in _behaviours(step, failures))
    drawn: list[tuple[str, ...]] = [()]
    if trunk.method == "weighted":
        drawn = list(permutations(trunk.routes))
    registered = [
        route
        for route in plan.routes
        if route.registered is not None and route.name in trunk.routes
    ]
    held = product(
        *([Holder(route=one.name, instance=level) for level in one.levels] for one in registered)
    )
    for holders, order in product(held, drawn):
        for calls_before in range(len(trunk.routes) if trunk.method == "round-robin" else 1):
            yield Scenario(
                name="a call",
                trunk=trunk.name,
                number=NUMBER,
                calls_before=calls_before,
                drawn=order,
                holders=holders,
                behaviours=behaviours,
            )


def _behaviours(step: Step, failures: Sequence[tuple[Thing, Mode]]) -> Iterator[Behaviour]:
    for level in step.levels or (None,):
        spot = Spot(step.route, level)
        modes: list[Mode] = [mode for thing, mode in failures if spot in thing.spots]
        if "unresolvable" not in modes and any(step.egress in one.egresses for one, _ in failures):
            modes = ["silent"]
        if modes:
            reach = "unresolvable" if "unresolvable" in modes else modes[0]
            yield Behaviour(route=spot.name, egress=step.egress, reach=reach)
