"""What an engine meets that does not hear ICMP errors: a dead UDP port is silence to it.

A declared difference, as another scenario: the model then says what the no-response timer and the
retry policy make of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sipfo.plan.model import Plan
from sipfo.plan.scenario import Behaviour, Scenario
from sipfo.verify.lab.stage import CannotPlay
from sipfo.verify.targets import place_of


def deaf_to_icmp(plan: Plan, scenario: Scenario) -> tuple[Scenario, tuple[str, ...]]:
    """The scenario with silence where a UDP port refuses, and a note for each. Raises CannotPlay
    for what this engine could not be told: a TCP port that refuses one address only."""
    behaviours: list[Behaviour] = []
    notes: list[str] = []
    for behaviour in scenario.behaviours:
        found = list(_met(plan, behaviour)) if behaviour.reach == "refuses" else [behaviour]
        notes += [
            f"{one.route} is a UDP port that nobody has: no-response instead of transport-error"
            for one in found
            if one.reach == "silent" and behaviour.reach == "refuses"
        ]
        behaviours += found
    return scenario.model_copy(update={"behaviours": tuple(behaviours)}), tuple(notes)


def _met(plan: Plan, behaviour: Behaviour) -> Iterator[Behaviour]:
    """A refusal as it is met, level by level where they differ in transport."""
    places = _transports(plan, behaviour.route)
    if set(places.values()) != {"udp"} and behaviour.egress is not None:
        raise CannotPlay(
            f"{behaviour.route} refuses {behaviour.egress} alone over TCP, which only an engine in "
            "this process could be shown"
        )
    if len(set(places.values())) == 1:
        names = {behaviour.route: next(iter(places.values()))}
    else:
        names = places
    for name, transport in names.items():
        reach = "silent" if transport == "udp" else "refuses"
        yield behaviour.model_copy(update={"route": name, "reach": reach})


def _transports(plan: Plan, name: str) -> dict[str, str]:
    """The transport of each level that a behaviour names, or of all of them."""
    found: dict[str, str] = {}
    for route in plan.routes:
        for place, destination in enumerate(route.destinations):
            level = f"{route.name}.{route.levels[place]}" if route.levels else route.name
            if name in (route.name, level):
                found[level] = place_of(destination).transport
    for carrier in plan.carriers:
        if carrier.name == name:
            found[name] = place_of(carrier.destination).transport
    return found
