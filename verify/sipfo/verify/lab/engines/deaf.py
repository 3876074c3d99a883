"""What an engine meets that does not hear ICMP errors: a dead UDP port is silence to it.

A declared difference, as another scenario: the model then says what the no-response timer and the
retry policy make of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sipfo.plan.model import Plan, Trunk
from sipfo.plan.scenario import Behaviour, Scenario
from sipfo.verify.conduct import behaviour_of
from sipfo.verify.lab.stage import CannotPlay
from sipfo.verify.simulate import trunk_of
from sipfo.verify.targets import place_of


@dataclass(frozen=True, slots=True)
class _Reached:
    """A destination, by the name that a behaviour gives it, and the addresses it is reached from."""

    route: str
    level: str | None
    transports: frozenset[str]
    egress: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.route if self.level is None else f"{self.route}.{self.level}"


def deaf_to_icmp(plan: Plan, scenario: Scenario) -> tuple[Scenario, tuple[str, ...]]:
    """The scenario with silence where a UDP port refuses, and a note for each. Raises CannotPlay
    for what an engine that is not ours cannot be shown: a TCP port that refuses one address only."""
    silences: list[Behaviour] = []
    notes: list[str] = []
    for one in _reached(plan, trunk_of(plan, scenario)):
        refused = [
            egress
            for egress in one.egress
            if behaviour_of(scenario, egress, one.route, one.level).reach == "refuses"
        ]
        if not refused:
            continue
        if one.transports == {"udp"}:
            notes.append(
                f"{one.name} is a UDP port that nobody has: no-response instead of transport-error"
            )
            # What names the level and the address is the closest there is; the last one decides.
            silences += [
                Behaviour(route=one.name, egress=egress, reach="silent") for egress in refused
            ]
        elif "udp" in one.transports:
            raise CannotPlay(f"{one.name} refuses over UDP and TCP, and its levels have no names")
        elif len(refused) < len(one.egress):
            raise CannotPlay(f"{one.name} refuses some addresses and not others, over TCP")
    if not notes:
        return scenario, ()
    behaviours = (*scenario.behaviours, *silences)
    return scenario.model_copy(update={"behaviours": behaviours}), tuple(notes)


def _reached(plan: Plan, trunk: Trunk) -> Iterator[_Reached]:
    """Every destination that the trunk's calls may reach."""
    for route in plan.routes:
        if route.name not in trunk.routes:
            continue
        transports = [place_of(one).transport for one in route.destinations]
        if not route.levels:
            yield _Reached(route.name, None, frozenset(transports), trunk.egress)
        for level, transport in zip(route.levels, transports, strict=False):
            yield _Reached(route.name, level, frozenset({transport}), trunk.egress)
    forward = trunk.forward
    for carrier in plan.carriers if forward is not None else ():
        if forward is not None and carrier.name in forward.carriers:
            transport = place_of(carrier.destination).transport
            yield _Reached(carrier.name, None, frozenset({transport}), (forward.egress,))
