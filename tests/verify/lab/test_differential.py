"""Random policies and random behaviours: an engine takes the model's ladder, always.

`SIPFO_CASES` is how many cases are played, `SIPFO_SEED` chooses others. Each runs in a namespace of
its own. A case that disagrees is played once more, alone, so that a machine that was busy is no
disagreement.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from sipfo.plan.model import Part
from sipfo.verify.lab.engines.all import engine_of
from sipfo.verify.lab.finding import find
from sipfo.verify.lab.space.enter import NoNamespace
from sipfo.verify.lab.space.job import PlayFailed
from sipfo.verify.lab.space.pool import Pool, open_pool
from sipfo.verify.lab.stage import CannotPlay
from verify.lab.drawn import Case, cases

CASES = int(os.environ.get("SIPFO_CASES", "60"))
SEED = int(os.environ.get("SIPFO_SEED", "1"))
AT_ONCE = {"runtime": 16, "kamailio": 6}
"""Kamailio is some twenty processes."""


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


async def disagreements(engine: str, drawn: list[Case]) -> list[str]:
    turns = asyncio.Semaphore(AT_ONCE[engine])

    async def in_turn(case: Case) -> str | None:
        async with turns:
            return await disagreement(pool, engine, case)

    async with open_pool() as pool:
        said = await asyncio.gather(*map(in_turn, drawn))
    return [
        f"{one}\n{_json(case.plan)}\n{_json(case.scenario)}"
        for one, case in zip(said, drawn, strict=True)
        if one is not None
    ]


def playable(engine: str, drawn: list[Case]) -> list[Case]:
    """The cases that the lab can put before an engine."""
    found = []
    for case in drawn:
        with suppress(CannotPlay):
            engine_of(engine).differs(case.plan, case.scenario)
            found.append(case)
    return found


@pytest.mark.parametrize("engine", ["runtime", "kamailio"])
def test_an_engine_agrees_with_the_model(engine: str) -> None:
    missing = engine_of(engine).missing()
    if missing is not None:
        pytest.skip(f"{engine}: {missing}")
    drawn = playable(engine, draw_cases(CASES, SEED))
    assert len(drawn) >= CASES * 0.8
    try:
        wrong = asyncio.run(disagreements(engine, drawn))
    except NoNamespace as error:
        pytest.skip(str(error.strerror))
    assert not wrong, f"{len(wrong)} of {len(drawn)}:\n" + "\n\n".join(wrong)


def _json(part: Part) -> str:
    return part.model_dump_json(exclude_defaults=True)
