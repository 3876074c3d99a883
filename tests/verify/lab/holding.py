"""Many calls on an engine, each held to the model; what is wrong with each, if anything still is when
it is played again, alone.

A machine that is busy with something else is no disagreement; the wrong ladder stays wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sipfo.verify.lab.engines.all import engine_of
from sipfo.verify.lab.finding import find
from sipfo.verify.lab.space.job import PlayFailed
from sipfo.verify.lab.space.pool import Pool, open_pool
from verify.lab.drawn import Case

AT_ONCE = {"runtime": 16, "kamailio": 6}
"""Kamailio is some twenty processes."""

AGAIN = 2
"""How often a call is played again."""


async def wrongs(engine: str, cases: Sequence[Case]) -> list[str | None]:
    """What is wrong with each call. Raises NoNamespace, and CannotPlay for a call that an engine
    cannot be shown."""
    turns = asyncio.Semaphore(AT_ONCE[engine])

    async def in_turn(case: Case) -> str | None:
        async with turns:
            return await _wrong(pool, engine, case)

    async with open_pool() as pool:
        found = list(await asyncio.gather(*map(in_turn, cases)))
        for place, case in enumerate(cases):
            for _ in range(AGAIN):
                if found[place] is not None:
                    found[place] = await _wrong(pool, engine, case)
    return found


async def _wrong(pool: Pool, engine: str, case: Case) -> str | None:
    differences = engine_of(engine).differs(case.plan, case.scenario)
    report = await anext(pool.play(engine, case.plan, [case.scenario]))
    if isinstance(report, PlayFailed):
        return str(report)
    found = find(case.plan, case.scenario, differences, report)
    return f"{found.strayed}\nmodel {found.model}\nseen {report.ladder}" if found.strayed else None
