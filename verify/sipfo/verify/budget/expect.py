"""A scenario and the ladder that it gives to the scenario that expects that very ladder.

So a counterexample is a test of the policy as it is now: it passes until somebody mends the policy.
"""

from __future__ import annotations

from collections import Counter

from sipfo.plan.ladder import Attempt, Ladder
from sipfo.plan.scenario import LONGEST_DELAY, Scenario, SeenAttempt, SeenResult


def expecting(scenario: Scenario, ladder: Ladder) -> Scenario:
    """The scenario with the ladder's attempts and result as what must be seen, within its time
    unless that is more than a scenario can say."""
    result = ladder.result
    seen = SeenResult(
        kind=result.kind,
        code=result.code if result.kind == "refused" else None,
        by=result.by if result.kind != "cancelled" else None,
        within=ladder.elapsed if ladder.elapsed <= LONGEST_DELAY else None,
    )
    attempts = _seen(ladder.attempts)
    return scenario.model_copy(update={"attempts": attempts, "result": seen})


def _seen(attempts: tuple[Attempt, ...]) -> tuple[SeenAttempt, ...] | None:
    """The attempts, with a level's name only where a route is tried more than once from one egress."""
    times = Counter((one.egress, one.route) for one in attempts)
    seen = tuple(
        SeenAttempt(
            egress=one.egress,
            route=f"{one.route}.{one.level}"
            if one.level is not None and times[one.egress, one.route] > 1
            else one.route,
            outcome=one.outcome,
        )
        for one in attempts
    )
    return seen or None
