"""A plan's scenarios to what became of each on an engine, in order, many at a time.

An engine that takes turns gets a namespace for each scenario. Another one is started once, or a few
times side by side when the scenarios would take long one after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from math import ceil
from typing import Final

from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario
from sipfo.verify.lab.engines.all import engine_of
from sipfo.verify.lab.engines.engine import Engine
from sipfo.verify.lab.space.job import PlayFailed, Report
from sipfo.verify.lab.space.pool import Pool
from sipfo.verify.simulate import simulate

SIDE_BY_SIDE: Final = 4
"""Most processes of one engine at a time."""

WORTH: Final = 4.0
"""Seconds of calls that are worth another start."""

Became = tuple[Scenario, Report | PlayFailed]


async def tour(
    pool: Pool, engine: str, plan: Plan, scenarios: Sequence[Scenario]
) -> AsyncIterator[Became]:
    """Play scenarios on the engine of that name; each comes in its turn."""
    loop = asyncio.get_running_loop()
    became = [loop.create_future() for _ in scenarios]
    jobs = jobs_of(engine_of(engine), plan, scenarios)

    async def work(places: Sequence[int]) -> None:
        plays = pool.play(engine, plan, [scenarios[place] for place in places])
        left = list(places)
        async for one in plays:
            became[left.pop(0)].set_result(one)

    tasks = [asyncio.create_task(work(places)) for places in jobs]
    try:
        for scenario, future in zip(scenarios, became, strict=True):
            yield scenario, await future
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def jobs_of(engine: Engine, plan: Plan, scenarios: Sequence[Scenario]) -> list[list[int]]:
    """The places of the scenarios, job by job; within a job in order."""
    if engine.takes_turns:
        return [[place] for place in range(len(scenarios))]
    lengths = [simulate(plan, one).elapsed for one in scenarios]
    jobs: list[list[int]] = [[] for _ in range(_starts(lengths))]
    loads = [0.0] * len(jobs)
    for place in sorted(range(len(scenarios)), key=lambda one: -lengths[one]):
        least = loads.index(min(loads))
        jobs[least].append(place)
        loads[least] += lengths[place]
    return [sorted(places) for places in jobs if places]


def _starts(lengths: Sequence[float]) -> int:
    return max(1, min(SIDE_BY_SIDE, len(lengths), ceil(sum(lengths) / WORTH)))
