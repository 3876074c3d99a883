"""A job to what became of each of its scenarios, one after the other on one engine.

What would surprise: an engine that does not take turns comes to a scenario's turn by calls that are
really placed. For a round robin as many as make it come round; a weighted trunk is called until it
draws what the scenario says.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Final

from sipfo.plan.model import Trunk
from sipfo.plan.scenario import Behaviour, Reply, Scenario
from sipfo.runtime.sip.malformed import Malformed
from sipfo.verify.lab.engines.all import engine_of
from sipfo.verify.lab.engines.engine import Engine, EngineFailed
from sipfo.verify.lab.house import House, open_house
from sipfo.verify.lab.luck import Luck
from sipfo.verify.lab.registering import NotRegistered
from sipfo.verify.lab.space.job import Job, Played, PlayFailed, Report, failures
from sipfo.verify.lab.stage import CannotPlay
from sipfo.verify.lab.wire.reconstruct import NothingSeen
from sipfo.verify.simulate import trunk_of, turned

DRAWS: Final = 100
"""Most calls that are placed until a weighted trunk draws what a scenario says."""

FAILURES: Final = (
    CannotPlay,
    EngineFailed,
    LookupError,
    Malformed,
    NotRegistered,
    NothingSeen,
    OSError,
    ValueError,
)


async def play_all(job: Job) -> AsyncIterator[Played]:
    """Play every scenario of a job, in order; what cannot be played says so."""
    async with AsyncExitStack() as stack:
        try:
            engine = engine_of(job.engine)
            house = await stack.enter_async_context(open_house(engine, job.plan))
        except FAILURES as error:
            for failed in failures(job, range(len(job.scenarios)), _words(error)):
                yield failed
            return
        for place, scenario in enumerate(job.scenarios):
            became: Report | PlayFailed
            try:
                became = await _play(house, engine, job, scenario)
            except FAILURES as error:
                became = PlayFailed(_words(error))
            yield Played(job.number, place, became)


async def _play(house: House, engine: Engine, job: Job, scenario: Scenario) -> Report:
    if engine.takes_turns:
        return await house.play(scenario)
    trunk = trunk_of(job.plan, scenario)
    if trunk.method == "round-robin":
        for _ in range(calls_until(trunk, scenario, house.placed.get(trunk.name, 0))):
            await house.play(filler(trunk, scenario))
    if trunk.method != "weighted":
        return await house.play(scenario)
    for _ in range(DRAWS):
        luck = Luck([trunk.routes[place] for place in turned(trunk, scenario)], scenario.behaviours)
        report = await house.play(scenario, luck)
        if luck.holds(report.ladder):
            return report
    raise CannotPlay(f"{DRAWS} calls did not draw what the scenario says")


def calls_until(trunk: Trunk, scenario: Scenario, placed: int) -> int:
    """How many calls bring a round robin to the turn that it has after `calls_before`."""
    return (scenario.calls_before - placed) % len(trunk.routes)


def filler(trunk: Trunk, scenario: Scenario) -> Scenario:
    """A call that is answered at once, whoever is first."""
    answers = (Reply(status=200, after=0),)
    behaviours = [Behaviour(route=name, reach="replies", replies=answers) for name in trunk.routes]
    return Scenario(
        name="an earlier call",
        trunk=trunk.name,
        number=scenario.number,
        behaviours=tuple(behaviours),
    )


def _words(error: Exception) -> str:
    return str(error) or repr(error)
