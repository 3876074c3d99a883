"""A scenario played under a plan, as it looks on the wire: the ladder without the policy's names.

Two plans do the same in a scenario exactly when these are equal, whatever things are called.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from sipfo.plan.ladder import Attempt, Ladder
from sipfo.plan.model import Plan
from sipfo.plan.order import Order, Step
from sipfo.plan.scenario import Scenario
from sipfo.runtime.sip.uri import parse_uri
from sipfo.verify.diff.lockstep import ticks
from sipfo.verify.diff.wire import place
from sipfo.verify.simulate import simulate, trunk_of, turned


@dataclass(frozen=True, slots=True)
class Sent:
    """What an attempt says besides where it goes: the address and port it is sent from, the number
    asked for, whether Diversion is there, and the digest user."""

    origin: str
    number: str
    diverted: bool
    user: str | None


@dataclass(frozen=True, slots=True)
class Played:
    """One plan's side of a difference; `sent` stands beside the ladder's attempts."""

    scenario: Scenario
    ladder: Ladder
    sent: tuple[Sent, ...]
    wire: tuple[Hashable, ...]


def play(plan: Plan, scenario: Scenario) -> Played:
    """Simulate the scenario. Raises sipfo.verify.simulate.UnknownTrunk."""
    trunk = trunk_of(plan, scenario)
    ladder = simulate(plan, scenario)
    steps = {
        (step.egress, step.route): step
        for step in Order(plan).steps(trunk, scenario.number, turned(trunk, scenario))
    }
    taken = [steps[attempt.egress, attempt.route] for attempt in ladder.attempts]
    origins = {one.name: _socket(one.host, one.port) for one in plan.egress}
    sent = tuple(_sent(plan, step, origins[step.egress]) for step in taken)
    rows = tuple(
        _row(attempt, step, one)
        for attempt, step, one in zip(ladder.attempts, taken, sent, strict=True)
    )
    by = next((step for step in reversed(taken) if step.route == ladder.result.by), None)
    result = (
        ladder.result.kind,
        ladder.result.code,
        _places(by) if by is not None else None,
        ticks(ladder.elapsed),
    )
    return Played(scenario, ladder, sent, (*rows, result))


def _socket(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _sent(plan: Plan, step: Step, origin: str) -> Sent:
    user = next((uri.user for uri in map(parse_uri, step.destinations) if uri.user), None)
    auths = {one.name: one.auth for one in plan.routes}
    auths |= {one.name: one.auth for one in plan.carriers}
    auth = auths[step.route]
    return Sent(origin, user or step.number, step.carrier, auth.user if auth is not None else None)


def _row(attempt: Attempt, step: Step, sent: Sent) -> Hashable:
    where = attempt.target if attempt.target is not None else _places(step)
    return where, sent, attempt.outcome, ticks(attempt.at), ticks(attempt.took)


def _places(step: Step) -> Hashable:
    return tuple(place(parse_uri(one), step.number) for one in step.destinations)
