"""Where `sipfo test` plays: the engines by the names that `--on` takes, and the calls on them.

What would surprise: the runtime is played in a private network where that can be had, and over
loopback addresses that stand for the policy's where it cannot.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from typing import Final

from sipfo.plan.ladder import Ladder
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario
from sipfo.verify.lab.engines.all import engine_of
from sipfo.verify.lab.engines.engine import Differences
from sipfo.verify.lab.finding import Finding, find
from sipfo.verify.lab.play import play_each
from sipfo.verify.lab.space.enter import NoNamespace
from sipfo.verify.lab.space.job import Report
from sipfo.verify.lab.space.pool import Pool, open_pool
from sipfo.verify.lab.stage import CannotPlay
from sipfo.verify.lab.tour import tour

RUNTIME: Final = "runtime"
ENGINES: Final = {RUNTIME: "runtime", "kamailio": "kamailio", "asterisk": "asterisk"}
"""What the lab calls each engine."""

Tried = tuple[Scenario, tuple[Ladder, Finding] | Exception]


class NotHere(RuntimeError):
    """An engine cannot be played on this machine; the message says what is needed."""


class Places:
    """The engines. One pool of namespaces serves all the files of a command."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._pool: Pool | None = None
        self._why_none: NoNamespace | None = None

    async def check(self, on: str) -> None:
        """Raises NotHere for an engine that cannot be played."""
        needs = engine_of(ENGINES[on]).missing()
        if needs is not None:
            raise NotHere(f"{on}: {needs}")
        if await self._namespaces() is None and on != RUNTIME:
            raise NotHere(f"{on}: {self._why_none.strerror if self._why_none else 'no namespace'}")

    async def title(self, on: str) -> str:
        """What a heading says of an engine."""
        if on == RUNTIME and await self._namespaces() is None:
            return f"{on}, over loopback addresses that stand for the policy's"
        return f"{on} ({engine_of(ENGINES[on]).version()})"

    async def play(
        self, on: str, plan: Plan, scenarios: Sequence[Scenario]
    ) -> AsyncGenerator[Tried, None]:
        """Each scenario in its turn, with its ladder and what there is to say about it."""
        pool = await self._namespaces()
        if pool is None:
            async for scenario, became in play_each(plan, scenarios):
                report = Report(became) if isinstance(became, Ladder) else became
                yield scenario, _found(plan, scenario, Differences(scenario), report)
            return
        async for scenario, played in tour(pool, ENGINES[on], plan, scenarios):
            try:
                differences = engine_of(ENGINES[on]).differs(plan, scenario)
            except CannotPlay as error:
                yield scenario, error
                continue
            yield scenario, _found(plan, scenario, differences, played)

    async def _namespaces(self) -> Pool | None:
        if self._pool is None and self._why_none is None:
            try:
                self._pool = await self._stack.enter_async_context(open_pool())
            except NoNamespace as error:
                self._why_none = error
        return self._pool


def _found(
    plan: Plan, scenario: Scenario, differences: Differences, became: Report | Exception
) -> tuple[Ladder, Finding] | Exception:
    if isinstance(became, Exception):
        return became
    return became.ladder, find(plan, scenario, differences, became)
