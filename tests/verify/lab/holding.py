"""Many calls on an engine, each held to the model; what is wrong, if anything still is when it is
played again, alone.

A machine that is busy with something else is no disagreement; the wrong ladder stays wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sipfo.plan.model import Part
from sipfo.verify.lab.engines.all import engine_of
from sipfo.verify.lab.finding import find
from sipfo.verify.lab.space.job import PlayFailed
from sipfo.verify.lab.space.pool import Pool, open_pool
from verify.lab.drawn import Case

AT_ONCE = {"runtime": 16, "kamailio": 6, "asterisk": 3}
"""Kamailio is some twenty processes, and Asterisk takes seconds to start."""

AGAIN = 2
"""How often a call is played again."""


async def wrongs(engine: str, seasons: Sequence[Sequence[Case]]) -> list[str | None]:
    """What is wrong, in words, with each of some seasons whose calls are placed one after the other on one engine
    that carries the plan that they share. Raises NoNamespace, and CannotPlay for a call that an
    engine cannot be shown."""
    turns = asyncio.Semaphore(AT_ONCE[engine])

    async def in_turn(season: Sequence[Case]) -> str | None:
        async with turns:
            return await _wrong(pool, engine, season)

    async with open_pool() as pool:
        found = list(await asyncio.gather(*map(in_turn, seasons)))
        for place, season in enumerate(seasons):
            for _ in range(AGAIN):
                if found[place] is not None:
                    found[place] = await _wrong(pool, engine, season)
    return found


async def _wrong(pool: Pool, engine: str, season: Sequence[Case]) -> str | None:
    plan = season[0].plan
    reports = pool.play(engine, plan, [case.scenario for case in season])
    for case in season:
        report = await anext(reports)
        differences = engine_of(engine).differs(plan, case.scenario)
        if isinstance(report, PlayFailed):
            words = str(report)
        else:
            found = find(plan, case.scenario, differences, report)
            if not found.strayed:
                continue
            words = f"{found.strayed}\nmodel {found.model}\nseen {report.ladder}"
        played = "\n".join(_json(one.scenario) for one in season)
        return f"{words}\n{_json(plan)}\n{played}"
    return None


def _json(part: Part) -> str:
    return part.model_dump_json(exclude_defaults=True)
