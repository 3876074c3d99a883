"""The rules of the language (tests/rules) and the examples: every scenario comes out the same on the
model, on the runtime and on Kamailio, and as docs/engines.json has it. Asterisk has tests of its own.

A file is a test for each engine; its scenarios run side by side, each play in a namespace of its own.
"""

from __future__ import annotations

import asyncio

import pytest

from sipfo.plan.scenario import Scenario
from sipfo.verify.judge import judge
from sipfo.verify.lab.engines.all import engine_of
from sipfo.verify.lab.finding import Finding, find
from sipfo.verify.lab.space.enter import NoNamespace
from sipfo.verify.lab.space.job import PlayFailed
from sipfo.verify.lab.space.pool import Pool, open_pool
from sipfo.verify.lab.tour import tour
from sipfo.verify.simulate import simulate
from verify.lab.recorded import (
    ENGINES,
    FILES,
    ROOT,
    kept,
    policy,
    record,
    refusal,
    shown,
)
from verify.lab.recorded import became as row

NAMES = tuple(str(path.relative_to(ROOT)) for path in FILES)
HERE = ("runtime", "kamailio")


def told(scenario: Scenario, finding: Finding) -> list[str]:
    """What is wrong with a scenario, in lines that name it."""
    return [f"{scenario.name}: {one}" for one in (*finding.missed, *finding.strayed)]


async def wrong_on(pool: Pool, engine: str, file: str) -> str:
    """What differs from the model, or from what the tests expect; "" when nothing does."""
    plan, scenarios = policy(file)
    wrong: list[str] = []
    async for scenario, became in tour(pool, engine, plan, scenarios):
        if isinstance(became, PlayFailed):
            wrong.append(f"{scenario.name}: {became}")
            continue
        differences = engine_of(engine).differs(plan, scenario)
        finding = find(plan, scenario, differences, became)
        wrong += told(scenario, finding)
        if finding.ok and row(finding) != kept(file, scenario.name, engine):
            wrong.append(f"{scenario.name}: {row(finding)}, which `make engines` is to record")
    return "\n".join(wrong)


@pytest.mark.parametrize("file", NAMES)
def test_scenarios_come_out_as_expected_on_the_model(file: str) -> None:
    plan, scenarios = policy(file)
    assert scenarios
    for one in scenarios:
        assert judge(one, simulate(plan, one)).differences == (), one.name


@pytest.mark.parametrize("engine", HERE)
@pytest.mark.parametrize("file", NAMES)
def test_scenarios_come_out_the_same_on_an_engine(file: str, engine: str) -> None:
    plan, _ = policy(file)
    if refusal(engine, plan) is not None:
        return  # the next test holds what is kept of it
    lacks = engine_of(engine).missing()
    if lacks is not None:
        pytest.skip(f"{engine}: {lacks}")

    async def play() -> str:
        async with open_pool() as pool:
            return await wrong_on(pool, engine, file)

    try:
        wrong = asyncio.run(play())
    except NoNamespace as error:
        pytest.skip(str(error.strerror))
    assert wrong == ""


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("file", NAMES)
def test_what_is_kept_is_of_these_scenarios_and_refused_where_the_target_refuses(
    file: str, engine: str
) -> None:
    plan, scenarios = policy(file)
    why = refusal(engine, plan)
    assert list(record()["scenarios"][file]) == [one.name for one in scenarios]
    for one in scenarios:
        said = kept(file, one.name, engine)
        assert (said == why) if why is not None else not said.startswith("refused")


def test_every_scenario_of_the_rules_says_which_rule_it_shows() -> None:
    assert [one.name for one in shown()] == [one.name for file in NAMES for one in policy(file)[1]]
    assert all(one.rule for one in shown() if one.file.startswith("tests/rules/"))
