"""sipfo's own runtime as an engine, in this process: it reports its ladder, which is checked too."""

from __future__ import annotations

import asyncio
import platform
from pathlib import Path

from sipfo.plan.codec import read_plan, write_plan
from sipfo.plan.ladder import Ladder
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario
from sipfo.runtime.record import CallRecord
from sipfo.runtime.wire.certificate import Trust
from sipfo.runtime.wire.server import Server
from sipfo.verify.lab.engines.engine import Differences, EngineFailed, Setting
from sipfo.verify.lab.space.enter import NAME_SERVER

FILE = "plan.json"


class Runtime:
    """The engine that ships with the language."""

    name = "runtime"
    takes_turns = True
    leaves_late = False

    def missing(self) -> str | None:
        return None

    def version(self) -> str:
        return f"Python {platform.python_version()}"

    def prepare(self, plan: Plan, setting: Setting, folder: Path) -> None:
        (folder / FILE).write_text(write_plan(plan), "utf-8")

    async def start(self, plan: Plan, setting: Setting, folder: Path) -> RunningRuntime:
        records: asyncio.Queue[CallRecord] = asyncio.Queue()
        server = await Server.start(
            read_plan((folder / FILE).read_bytes()),
            nameservers=[(NAME_SERVER, 53)],
            on_call=records.put_nowait,
            calls_before=setting.calls_before,
            drawn=setting.drawn,
            trust=Trust(ca=str(setting.believed)) if setting.believed is not None else None,
            secrets=setting.secrets,
        )
        return RunningRuntime(server, records)

    def differs(self, plan: Plan, scenario: Scenario) -> Differences:
        return Differences(scenario)


class RunningRuntime:
    """A server, and the records of its calls."""

    def __init__(self, server: Server, records: asyncio.Queue[CallRecord]) -> None:
        self._server = server
        self._records = records

    async def refresh(self) -> None:
        return  # it is new for every call

    async def stop(self) -> None:
        await self._server.close()
        await asyncio.sleep(0)  # asyncio closes a datagram socket in the loop's next turn

    def check(self) -> None:
        if self._server.internal_errors:
            raise EngineFailed(f"the runtime had {self._server.internal_errors} internal errors")

    def reported(self) -> Ladder | None:
        if self._records.qsize() != 1:
            raise EngineFailed(f"one call was placed, {self._records.qsize()} were reported")
        return self._records.get_nowait().ladder
