"""A plan and a scenario to the call's ladder, in virtual time: Hunt's executor without a network.

Events wait in a heap by time and then by kind. What would surprise: of two events at one instant
the response wins, then the caller, then the deadline, then a timer, so that a ladder never
depends on the order in which things were scheduled.
"""

from __future__ import annotations

from enum import IntEnum
from heapq import heappop, heappush
from itertools import count

from sipfo.plan.action import (
    Abandon,
    Action,
    Arm,
    ArmDeadline,
    Finish,
    Invite,
    Locate,
    Over,
    Relay,
    Result,
    Skipped,
    Unreached,
)
from sipfo.plan.derived import derived
from sipfo.plan.event import (
    CallerLeft,
    DeadlinePassed,
    Event,
    Expired,
    Failed,
    Heard,
    Located,
    Placed,
    Responded,
)
from sipfo.plan.hunt import Hunt, itinerary
from sipfo.plan.ladder import Attempt, Ladder, Settled
from sipfo.plan.model import Plan, Timer, Trunk
from sipfo.plan.order import Step, turn
from sipfo.plan.outcome import Final
from sipfo.plan.scenario import NOMINAL_DELAY, Reply, Scenario
from sipfo.verify.conduct import behaviour_of, due, has_body, levels_in_order, phrase_of
from sipfo.verify.targets import place_of

TICKS = 1_000_000
"""Ticks in a second: whole numbers, so that 0.1 + 0.2 and 0.3 are the same instant."""


class UnknownTrunk(ValueError):
    """The scenario calls a trunk that the plan does not have."""


class Kind(IntEnum):
    """The order of events at one instant; a located name comes last, so that no attempt starts
    at the very end of the deadline."""

    RESPONSE = 0
    CALLER = 1
    DEADLINE = 2
    TIMER = 3
    LOCATED = 4


def simulate(plan: Plan, scenario: Scenario) -> Ladder:
    """What the scenario's call does under the plan. Raises UnknownTrunk."""
    trunk = trunk_of(plan, scenario)
    return _Simulation(plan, trunk, scenario).run()


def trunk_of(plan: Plan, scenario: Scenario) -> Trunk:
    """The trunk that the scenario calls. Raises UnknownTrunk."""
    trunk = _trunks(plan).get(scenario.trunk)
    if trunk is None:
        raise UnknownTrunk(f"the plan has no trunk {scenario.trunk}")
    return trunk


@derived
def _trunks(plan: Plan) -> dict[str, Trunk]:
    return {trunk.name: trunk for trunk in plan.trunks}


def turned(trunk: Trunk, scenario: Scenario) -> tuple[int, ...]:
    """The order of the trunk's routes for the scenario's call: of a weighted trunk, what the
    scenario says is drawn goes first."""
    usual = turn(trunk, scenario.calls_before)
    if trunk.method != "weighted":
        return usual
    drawn = [trunk.routes.index(name) for name in scenario.drawn]
    return tuple(dict.fromkeys((*drawn, *usual)))


class _Simulation:
    """One call in virtual time; `_now` is ticks since the caller's INVITE."""

    __slots__ = ("_attempts", "_events", "_hunt", "_now", "_order", "_scenario", "_started")

    def __init__(self, plan: Plan, trunk: Trunk, scenario: Scenario) -> None:
        self._scenario = scenario
        self._hunt = Hunt(itinerary(plan, trunk, scenario.number, turned=turned(trunk, scenario)))
        self._now = 0
        self._order = count()
        self._events: list[tuple[int, Kind, int, Event]] = []
        self._started: dict[int, tuple[Step, str | None, int]] = {}
        self._attempts: list[Attempt] = []

    def run(self) -> Ladder:
        """Play the call to its result."""
        if self._scenario.cancel_after is not None:
            self._after(self._scenario.cancel_after, Kind.CALLER, CallerLeft())
        result = self._tell(Placed())
        while result is None:
            # Every attempt has a timer, so the heap is never empty before the result.
            self._now, _, _, event = heappop(self._events)
            result = self._tell(event)
        settled = Settled(result.kind, result.code, result.by)
        return Ladder(tuple(self._attempts), settled, self._now / TICKS)

    def _after(self, seconds: float, kind: Kind, event: Event) -> None:
        when = self._now + round(seconds * TICKS)
        heappush(self._events, (when, kind, next(self._order), event))

    def _tell(self, event: Event) -> Result | None:
        """Let the machine hear an event and carry out what it asks for."""
        self._hunt, actions = self._hunt.advance(event)
        for action in actions:
            self._carry_out(action)
        return self._hunt.result

    def _carry_out(self, action: Action) -> None:
        match action:
            case ArmDeadline(seconds=seconds):
                self._after(seconds, Kind.DEADLINE, DeadlinePassed())
            case Locate(step=step):
                self._after(0.0, Kind.LOCATED, self._located(step))
            case Invite(attempt=attempt, step=step, target=target, seconds=seconds):
                self._started[attempt] = (step, target, self._now)
                self._arm(attempt, "no-response", seconds)
                self._answer(attempt, step, target)
            case Arm(attempt=attempt, timer=timer, seconds=seconds):
                self._arm(attempt, timer, seconds)
            case Unreached(attempt=attempt, step=step):
                self._started[attempt] = (step, None, self._now)
            case Over(attempt=attempt, outcome=outcome):
                step, reached, began = self._started[attempt]
                final = outcome.final
                self._attempts.append(
                    Attempt(
                        egress=step.egress,
                        route=step.route,
                        target=reached,
                        outcome=outcome.word,
                        at=began / TICKS,
                        took=(self._now - began) / TICKS,
                        phrase=final.phrase if final is not None else "",
                        level=step.level_of(reached) if reached is not None else None,
                        reasons=final.reasons if final is not None else (),
                    )
                )
            case Relay() | Abandon() | Finish() | Skipped():
                # Nobody here listens to a provisional, a CANCEL or the result; a first and only
                # call finds no target held by an earlier one's Retry-After.
                return

    def _arm(self, attempt: int, timer: Timer, seconds: float) -> None:
        """A timer that was replaced still goes off; the machine knows it as stale."""
        self._after(seconds, Kind.TIMER, Expired(attempt, timer))

    def _located(self, step: Step) -> Located:
        reach = behaviour_of(self._scenario, step.egress, step.route).reach
        if reach in ("unresolvable", "unregistered"):
            return Located((), unregistered=reach == "unregistered")
        order = levels_in_order(self._scenario, step)
        return Located(tuple(str(place_of(step.destinations[place])) for place in order))

    def _answer(self, attempt: int, step: Step, target: str) -> None:
        """Schedule what the destination will say to this attempt."""
        behaviour = behaviour_of(self._scenario, step.egress, step.route, step.level_of(target))
        if behaviour.reach == "refuses":
            self._after(NOMINAL_DELAY, Kind.RESPONSE, Failed(attempt))
        for seconds, reply in due(behaviour):
            self._after(seconds, Kind.RESPONSE, _heard(attempt, reply))


def _heard(attempt: int, reply: Reply) -> Event:
    status = reply.status
    if status < 200:
        return Heard(attempt, status, has_body(status))
    if reply.cause is None:
        return Responded(attempt, Final(status, phrase_of(reply)))
    reasons = (f"Q.850;cause={reply.cause}",)  # RFC 3326 §2
    return Responded(attempt, Final(status, phrase_of(reply), reasons, (reply.cause,)))
