"""The rules of the language (tests/rules) and the examples: every scenario comes out the same on the
model, on the runtime and on Kamailio.

A file is a test for each engine; its scenarios run side by side, each play in a namespace of its own.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sipfo.compiler.pipeline import compile_source
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario
from sipfo.verify.judge import judge
from sipfo.verify.lab.engines.all import engine_of
from sipfo.verify.lab.finding import Finding, find
from sipfo.verify.lab.space.enter import NoNamespace
from sipfo.verify.lab.space.job import PlayFailed
from sipfo.verify.lab.space.pool import Pool, open_pool
from sipfo.verify.lab.tour import tour
from sipfo.verify.simulate import simulate

TESTS = Path(__file__).parents[2]
FILES = sorted([*TESTS.glob("rules/*.sipfo"), *TESTS.parent.glob("examples/*.sipfo")])
ENGINES = ("runtime", "kamailio")
REFUSED = {("registered", "kamailio")}
"""Files that an engine's target refuses as a whole, and must go on to refuse until it does them."""


def read(file: Path) -> tuple[Plan, tuple[Scenario, ...]]:
    """A policy that compiles, and its scenarios."""
    made = compile_source(file.read_bytes(), file.name)
    assert made.plan is not None, made.diagnostics
    assert made.scenarios
    return made.plan, tuple(made.scenarios)


def told(scenario: Scenario, finding: Finding) -> list[str]:
    """What is wrong with a scenario, in lines that name it."""
    return [f"{scenario.name}: {one}" for one in (*finding.missed, *finding.strayed)]


async def wrong_on(pool: Pool, engine: str, plan: Plan, scenarios: tuple[Scenario, ...]) -> str:
    """What differs from the model, or from what the tests expect; "" when nothing does."""
    wrong: list[str] = []
    async for scenario, became in tour(pool, engine, plan, scenarios):
        if isinstance(became, PlayFailed):
            wrong.append(f"{scenario.name}: {became}")
            continue
        differences = engine_of(engine).differs(plan, scenario)
        wrong += told(scenario, find(plan, scenario, differences, became))
    return "\n".join(wrong)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_scenarios_come_out_as_expected_on_the_model(file: Path) -> None:
    plan, scenarios = read(file)
    for one in scenarios:
        assert judge(one, simulate(plan, one)).differences == (), one.name


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_scenarios_come_out_the_same_on_an_engine(file: Path, engine: str) -> None:
    plan, scenarios = read(file)
    lacks = engine_of(engine).missing()
    if lacks is not None:
        pytest.skip(f"{engine}: {lacks}")

    async def play() -> str:
        async with open_pool() as pool:
            return await wrong_on(pool, engine, plan, scenarios)

    try:
        wrong = asyncio.run(play())
    except NoNamespace as error:
        pytest.skip(str(error.strerror))
    if (file.stem, engine) in REFUSED:
        assert len(wrong.splitlines()) == len(scenarios)
    else:
        assert wrong == ""
