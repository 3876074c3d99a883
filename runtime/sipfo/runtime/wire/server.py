"""The engine on real sockets: what begins, changes and ends while a plan is served.

Messages pass `traffic`; this file has what is around it. What would surprise: where there is a tap, a
link to another process or workers, each of them looks at what comes before the engine does.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from sipfo.plan.codec import fingerprint
from sipfo.plan.model import Plan
from sipfo.runtime.capability import CannotServe, check_capabilities
from sipfo.runtime.control import methods
from sipfo.runtime.engine import Engine
from sipfo.runtime.estate import Estate
from sipfo.runtime.heritage import estate_of, inherit, movable
from sipfo.runtime.jsonrpc import Method
from sipfo.runtime.limits import Limits
from sipfo.runtime.mapping import Mapping as AddressMapping
from sipfo.runtime.metrics import Gauges, joined
from sipfo.runtime.record import AttemptRecord, CallRecord, Notice, Record
from sipfo.runtime.registrar.instance import as_instance
from sipfo.runtime.secret import Secret, check_secrets
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.sip.via import TLS_PORT
from sipfo.runtime.statistics import statistics
from sipfo.runtime.steering import LEADER
from sipfo.runtime.tenure import Papers, tls_ports
from sipfo.runtime.wire import entropy
from sipfo.runtime.wire.bindings.clerk import Clerk
from sipfo.runtime.wire.bindings.memory import MemoryStore
from sipfo.runtime.wire.bindings.store import BindingStore
from sipfo.runtime.wire.certificate import Trust
from sipfo.runtime.wire.crew import Crew
from sipfo.runtime.wire.dns import Resolver
from sipfo.runtime.wire.doors import Doors, Place, places
from sipfo.runtime.wire.handover import Legacy, Succession
from sipfo.runtime.wire.link import Link
from sipfo.runtime.wire.lookups import Lookups
from sipfo.runtime.wire.renewal import Renewal
from sipfo.runtime.wire.tap import Tap
from sipfo.runtime.wire.tcp import TcpTransport
from sipfo.runtime.wire.tls import TlsTransport
from sipfo.runtime.wire.together import together
from sipfo.runtime.wire.traffic import Traffic
from sipfo.runtime.wire.udp import UdpSocket

POLL = 0.05
"""Seconds between looks at whether a drain is over."""

CLOSING = 1.0
"""Seconds between looks at whether an address is still needed that the plan has no use for."""

RENEWAL = 60.0
"""Seconds between looks at whether certificate files have changed."""


_Kind = TypeVar("_Kind", AttemptRecord, CallRecord, Notice)


class Server:
    """One plan served on its sockets until it is drained or closed."""

    def __init__(
        self,
        plan: Plan,
        engine: Engine,
        resolver: Resolver,
        witnesses: Sequence[Callable[[Record], None]],
        limits: Limits,
        renewal: Renewal,
        tap: Tap | None = None,
        bindings: BindingStore | None = None,
    ) -> None:
        """Use `start`."""
        self.plan = plan
        """The plan in force, as it was written."""
        self._engine = engine
        self._resolver = resolver
        resolver.say = self._say
        self._witnesses = tuple(witnesses)
        self._loop = asyncio.get_running_loop()
        self._renewal = renewal
        self._tap = tap
        if tap is not None:
            engine.core.origins = tap.origins
        udp: dict[tuple[str, int], UdpSocket] = {}
        store = bindings or MemoryStore()
        self._clerk = Clerk(store, lambda: engine.tenure.grounds.registrars, self._wrong)
        self._lookups = Lookups(engine, resolver, self._clerk, self.work, self._wrong)
        self._traffic = Traffic(
            engine, udp, self._otherwise, self._recall, self._lookups.begin, self.tell
        )
        received = self._traffic.received
        shared = (received, self.failed, engine.knows, limits, _numbers(self._loop))
        self._tcp = TcpTransport(*shared)
        self._tls = TlsTransport(*shared, renewal.believed, renewal.shown)
        streams = {"tcp": self._tcp, "tls": self._tls}
        self.doors = Doors(self._traffic.came, self.failed, self._traffic.flush, streams, udp)
        self._crew: Crew | None = None
        self._link: Link | None = None
        self._attend()
        self.succession = Succession(self)
        self._closing: asyncio.Task[None] | None = None
        self._instance: str | None = None
        self._renewing = self._loop.call_later(RENEWAL, self._renew)

    @classmethod
    async def start(
        cls,
        plan: Plan,
        *,
        mapping: AddressMapping | None = None,
        nameservers: Sequence[tuple[str, int]] | None = None,
        on_attempt: Callable[[AttemptRecord], None] | None = None,
        on_call: Callable[[CallRecord], None] | None = None,
        on_notice: Callable[[Notice], None] | None = None,
        calls_before: Mapping[str, int] | None = None,
        drawn: Mapping[str, tuple[int, ...]] | None = None,
        limits: Limits | None = None,
        trust: Trust | None = None,
        secrets: Mapping[str, Secret] | None = None,
        witnesses: Sequence[Callable[[Record], None]] = (),
        tap: Tap | None = None,
        legacy: Legacy | None = None,
        bindings: BindingStore | None = None,
        instance: str | None = None,
        workers: int = 1,
    ) -> Server:
        """Bind every listening and egress address of the plan and serve. Raises CannotListen,
        CannotServe for a plan that needs what is not here, MissingSecret for one that names what
        `secrets` has not, UnusableCertificate for `trust`, CannotTakeOver for `legacy`.

        `nameservers` replaces the system's (host, port); `calls_before` sets each trunk's round
        robin, `drawn` the draws of weighted ones; `trust` says how TLS servers are met; the
        callbacks are told of every attempt, call and notice as it is recorded, `witnesses` of each
        of those before, and of the end of every call; `tap` shows every message that passes;
        `legacy` is what another process has left; `bindings` keeps those of users that register,
        else they are forgotten with the process; `instance` is the one of a registrar's that this
        process is, and no other; `workers` beyond one are processes of their own, with every call in
        one of them.
        """
        check_capabilities(plan)
        check_secrets(plan, secrets or {})
        mapping = mapping or AddressMapping()
        actual = mapping.plan(as_instance(plan, instance))
        limits = limits or Limits()
        renewal = Renewal(trust or Trust())
        crew = None
        if workers > 1:
            crew = Crew(workers, plan, mapping, nameservers, limits, tap is not None)
            crew.commons.turns.go_on(calls_before or {})
        token = entropy.token
        engine = Engine(
            actual,
            token if crew is None else crew.marks.entropy(LEADER, token),
            entropy.draw,
            mapping,
            calls_before=calls_before,
            drawn=drawn,
            limits=limits,
            epoch=time.time() - asyncio.get_running_loop().time(),
            secrets=secrets,
            fingerprint=fingerprint(plan),
            commons=None if crew is None else crew.commons,
        )

        told = [*witnesses]
        if on_attempt is not None:
            told.append(_only(AttemptRecord, on_attempt))
        if on_call is not None:
            told.append(_only(CallRecord, on_call))
        if on_notice is not None:
            told.append(_only(Notice, on_notice))
        resolver = Resolver(nameservers)
        server = cls(plan, engine, resolver, told, limits, renewal, tap, bindings)
        server._instance = instance
        try:
            server.crew = crew
            if crew is not None:
                await crew.start(server, engine.admits)
            wanted = await server._open(actual, legacy.sockets if legacy is not None else None)
            if legacy is not None:
                await legacy.take(server, wanted)
        except (OSError, CannotServe):
            await server.close()
            raise
        finally:
            if legacy is not None:
                legacy.close()
        server.work(engine.start)
        return server

    async def succeed(self, plan: Plan, secrets: Mapping[str, Secret] | None = None) -> None:
        """Go by another plan from now on; calls under way keep theirs. Raises as `start` does, and
        nothing has changed then.

        Addresses that are new are open before the plan is in force; those that are gone are closed
        once the last call that needs them is over.
        """
        check_capabilities(plan)
        check_secrets(plan, secrets or {})
        actual = self._engine.core.mapping.plan(as_instance(plan, self._instance))
        papers = Papers(actual, secrets or {}, fingerprint(plan))
        if self.crew is not None:
            self.crew.make_room(plan)
        wanted = await self._open(actual)
        self.plan = plan
        self.work(lambda now: self._engine.succeed(papers, now))
        if self.crew is not None:
            await self.crew.succeed(plan, secrets or {})
        self.doors.keep(wanted)
        if self.doors.retired and self._closing is None:
            self._closing = self._loop.create_task(self._close_idle())

    async def _open(
        self, plan: Plan, given: Mapping[Place, socket.socket] | None = None
    ) -> set[Place]:
        """Open all that a plan wants, and have it show its certificates. Raises CannotListen."""
        ports = tls_ports(plan, self._engine.core.tls_ports)
        loaded = self._renewal.load(plan, lambda host: ports.get(host, TLS_PORT))
        wanted = places(plan, lambda host: ports.get(host, TLS_PORT), bool(loaded))
        known = self._renewal.shown
        self._renewal.show({place: one for place, one in loaded.items() if place not in known})
        await self.doors.open(wanted, given)
        if self.crew is not None:
            self.crew.share(self.doors)
        self._resolver.expect(uri for one in plan.routes for uri in one.destinations)
        self._resolver.expect(one.destination for one in plan.carriers)
        self._renewal.show(loaded)
        return wanted

    async def _close_idle(self) -> None:
        """Close what is open for the sake of earlier calls alone, when the last of them is over."""
        try:
            while self.doors.retired:
                await asyncio.sleep(CLOSING)
                await self._close_those_idle()
        finally:
            self._closing = None

    async def _close_those_idle(self) -> None:
        in_use = self._engine.places_in_use(self._loop.time())
        if self.crew is not None:
            for places_of in await self.crew.ask_all("worker.places"):
                in_use |= set(places_of)
            idle = self.doors.retired - in_use
            await self.crew.unshare(place[1:] for place in idle if place[0] == "udp")
        for transport, host, port in self.doors.close_idle(in_use):
            self._say(f"closed {transport} {encode_host(host, port)}: its last call is over")

    @property
    def engine(self) -> Engine:
        """What decides."""
        return self._engine

    @property
    def crew(self) -> Crew | None:
        """The processes that have the calls, where it is not this one."""
        return self._crew

    @crew.setter
    def crew(self, crew: Crew | None) -> None:
        self._crew = crew
        self.doors.spread = None if crew is None else crew.spread
        self._attend()

    @property
    def link(self) -> Link | None:
        """To another process at the same addresses, while there is one."""
        return self._link

    @link.setter
    def link(self, link: Link | None) -> None:
        self._link = link
        self._attend()

    @property
    def internal_errors(self) -> int:
        """Exceptions that cost a message."""
        return self._traffic.internal_errors

    def _attend(self) -> None:
        """Look at messages on their way, if anybody here has to."""
        looks = self._tap is not None or self._link is not None
        self._traffic.before = self._before if looks or self._crew is not None else None
        self._traffic.beside = self._beside if looks else None

    @property
    def secrets(self) -> Mapping[str, Secret]:
        """The values of the secrets of the plan in force."""
        return self._engine.tenure.papers.secrets

    def methods(self) -> dict[str, Method]:
        """What can be asked over a control socket, and told."""
        own = {
            "stats.get_statistics": Method(self._statistics, may=("group",)),
            "sipfo.hand_over": self.succession.method,
            "sipfo.registrations": Method(self._clerk.registrations),
        }
        found = {**methods(self._engine, self._loop.time), **own}
        flushing = {name: one.then(self._traffic.flush) for name, one in found.items()}
        return flushing if self.crew is None else together(flushing, self.crew, self._engine)

    def _statistics(self, group: object = None) -> object:
        wanted = "all" if group is None else str(group)
        return statistics(self.gauges(), self.calls_alive, self._engine.placed, wanted)

    @property
    def places(self) -> set[Place]:
        """Where it is reached now: transport, host and port."""
        return self.doors.open_places

    async def drain(self, grace: float) -> None:
        """Take no new calls, and wait up to `grace` seconds until the ones there are over; then
        end those that are left."""
        self._refuse()
        await self.refresh()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                while self.calls_alive:
                    await asyncio.sleep(POLL)
                    await self.refresh()
        if self.calls_alive:
            self.work(self._engine.hang_up_all)
            if self.crew is not None:
                await self.crew.ask_all("worker.hang_up")
            await asyncio.sleep(POLL)  # one turn of the loop for what that sent

    def _refuse(self) -> None:
        """New calls, from now on."""
        self._engine.draining = True
        if self.crew is not None:
            self.crew.drain()

    async def refresh(self) -> None:
        """Have counts of this moment, also of what is in other processes."""
        if self.crew is not None:
            await self.crew.refresh()

    async def leave(self, grace: float) -> Estate:
        """Take no new calls, wait up to `grace` seconds until those that are up are quiet, end the
        others, and read nothing more; the calls that are left, for another process."""
        self._refuse()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                while await self._restless():
                    await asyncio.sleep(POLL)
        self.doors.hand_on(self.doors.open_places)
        moving = list(movable(self._engine, _anywhere))
        papers = [paper for _, paper in moving]
        for call, _ in moving:
            self.work(lambda now, call=call: call.move())  # type: ignore[misc]  # bound per turn
        if self.crew is not None:
            papers += await self.crew.give_up_calls()
        estate = estate_of(self._engine, papers, self._loop.time())
        await self.drain(0)
        return estate

    async def _restless(self) -> int:
        """How many calls could not be left to another process now."""
        own = self._engine.calls_alive - len(list(movable(self._engine, _anywhere)))
        return own if self.crew is None else own + sum(await self.crew.ask_all("worker.restless"))

    def take_in(self, estate: Estate) -> None:
        """Go on where another server stopped."""
        crew = self.crew
        if crew is not None:
            for paper in estate.calls:
                crew.adopt(paper)
            estate = estate.model_copy(update={"calls": ()})
        self.work(lambda now: inherit(self._engine, estate, now))
        if crew is not None:
            crew.learn()

    def reload_certificates(self) -> None:
        """Take every certificate file anew, for connections from now on; a notice says what came
        of each. One that cannot be used leaves the old in use."""
        for text in self._renewal.renew(only_changed=False):
            self._say(text)

    @property
    def calls_alive(self) -> int:
        """Calls that a drain would wait for."""
        own = self._engine.calls_alive
        return own if self.crew is None else own + int(self.crew.sum("alive"))

    def others(self, figure: str) -> float:
        """What the processes of the workers take: `resident`, `blocks`, `fds`, `cpu`."""
        return 0.0 if self.crew is None else self.crew.sum(figure)

    def gauges(self) -> Gauges:
        """What metrics say of this moment."""
        own = self._engine.gauges(self.internal_errors, self._loop.time())
        return own if self.crew is None else joined(own, self.crew.sum)

    def part(self) -> None:
        """Tell a process that was here before, if there is one still, that this one has ended as it
        was told to."""
        if self.link is not None:
            self.link.part()

    async def close(self) -> None:
        """Release every socket, at once."""
        self._renewing.cancel()
        self._traffic.close()
        if self._closing is not None:
            self._closing.cancel()
            await asyncio.gather(self._closing, return_exceptions=True)
        await self._lookups.close()
        await self._resolver.close()
        if self.crew is not None:
            await self.crew.close()
        self.doors.close()
        await self._tcp.close()
        await self._tls.close()

    def _before(self, data: bytes, flow: Flow) -> bool:
        """Whether a message that came is for another process."""
        if self._tap is not None:
            self._tap.came(data, flow)
        if self._link is not None and self._link.passes_on(data, flow):
            return True
        return self._crew is not None and self._crew.takes(data, flow)

    def _beside(self, flow: Flow, data: bytes) -> bool:
        """Whether another process sends a message that goes."""
        if self._tap is not None:
            self._tap.went(data, self._way(flow))
        return self._link is not None and self._link.sends(flow, data)

    def handle(self, data: bytes, flow: Flow) -> None:
        """Take a message that came another way, for the engine or for the worker that has it."""
        if self._crew is None or not self._crew.takes(data, flow):
            self._traffic.give(data, flow)
        self._traffic.flush()

    def received(self, data: bytes, flow: Flow) -> None:
        """Take a message that a worker has read, and that is not for it as far as it knows."""
        self._traffic.received(data, flow)

    def work(self, do: Callable[[float], object]) -> None:
        """Do something with the engine now, and then what it made the engine send or say."""
        self._traffic.work(do)

    def send(self, flow: Flow, data: bytes) -> None:
        """Send what a worker sends."""
        self._traffic.send(flow, data)

    def recall(self, flow: Flow, branch: bytes) -> None:
        """Take a request back that waits for its connection."""
        self._recall(flow, branch)

    def not_ours(self, data: bytes, flow: Flow) -> None:
        """A worker has nothing that a message belongs to, which was offered to it."""
        if self.link is not None:
            self.link.gives_back(data, flow)
        elif self.crew is not None:
            self.crew.takes(data, flow)

    def note_leg(self, leg: bytes, caller: bytes) -> None:
        """A worker has made a leg for a call."""
        if self._tap is not None:
            self._tap.origins.note(leg, caller)

    def legs_over(self, legs: Sequence[bytes]) -> None:
        """The call of these legs is over."""
        if self._tap is not None:
            self._tap.origins.over(legs)

    def fail(self, flow: Flow) -> None:
        """Tell the engine that a flow is of no use any more."""
        if self.crew is not None:
            self.crew.fail(flow)
        self.work(lambda now: self._engine.transport_failed(flow, now))

    def failed(self, flow: Flow, reason: str = "", unsent: Sequence[bytes] = ()) -> None:
        """What was sent on a flow did not get through: `reason` why, `unsent` what is sure not to have."""
        if reason:
            who = f" ({flow.name})" if flow.name not in ("", flow.remote[0]) else ""
            self._say(f"{flow.transport}:{encode_host(*flow.remote)}{who}: {reason}")
        if self.link is not None:
            self.link.failed(flow)
        if self.crew is not None:
            self.crew.fail(flow)
        self.work(lambda now: self._engine.transport_failed(flow, now, unsent))

    def say(self, text: str) -> None:
        """Report a notice that is about no call."""
        self._say(text)

    def _say(self, text: str) -> None:
        self.work(lambda now: self._engine.core.records.append(Notice("-", text)))

    def _wrong(self) -> None:
        self._traffic.wrong()

    def _renew(self) -> None:
        self._renewing = self._loop.call_later(RENEWAL, self._renew)
        for text in self._renewal.renew(only_changed=True):
            self._say(text)

    def tell(self, record: Record) -> None:
        """Tell whoever listens of a record; of one that another process keeps from now on, that."""
        try:
            if self._link is None or not self._link.keeps(record):
                for witness in self._witnesses:
                    witness(record)
        except Exception:  # noqa: BLE001 - whoever listens must not keep a message from going out
            self._traffic.wrong()

    def _way(self, flow: Flow) -> Flow:
        """The flow with the address that its connection really leads to: a response's is the one of
        its Via, for when the connection is gone."""
        if flow.connection is None:
            return flow
        peer = self._streams(flow.transport).peer(flow.connection)
        return flow if peer is None else flow._replace(remote=peer)

    def put(self, flow: Flow, data: bytes) -> None:
        """Send from here."""
        self._traffic.put(flow, data)

    def _otherwise(self, flow: Flow, data: bytes) -> None:
        """Send what no UDP socket does."""
        if flow.reliable:
            self._streams(flow.transport).send(data, flow)
        else:
            self._loop.call_soon(self.failed, flow)

    def _recall(self, flow: Flow, branch: bytes) -> None:
        self._streams(flow.transport).recall(flow, branch)

    def _streams(self, transport: str) -> TcpTransport:
        return self._tls if transport == "tls" else self._tcp


def _only(kind: type[_Kind], tell: Callable[[_Kind], None]) -> Callable[[Record], None]:
    """Who is told of records of one kind."""

    def told(record: Record) -> None:
        if isinstance(record, kind):
            tell(record)

    return told


def _anywhere(flow: Flow) -> bool:
    """Whoever comes next is reached at every address."""
    return True


def _numbers(loop: asyncio.AbstractEventLoop) -> Iterator[int]:
    """Numbers of connections, which no process has that hands over to this one."""
    return itertools.count(int(loop.time() * 1_000_000))
