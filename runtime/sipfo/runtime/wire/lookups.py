"""What an engine asks of the world besides sending: where names lead, and errands at the store of
bindings.

Each is a task of its own, whose answer is given back to the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sipfo.runtime.core import Lookup
from sipfo.runtime.engine import Engine
from sipfo.runtime.errand import Errand
from sipfo.runtime.locate import Target
from sipfo.runtime.wire.bindings.clerk import Clerk
from sipfo.runtime.wire.dns import Resolver


class Lookups:
    """Those that are under way."""

    def __init__(
        self,
        engine: Engine,
        resolver: Resolver,
        clerk: Clerk,
        work: Callable[[Callable[[float], object]], None],
        wrong: Callable[[], None],
    ) -> None:
        """`work` does something with the engine, `wrong` is called while an exception is handled. In
        a running loop."""
        self._engine = engine
        self._resolver = resolver
        self._clerk = clerk
        self._work = work
        self._wrong = wrong
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, lookup: Lookup | Errand) -> None:
        """Have an answer found, and the engine told."""
        task = self._loop.create_task(
            self._carry_out(lookup) if isinstance(lookup, Errand) else self._look_up(lookup)
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Nobody waits for an answer any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry_out(self, errand: Errand) -> None:
        result = await self._clerk.carry_out(errand)
        self._work(lambda now: self._engine.carried_out(errand.number, result, now))

    async def _look_up(self, lookup: Lookup) -> None:
        targets: tuple[Target, ...] = ()
        failures: tuple[str, ...] = ()
        try:
            targets, failures = await self._resolver.every(lookup.uris)
        except Exception:  # noqa: BLE001 - the call that waits must go on, to its next step
            self._wrong()
        self._work(lambda now: self._engine.located(lookup.number, targets, now, failures))
