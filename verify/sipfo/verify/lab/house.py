"""A real engine with everybody around it, in the namespace that this process is in: calls are placed,
and what passed on the wire becomes a ladder.

An engine that takes turns is started for each call; another one is started once.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from sipfo.plan.ladder import Ladder
from sipfo.plan.model import Plan, Trunk
from sipfo.plan.order import Order
from sipfo.plan.scenario import Scenario
from sipfo.verify.lab.addresses import AsDeclared
from sipfo.verify.lab.caller import Caller, Received
from sipfo.verify.lab.cast import Cast
from sipfo.verify.lab.dns import DnsServer
from sipfo.verify.lab.engines.engine import Engine, Running, Setting
from sipfo.verify.lab.luck import Luck
from sipfo.verify.lab.objections import objections, orphans
from sipfo.verify.lab.papers import Papers, make_papers
from sipfo.verify.lab.passwords import Proof, draw_secrets, proof_for
from sipfo.verify.lab.registering import Registration
from sipfo.verify.lab.script import Address
from sipfo.verify.lab.space.enter import FILES, NAME_SERVER, asks_our_name_server
from sipfo.verify.lab.space.interface import add_addresses
from sipfo.verify.lab.space.job import Report
from sipfo.verify.lab.stage import (
    CannotPlay,
    Stage,
    declared_hosts,
    declared_sockets,
    door,
    named,
    places_of,
    set_stage,
    steady,
)
from sipfo.verify.lab.wire.capture import Capture
from sipfo.verify.lab.wire.course import branches, trace
from sipfo.verify.lab.wire.heard import Ear
from sipfo.verify.lab.wire.order import Placed, slots
from sipfo.verify.lab.wire.reconstruct import Terms, reconstruct
from sipfo.verify.simulate import simulate, trunk_of, turned

GRACE: Final = 10.0
"""Seconds that a call may take beyond what the model says, before it counts as lost."""

LINGER: Final = 5.0
"""Seconds that are waited for late responses of given-up attempts, and for every BYE."""

SECOND: Final = 1.1
"""Seconds between two calls where the plan limits how many there may be in a second."""


class House:
    """A plan on an engine. Use `open_house`."""

    def __init__(
        self, engine: Engine, plan: Plan, folder: Path, ear: Ear, capture: Capture, names: DnsServer
    ) -> None:
        self._engine = engine
        self._plan = plan
        self._folder = folder
        self._ear = ear
        self._capture = capture
        self._names = names
        self._secrets = draw_secrets(plan)
        self._papers: Papers | None = None
        self._running: Running | None = None
        self._known: set[bytes] = set()
        self._doors = {(one.host, one.port) for one in plan.listen}
        self._is_limited = _limits_seconds(plan)
        self.placed: dict[str, int] = {}
        """How many calls each trunk has had since the engine was started."""

    async def prepare(self) -> None:
        """Have certificates made where anybody speaks TLS, and the engine's files written. Raises
        CannotPlay, ValueError for a plan that the engine cannot do."""
        hosts = sorted(declared_hosts(self._plan))
        transports = {one.transport for one in places_of(self._plan)}
        if "tls" in transports | {one.transport for one in self._plan.listen}:
            self._papers = await make_papers((*named(self._plan), *hosts), self._folder)
        self._engine.prepare(self._actual, self._setting(), self._folder)

    async def play(self, scenario: Scenario, luck: Luck | None = None) -> Report:
        """Place the scenario's call; `luck` is that of an engine that draws. Raises CannotPlay, EngineFailed, NothingSeen, NoResult,
        Malformed, OSError."""
        trunk = trunk_of(self._plan, scenario)
        differences = self._engine.differs(self._plan, scenario)
        expected = simulate(self._plan, differences.scenario)
        stage = set_stage(self._plan, trunk, scenario)
        add_addresses([*stage.names.values(), stage.caller, *(one.host for one in stage.devices)])
        # The runtime is told its name server; another engine reads it in a file.
        if stage.names and not self._engine.takes_turns and not asks_our_name_server():
            raise CannotPlay("there is no /etc/resolv.conf to stand in for, and a name to look up")
        self._names.serve([f"{name}. 0 IN A {host}" for name, host in stage.names.items()])
        if self._is_limited and self.placed:
            await asyncio.sleep(SECOND)
        async with AsyncExitStack() as stack:
            early = await self._started(trunk, scenario, stack) if stage.devices else None
            # A telephone is reached where it registered from: its socket is the script's only then.
            await self._register(stage, stack)
            cast = await Cast.start(stage, AsDeclared(), self._papers, self._tap, luck)
            # asyncio closes a datagram socket in the loop's next turn; the next call's stand there.
            stack.push_async_callback(asyncio.sleep, 0)
            stack.callback(cast.close)
            running = early or await self._started(trunk, scenario, stack)
            await running.refresh()
            self._hear_anew()
            limit = expected.elapsed + differences.later + GRACE
            try:
                received = await self._call(stage, trunk, scenario, limit)
            finally:
                running.check()
            self.placed[trunk.name] = self.placed.get(trunk.name, 0) + 1
            await cast.quiet(LINGER)
            running.check()
            reported = running.reported()
            ladder, placed = self._ladder(trunk, scenario, stage, expected)
            own_media = differences.own_media
            remarks = list(
                objections(scenario.number, ladder, placed, received, reported, own_media)
            )
            notes: list[str] = []
            for words, is_late in orphans(cast.callees, received):
                (notes if is_late and self._engine.leaves_late else remarks).append(words)
            return Report(ladder, tuple(remarks), tuple(notes))

    async def close(self) -> None:
        """End the engine."""
        if self._running is not None:
            await self._running.stop()
            self._running = None

    def _ladder(
        self, trunk: Trunk, scenario: Scenario, stage: Stage, expected: Ladder
    ) -> tuple[Ladder, list[Placed]]:
        self._capture.drain()
        steps = Order(self._plan).steps(trunk, scenario.number, turned(trunk, scenario))
        order = tuple(slots(stage, steps, scenario))
        retry = next(one for one in self._plan.retries if one.name == trunk.retry)
        probed = any(one.probe for one in self._plan.routes)
        probed |= any(one.probe for one in self._plan.carriers)
        course = trace(self._ear.events, stage.caller, self._doors, self._known)
        return reconstruct(course, order, Terms(trunk, retry, probed), expected)

    async def _call(self, stage: Stage, trunk: Trunk, scenario: Scenario, limit: float) -> Received:
        there = door(self._plan, stage.caller)
        secure = self._papers.client() if there.transport == "tls" and self._papers else None
        proof = proof_for(trunk, self._secrets)
        at = (there.host, there.port)
        caller = Caller(there.transport, stage.caller, at, secure, proof, self._tap)
        return await caller.call(scenario.number, scenario.cancel_after, limit)

    async def _register(self, stage: Stage, stack: AsyncExitStack) -> None:
        """Have the telephones register; an engine that goes on is told when they are gone."""
        client = self._papers.client() if self._papers is not None else None
        for device in stage.devices:
            if device.at is None:
                continue
            proof = Proof(device.user, self._secrets[device.secret], device.domain)
            registration = Registration(device, proof, client, self._tap)
            await registration.begin()
            if not self._engine.takes_turns:
                stack.push_async_callback(registration.end)

    async def _started(self, trunk: Trunk, scenario: Scenario, stack: AsyncExitStack) -> Running:
        """The engine; a new one, for this call alone, if it takes turns."""
        if not self._engine.takes_turns:
            if self._running is None:
                self._running = await self._start(self._setting())
            self._running.check()
            return self._running
        running = await self._start(
            self._setting(
                calls_before={trunk.name: scenario.calls_before},
                drawn={trunk.name: turned(trunk, scenario)},
            )
        )
        stack.push_async_callback(running.stop)
        return running

    async def _start(self, setting: Setting) -> Running:
        return await self._engine.start(self._actual, setting, self._folder)

    def _setting(
        self,
        calls_before: dict[str, int] | None = None,
        drawn: dict[str, tuple[int, ...]] | None = None,
    ) -> Setting:
        believed = Path(self._papers.files.certificate) if self._papers is not None else None
        return Setting(self._secrets, believed, calls_before or {}, drawn or {})

    @property
    def _actual(self) -> Plan:
        """The plan as the engine gets it: nobody is ever taken down, certificates are the lab's."""
        return steady(self._papers.plan(self._plan) if self._papers is not None else self._plan)

    def _hear_anew(self) -> None:
        self._capture.drain()
        self._known |= branches(self._ear.events)
        self._ear.clear()

    def _tap(self, source: Address, destination: Address, data: bytes) -> None:
        self._ear.say(time.time(), "tls", source, destination, data)


@asynccontextmanager
async def open_house(engine: Engine, plan: Plan) -> AsyncIterator[House]:
    """Everything that a plan declares exists while the context lasts. Raises CannotPlay, OSError,
    ValueError for a plan that the engine cannot do."""
    hosts = declared_hosts(plan) | {host for host, _ in declared_sockets(plan)}
    add_addresses(sorted(hosts))
    async with AsyncExitStack() as stack:
        where = FILES if Path(FILES).is_dir() else None
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sipfo-lab-", dir=where))
        names = await DnsServer.start("", NAME_SERVER, 53)
        names.remembered = 0  # the next call's names are others
        stack.callback(names.close)
        ear = Ear()
        capture = stack.enter_context(Capture(ear))
        house = House(engine, plan, Path(folder), ear, capture, names)
        stack.push_async_callback(house.close)
        await house.prepare()
        yield house


def _limits_seconds(plan: Plan) -> bool:
    limits = [one.limit for one in plan.trunks] + [one.limit for one in plan.carriers]
    return any(one is not None and one.per_second is not None for one in limits)
