"""The logic of the script, without an OpenSIPS: its own statements, carried out around a `tm` in virtual
time, make the model's ladder of every scenario of the rules and the examples that the target takes, and
of calls that hypothesis draws."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings

from compiler.targets.opensips.calls import agree, script_of, taken
from compiler.targets.opensips.reader import Script
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Reply, Scenario
from sipfo.verify.lab.stage import CannotPlay
from verify.lab.drawn import Case, cases
from verify.lab.recorded import FILES, ROOT, policy, refusal

TAKEN = tuple(
    name
    for name in (str(path.relative_to(ROOT)) for path in FILES)
    if refusal("opensips", policy(name)[0]) is None
)
SCENARIOS = [(file, one.name) for file in TAKEN for one in policy(file)[1]]

CASES = int(os.environ.get("SIPFO_CASES", "60"))
"""How many calls are drawn."""

LONGER = 10
"""Times of a drawn call are so many times longer here: whole seconds, and never a race."""


@cache
def script(file: str) -> Script:
    return script_of(taken(policy(file)[0]))


def test_what_is_taken_is_most_of_what_there_is() -> None:
    assert len(TAKEN) >= 9


@pytest.mark.parametrize(("file", "name"), SCENARIOS)
def test_the_script_makes_the_ladder_of_the_model(file: str, name: str) -> None:
    plan, scenarios = policy(file)
    agree(taken(plan), script(file), next(one for one in scenarios if one.name == name))


@settings(
    max_examples=CASES,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(cases())
def test_the_script_makes_the_ladder_of_the_model_for_what_is_drawn(case: Case) -> None:
    plan = taken(longer_plan(case.plan))
    assume(refusal("opensips", plan) is None)
    with suppress(CannotPlay):
        agree(plan, script_of(plan), longer(case.scenario))


def longer_plan(plan: Plan) -> Plan:
    retries = tuple(
        one.model_copy(
            update={
                "no_response": one.no_response * LONGER,
                "no_progress": one.no_progress * LONGER,
                "no_answer": one.no_answer * LONGER,
            }
        )
        for one in plan.retries
    )
    trunks = tuple(
        one.model_copy(update={"deadline": one.deadline and one.deadline * LONGER})
        for one in plan.trunks
    )
    return plan.model_copy(update={"retries": retries, "trunks": trunks})


def longer(scenario: Scenario) -> Scenario:
    def slower(reply: Reply) -> Reply:
        return reply.model_copy(update={"after": reply.after * LONGER})

    behaviours = tuple(
        one.model_copy(update={"replies": tuple(map(slower, one.replies))})
        for one in scenario.behaviours
    )
    left = scenario.cancel_after
    return scenario.model_copy(
        update={"behaviours": behaviours, "cancel_after": left and left * LONGER}
    )
