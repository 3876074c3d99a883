"""Scenarios in, ladders out, each played in a private namespace by a supervisor process.

The supervisor is a child that dies with us; closing the pool ends it and every play under way.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count

from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario
from sipfo.verify.lab.space.enter import NoNamespace
from sipfo.verify.lab.space.job import READY, Job, Played, PlayFailed, Report, failures

_LINE = 64 * 1024 * 1024
"""Most bytes of one line: a plan with all its numbers may be long."""


class NotStarted(RuntimeError):
    """The supervisor broke before it said anything, which is a mistake of ours."""


class Pool:
    """A supervisor that is ready. Use `open_pool`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._numbers = count()
        self._waiting: dict[int, tuple[Job, asyncio.Queue[Played]]] = {}
        self._hearing = asyncio.create_task(self._hear())

    @property
    def supervisor(self) -> int:
        """The process that all the others are below."""
        return self._process.pid

    async def play(
        self, engine: str, plan: Plan, scenarios: Sequence[Scenario]
    ) -> AsyncIterator[Report | PlayFailed]:
        """Play scenarios one after the other in one namespace; each comes when it is over."""
        job = Job(next(self._numbers), engine, plan, tuple(scenarios))
        queue: asyncio.Queue[Played] = asyncio.Queue()
        self._waiting[job.number] = (job, queue)
        if self._hearing.done():
            self._lose(job, queue)
        assert self._process.stdin is not None  # a pipe
        self._process.stdin.write(f"{job.write()}\n".encode())
        for _ in scenarios:
            yield (await queue.get()).became
        del self._waiting[job.number]

    async def close(self) -> None:
        """End everything."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        self._hearing.cancel()
        await asyncio.gather(self._hearing, return_exceptions=True)

    async def _hear(self) -> None:
        assert self._process.stdout is not None  # a pipe
        while line := await self._process.stdout.readline():
            played = Played.read(line)
            self._waiting[played.job][1].put_nowait(played)
        for job, queue in self._waiting.values():
            self._lose(job, queue)

    @staticmethod
    def _lose(job: Job, queue: asyncio.Queue[Played]) -> None:
        everything = range(len(job.scenarios))
        for lost in failures(job, everything, "the process that has the namespaces is gone"):
            queue.put_nowait(lost)


@asynccontextmanager
async def open_pool() -> AsyncIterator[Pool]:
    """A pool, ended when the context is left. Raises NoNamespace, which says what is needed, and
    NotStarted."""
    if sys.platform != "linux":
        raise NoNamespace(0, "a private network needs Linux")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sipfo.verify.lab.space.supervisor"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,  # the terminal's ^C is for us; the pool ends it in its own way
        limit=_LINE,
    )
    assert process.stdout is not None  # a pipe
    first = (await process.stdout.readline()).decode("utf-8", "replace").strip()
    if first != READY:
        code = await process.wait()
        if not first:
            raise NotStarted(f"the process that makes namespaces ended with {code} at once")
        raise NoNamespace(0, first)
    pool = Pool(process)
    try:
        yield pool
    finally:
        await pool.close()
