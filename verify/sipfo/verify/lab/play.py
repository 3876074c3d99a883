"""A plan and a scenario to the ladder of a call that was really placed, over loopback sockets.

The runtime is the one that carries calls, unedited; everybody around it is scripted. What would
surprise: its report is not believed. What the endpoints saw and what the caller received must
agree with it, and a disagreement is an error, not a ladder.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from sipfo.plan.ladder import Ladder
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario
from sipfo.runtime.capability import CannotServe
from sipfo.runtime.record import CallRecord
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.wire.server import Server
from sipfo.verify.lab.addresses import Addresses
from sipfo.verify.lab.caller import Caller
from sipfo.verify.lab.cast import Cast
from sipfo.verify.lab.dns import DnsServer
from sipfo.verify.lab.papers import Papers, make_papers
from sipfo.verify.lab.passwords import Proof, draw_secrets, proof_for
from sipfo.verify.lab.stage import CannotPlay, Stage, door, set_stage, steady
from sipfo.verify.lab.witness import Disagreement, check
from sipfo.verify.simulate import simulate, trunk_of, turned
from sipfo.verify.targets import Place

GRACE = 10.0
"""Seconds that a call may take beyond what the model says, before it counts as lost."""

LINGER = 5.0
"""Seconds that are waited for late responses of given-up attempts, and for every BYE."""

AT_ONCE = 16
"""Most plays of one process under way together."""

FAILURES = (CannotPlay, CannotServe, Disagreement, Malformed, OSError)
"""What a play that cannot be, or that goes wrong, raises."""


class Production:
    """A call that is ready to be placed: everybody stands at their place, nobody has spoken."""

    def __init__(
        self,
        plan: Plan,
        scenario: Scenario,
        stage: Stage,
        addresses: Addresses,
        cast: Cast,
        server: Server,
        records: asyncio.Queue[CallRecord],
        papers: Papers | None,
        proof: Proof | None,
    ) -> None:
        """Use `staged`."""
        self._plan = plan
        self._scenario = scenario
        self._stage = stage
        self._addresses = addresses
        self._cast = cast
        self._server = server
        self._records = records
        self._papers = papers
        self._proof = proof

    async def perform(self) -> Ladder:
        """Place the call, once. Raises what `play` raises once the stage is set."""
        addresses = self._addresses
        there = door(self._plan, self._stage.caller)
        secure = self._papers.client() if there.transport == "tls" and self._papers else None
        at = (addresses.of(there.host), there.port)
        here = addresses.of(self._stage.caller)
        caller = Caller(there.transport, here, at, secure, self._proof)
        limit = simulate(self._plan, self._scenario).elapsed + GRACE
        received = await caller.call(self._scenario.number, self._scenario.cancel_after, limit)
        await self._cast.quiet(LINGER)
        ladder = _declared(self._reported(), addresses, self._stage)
        places = {
            (addresses.of(stand.place.host), stand.place.port): str(stand.place)
            for stand in self._stage.stands
        }
        check(self._stage, ladder, places, self._cast.sightings, self._cast.callees, received)
        return ladder

    def _reported(self) -> Ladder:
        if self._server.internal_errors:
            raise Disagreement(f"the runtime had {self._server.internal_errors} internal errors")
        if self._records.qsize() != 1:
            raise Disagreement(f"one call was placed, {self._records.qsize()} were reported")
        return self._records.get_nowait().ladder


@asynccontextmanager
async def staged(plan: Plan, scenario: Scenario, slot: int = 0) -> AsyncIterator[Production]:
    """Set everything up; leaving the context takes it down. Raises what `play` raises before the
    call is placed."""
    trunk = trunk_of(plan, scenario)
    stage = set_stage(plan, trunk, scenario)
    if stage.devices:
        raise CannotPlay("a registered user is played in a private network only")
    async with AsyncExitStack() as stack:
        addresses = Addresses(slot)
        stack.callback(addresses.close)
        # asyncio closes a datagram socket in the loop's next turn; before that, the addresses are
        # not free for anybody else.
        stack.push_async_callback(asyncio.sleep, 0)
        for host in sorted({*stage.hosts, *stage.names.values(), stage.caller}):
            addresses.of(host)
        papers = await _papers(plan, stage, stack)
        cast = await Cast.start(stage, addresses, papers)
        stack.callback(cast.close)
        records: asyncio.Queue[CallRecord] = asyncio.Queue()
        secrets = draw_secrets(plan)
        server = await Server.start(
            steady(papers.plan(plan) if papers is not None else plan),
            mapping=addresses.mapping(),
            nameservers=await _name_server(stage, addresses, stack),
            on_call=records.put_nowait,
            calls_before={trunk.name: scenario.calls_before},
            drawn={trunk.name: turned(trunk, scenario)},
            trust=papers.trust if papers is not None else None,
            secrets=secrets,
        )
        stack.push_async_callback(server.close)
        proof = proof_for(trunk, secrets)
        yield Production(plan, scenario, stage, addresses, cast, server, records, papers, proof)


async def play(plan: Plan, scenario: Scenario, slot: int = 0) -> Ladder:
    """Place the scenario's call for real and return what came of it.

    `slot` keeps plays of one process apart. Raises CannotPlay for what sockets cannot do,
    CannotServe for what the runtime cannot, UnknownTrunk, Disagreement and Malformed when the runtime's report is not what happened or
    what it sent is no SIP, NoResult when the call never ended, OSError when addresses cannot be
    had.
    """
    async with staged(plan, scenario, slot) as production:
        return await production.perform()


async def play_each(
    plan: Plan, scenarios: Sequence[Scenario]
) -> AsyncIterator[tuple[Scenario, Ladder | Exception]]:
    """Play scenarios together; each comes in its turn, with its ladder or what `play` raised.

    Calls are placed when all of a batch are staged, so that setting up one delays no other's
    timers. Closing the generator ends the plays that are left.
    """
    for first in range(0, len(scenarios), AT_ONCE):
        batch = scenarios[first : first + AT_ONCE]
        async with AsyncExitStack() as stack:
            ready = [await _ready(stack, plan, one, slot) for slot, one in enumerate(batch)]
            performances = [asyncio.create_task(_become(one)) for one in ready]
            stack.push_async_callback(_end, performances)
            for scenario, performance in zip(batch, performances, strict=True):
                yield scenario, await performance


async def _ready(
    stack: AsyncExitStack, plan: Plan, scenario: Scenario, slot: int
) -> Production | Exception:
    try:
        return await stack.enter_async_context(staged(plan, scenario, slot))
    except FAILURES as error:
        return error


async def _become(ready: Production | Exception) -> Ladder | Exception:
    if isinstance(ready, Exception):
        return ready
    try:
        return await ready.perform()
    except FAILURES as error:
        return error


async def _end(performances: Sequence[asyncio.Task[Ladder | Exception]]) -> None:
    for performance in performances:
        performance.cancel()
    await asyncio.gather(*performances, return_exceptions=True)


async def _papers(plan: Plan, stage: Stage, stack: AsyncExitStack) -> Papers | None:
    """Certificates, if anybody speaks TLS. Raises CannotPlay."""
    places = [stand.place.transport for stand in stage.stands]
    if "tls" not in places and all(one.transport != "tls" for one in plan.listen):
        return None
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sipfo-lab-"))
    return await make_papers(stage.certified, Path(folder))


async def _name_server(
    stage: Stage, addresses: Addresses, stack: AsyncExitStack
) -> list[tuple[str, int]]:
    """A name server that knows the names that resolve, and no other."""
    zone = [f"{name}. 60 IN A {address}" for name, address in stage.names.items()]
    server = await DnsServer.start(zone, host=addresses.of("name server"))
    stack.callback(server.close)
    return [server.address]


def _declared(ladder: Ladder, addresses: Addresses, stage: Stage) -> Ladder:
    """The ladder with the policy's addresses in place of the loopback ones, and their levels."""
    attempts = []
    for attempt in ladder.attempts:
        if attempt.target is not None:
            transport, _, socket = attempt.target.partition(":")
            host, _, port = socket.rpartition(":")
            place = str(Place(transport, addresses.declared(host), int(port)))
            level = stage.steps[attempt.egress, attempt.route].level_of(place)
            attempt = replace(attempt, target=place, level=level)
        attempts.append(attempt)
    return replace(ladder, attempts=tuple(attempts))
