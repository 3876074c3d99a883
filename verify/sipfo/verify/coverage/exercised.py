"""A plan and its tests to the parts that decided about something in a simulated test.

What each attempt heard is read back from the scenario, since a ladder keeps only how it ended. What
would surprise: after a commit no rule decides any more, so none is exercised then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sipfo.plan.ladder import Attempt
from sipfo.plan.model import Plan, Retry, Timer
from sipfo.plan.outcome import (
    TRANSPORT_ERROR,
    UNREGISTERED,
    Final,
    Judge,
    Outcome,
    timed_out,
)
from sipfo.plan.scenario import Reply, Scenario
from sipfo.verify.conduct import behaviour_of, due, has_body, phrase_of
from sipfo.verify.coverage.parts import TIMERS, Part, of_commit, of_rule, of_timer, of_trunk
from sipfo.verify.simulate import TICKS, simulate, trunk_of


def exercised(plan: Plan, scenarios: Iterable[Scenario]) -> set[Part]:
    """The parts that the scenarios exercise."""
    return {part for scenario in scenarios for part in _of(plan, scenario)}


def _of(plan: Plan, scenario: Scenario) -> Iterator[Part]:
    trunk = trunk_of(plan, scenario)
    retry = next(one for one in plan.retries if one.name == trunk.retry)
    judge = Judge(retry)
    committed = False
    for attempt in simulate(plan, scenario).attempts:
        carrier = trunk.forward is not None and attempt.route in trunk.forward.carriers
        yield of_trunk(trunk.name, "carrier" if carrier else "route", attempt.route)
        if not carrier or attempt.egress in trunk.egress:
            yield of_trunk(trunk.name, "address", attempt.egress)
        for reply in _heard(scenario, attempt):
            point = None
            if 100 < reply.status < 200 and not committed:
                point = judge.commit_point(reply.status, has_body(reply.status))
            if point is not None:
                committed = True
                yield of_commit(retry, point)
        yield from _ending(scenario, attempt, retry, judge, committed)


def _ending(
    scenario: Scenario, attempt: Attempt, retry: Retry, judge: Judge, committed: bool
) -> Iterator[Part]:
    timer = _timer(attempt)
    if timer is not None:
        yield of_timer(retry, timer)
    outcome = _outcome(scenario, attempt)
    if outcome is not None and not committed:
        yield of_rule(retry, judge.deciding(outcome))


def _timer(attempt: Attempt) -> Timer | None:
    return next((timer for timer in TIMERS if timer == attempt.outcome), None)


def _outcome(scenario: Scenario, attempt: Attempt) -> Outcome | None:
    """What a policy had to judge; None for an answer and for what the caller or the deadline cut."""
    timer = _timer(attempt)
    if timer is not None:
        return timed_out(timer)
    if attempt.outcome == "transport-error":
        return TRANSPORT_ERROR
    if attempt.target is None:
        return UNREGISTERED
    if not attempt.outcome.isdecimal() or int(attempt.outcome) < 300:
        return None
    last = _heard(scenario, attempt)[-1]
    causes = (last.cause,) if last.cause is not None else ()
    return Outcome("response", Final(last.status, phrase_of(last), causes=causes))


def _heard(scenario: Scenario, attempt: Attempt) -> list[Reply]:
    """The replies that came while the attempt lasted."""
    behaviour = behaviour_of(scenario, attempt.egress, attempt.route, attempt.level)
    lasted = round(attempt.took * TICKS)
    return [reply for seconds, reply in due(behaviour) if round(seconds * TICKS) <= lasted]
