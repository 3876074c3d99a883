"""Random policies and random behaviours: the engine takes the model's ladder, always.

`SIPFO_CASES` is how many cases are played, `SIPFO_SEED` chooses others. Each runs in a namespace of
its own. A case that disagrees is played once more, alone, so that a machine that was busy is no
disagreement.
"""

from __future__ import annotations

import asyncio
import os

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from sipfo.verify.lab.engines.all import engine_of
from sipfo.verify.lab.finding import find
from sipfo.verify.lab.space.enter import NoNamespace
from sipfo.verify.lab.space.job import PlayFailed
from sipfo.verify.lab.space.pool import Pool, open_pool
from sipfo.verify.lab.stage import CannotPlay
from verify.lab.drawn import Case, cases

CASES = int(os.environ.get("SIPFO_CASES", "60"))
AT_ONCE = 3
"""Processes of an engine that is started for each case."""

SEED = int(os.environ.get("SIPFO_SEED", "1"))


def draw_cases(count: int, which: int) -> list[Case]:
    """So many cases, the same ones for the same seed."""
    drawn: list[Case] = []

    @seed(which)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases())
    def collect(case: Case) -> None:
        drawn.append(case)

    collect()
    return drawn


async def disagreement(pool: Pool, engine: str, case: Case) -> str | None:
    """What is wrong with a case, if anything still is when it is played a second time."""
    said = None
    differences = engine_of(engine).differs(case.plan, case.scenario)
    for _ in range(2):
        async for report in pool.play(engine, case.plan, [case.scenario]):
            if isinstance(report, PlayFailed):
                said = str(report)
                continue
            found = find(case.plan, case.scenario, differences, report)
            if found.ok:
                return None
            said = f"{found.strayed}\nmodel {found.model}\nseen {report.ladder}"
    return said


async def disagreements(engine: str, drawn: list[Case], at_once: int = 1000) -> list[str]:
    places = asyncio.Semaphore(at_once)

    async def in_place(pool: Pool, case: Case) -> str | None:
        async with places:
            return await disagreement(pool, engine, case)

    async with open_pool() as pool:
        said = await asyncio.gather(*[in_place(pool, case) for case in drawn])
    return [
        f"{one}\n{case.plan.model_dump_json()}\n{case.scenario.model_dump_json()}"
        for one, case in zip(said, drawn, strict=True)
        if one is not None
    ]


def test_the_runtime_agrees_with_the_model() -> None:
    drawn = draw_cases(CASES, SEED)
    assert len(drawn) >= CASES * 0.9
    try:
        wrong = asyncio.run(disagreements("runtime", drawn))
    except NoNamespace as error:
        pytest.skip(str(error))
    assert not wrong, f"{len(wrong)} of {len(drawn)}:\n" + "\n\n".join(wrong)


def can_play(engine: str, case: Case) -> bool:
    try:
        engine_of(engine).differs(case.plan, case.scenario)
    except CannotPlay:
        return False
    return True


def test_asterisk_agrees_with_the_model() -> None:
    """But for what its table declares; a process for each case is much for a machine, so fewer."""
    lacks = engine_of("asterisk").missing()
    if lacks is not None:
        pytest.skip(lacks)
    drawn = [case for case in draw_cases(CASES // 3, SEED) if can_play("asterisk", case)]
    assert len(drawn) >= CASES // 3 * 0.7
    try:
        wrong = asyncio.run(disagreements("asterisk", drawn, AT_ONCE))
    except NoNamespace as error:
        pytest.skip(str(error))
    assert not wrong, f"{len(wrong)} of {len(drawn)}:\n" + "\n\n".join(wrong)
