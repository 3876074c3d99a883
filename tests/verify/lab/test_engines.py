"""The calls by name on each engine, in private networks: the ladder of the model, seen on the wire."""

from __future__ import annotations

import asyncio

import pytest

from sipfo.verify.lab.engines.all import ENGINES, engine_of
from sipfo.verify.lab.finding import find
from sipfo.verify.lab.space.enter import NoNamespace
from sipfo.verify.lab.space.job import PlayFailed, Report
from sipfo.verify.lab.space.pool import open_pool
from sipfo.verify.lab.stage import CannotPlay
from verify.lab.calls import CALLS

AT_ONCE = {"runtime": 16, "kamailio": 6}
"""Kamailio is some twenty processes."""

Became = dict[str, Report | PlayFailed | CannotPlay]


@pytest.fixture(scope="module", params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> str:
    """An engine that is here."""
    name = str(request.param)
    lacks = engine_of(name).missing()
    if lacks is not None:
        pytest.skip(f"{name}: {lacks}")
    return name


@pytest.fixture(scope="module")
def became(engine: str) -> Became:
    """All the calls, as many at once as there is room for."""

    async def play() -> Became:
        found: Became = {}
        turns = asyncio.Semaphore(AT_ONCE[engine])

        async def one(name: str) -> None:
            policy, scenario = CALLS[name]
            try:
                engine_of(engine).differs(policy, scenario)
            except CannotPlay as error:
                found[name] = error
                return
            async with turns:
                async for report in pool.play(engine, policy, [scenario]):
                    found[name] = report

        async with open_pool() as pool:
            await asyncio.gather(*map(one, CALLS))
        return found

    try:
        return asyncio.run(play())
    except NoNamespace as error:
        pytest.skip(str(error.strerror))


@pytest.mark.parametrize("name", CALLS)
def test_an_engine_takes_the_ladder_of_the_model(name: str, engine: str, became: Became) -> None:
    report = became[name]
    if isinstance(report, CannotPlay):
        pytest.skip(f"{engine}: {report}")
    assert isinstance(report, Report), str(report)
    policy, scenario = CALLS[name]
    differences = engine_of(engine).differs(policy, scenario)
    assert find(policy, scenario, differences, report).strayed == ()
