"""The engine on real sockets: this file is the whole shell around it.

Every input is followed by one flush: what the engine wants sent, looked up or reported is taken
from its queues, and one timer is armed for its next moment. An exception in the engine costs the
message that caused it, is logged and counted, and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import logging
import os
from collections.abc import Callable, Mapping, Sequence

from sipfo.plan.model import Listen, Plan
from sipfo.runtime.capability import check_capabilities
from sipfo.runtime.core import Lookup
from sipfo.runtime.engine import Engine
from sipfo.runtime.limits import Limits
from sipfo.runtime.locate import Target, Unlocatable
from sipfo.runtime.mapping import Mapping as AddressMapping
from sipfo.runtime.record import AttemptRecord, CallRecord, Notice, Record
from sipfo.runtime.secret import Secret, check_secrets
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.wire import entropy
from sipfo.runtime.wire.certificate import PemFiles, Trust, UnusableCertificate
from sipfo.runtime.wire.dns import Resolver
from sipfo.runtime.wire.renewal import Renewal
from sipfo.runtime.wire.tcp import TcpTransport
from sipfo.runtime.wire.tls import TlsTransport
from sipfo.runtime.wire.udp import UdpSocket

_log = logging.getLogger("sipfo")

POLL = 0.05
"""Seconds between looks at whether a drain is over."""

RENEWAL = 60.0
"""Seconds between looks at whether certificate files have changed."""


class CannotListen(OSError):
    """Addresses of the plan cannot be bound; the message says which and what to do."""


class Server:
    """One plan served on its sockets until it is drained or closed."""

    def __init__(
        self,
        engine: Engine,
        resolver: Resolver,
        on_record: Callable[[Record], None],
        limits: Limits,
        renewal: Renewal,
    ) -> None:
        """Use `start`."""
        self.internal_errors = 0
        self._engine = engine
        self._resolver = resolver
        self._on_record = on_record
        self._loop = asyncio.get_running_loop()
        self._udp: dict[tuple[str, int], UdpSocket] = {}
        self._renewal = renewal
        shared = (self._received, self._failed, engine.knows, limits, itertools.count(1))
        self._tcp = TcpTransport(*shared)
        self._tls = TlsTransport(*shared, renewal.believed, renewal.shown)
        self._lookups: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._renewing = self._loop.call_later(RENEWAL, self._renew)
        self._flushing = False

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
    ) -> Server:
        """Bind every listening and egress address of the plan and serve. Raises CannotListen,
        CannotServe for a plan that needs what is not here, MissingSecret for one that names what
        `secrets` has not, UnusableCertificate for `trust`.

        `nameservers` replaces the system's (host, port); `calls_before` sets each trunk's round
        robin, `drawn` the draws of weighted ones; `trust` says how TLS servers are met; the
        callbacks are told of every attempt, call and notice as it is recorded.
        """
        check_capabilities(plan)
        check_secrets(plan, secrets or {})
        mapping = mapping or AddressMapping()
        actual = mapping.plan(plan)
        limits = limits or Limits()
        renewal = Renewal(trust or Trust())
        for listen in actual.listen:
            _certify(listen, renewal)
        engine = Engine(
            actual,
            entropy.token,
            entropy.draw,
            mapping,
            calls_before=calls_before,
            drawn=drawn,
            limits=limits,
            secrets=secrets,
        )

        def on_record(record: Record) -> None:
            match record:
                case AttemptRecord() if on_attempt is not None:
                    on_attempt(record)
                case CallRecord() if on_call is not None:
                    on_call(record)
                case Notice() if on_notice is not None:
                    on_notice(record)
                case _:
                    return

        server = cls(engine, Resolver(nameservers), on_record, limits, renewal)
        try:
            await server._bind(actual)
        except OSError:
            await server.close()
            raise
        server._guard(lambda: engine.start(server._loop.time()))
        return server

    async def _bind(self, plan: Plan) -> None:
        """An egress address is bound for every transport: answers and later requests come there;
        for TLS if there is a certificate."""
        wanted = {(one.transport, one.host, one.port) for one in plan.listen}
        used = {name for trunk in plan.trunks for name in trunk.egress}
        used |= {trunk.forward.egress for trunk in plan.trunks if trunk.forward is not None}
        for place in plan.egress:
            if place.name in used:
                wanted |= {(transport, place.host, place.port) for transport in ("udp", "tcp")}
                secure = (place.host, self._engine.core.tls_port(place.host))
                if self._renewal.cover(secure):
                    wanted.add(("tls", *secure))
        foreign: list[str] = []
        for transport, host, port in sorted(wanted):
            try:
                if transport == "udp":
                    self._udp[host, port] = UdpSocket(host, port, self._received, self._failed)
                else:
                    await self._streams(transport).listen(host, port)
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL:
                    reason = os.strerror(error.errno) if error.errno else str(error)
                    where = f"{transport} {encode_host(host, port)}"
                    raise CannotListen(f"cannot listen on {where}: {reason}") from error
                foreign.append(host)
        if foreign:
            raise CannotListen(_not_here(list(dict.fromkeys(foreign))))

    async def drain(self, grace: float) -> None:
        """Take no new calls, and wait up to `grace` seconds until the ones there are over; then
        end those that are left."""
        self._engine.draining = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                while self._engine.calls_alive:
                    await asyncio.sleep(POLL)
        if self._engine.calls_alive:
            self._guard(lambda: self._engine.hang_up_all(self._loop.time()))
            await asyncio.sleep(POLL)  # one turn of the loop for what that sent

    def reload_certificates(self) -> None:
        """Take every certificate file anew, for connections from now on; a notice says what came
        of each. One that cannot be used leaves the old in use."""
        for text in self._renewal.renew(only_changed=False):
            self._say(text)

    @property
    def calls_alive(self) -> int:
        """Calls that a drain would wait for."""
        return self._engine.calls_alive

    async def close(self) -> None:
        """Release every socket, at once."""
        self._renewing.cancel()
        if self._timer is not None:
            self._timer.cancel()
        for task in self._lookups:
            task.cancel()
        await asyncio.gather(*self._lookups, return_exceptions=True)
        for socket in self._udp.values():
            socket.close()
        await self._tcp.close()
        await self._tls.close()

    def _received(self, data: bytes, flow: Flow) -> None:
        self._guard(lambda: self._engine.receive(data, flow, self._loop.time()))

    def _failed(self, flow: Flow, reason: str = "") -> None:
        if reason:
            who = f" ({flow.name})" if flow.name not in ("", flow.remote[0]) else ""
            self._say(f"{flow.transport}:{encode_host(*flow.remote)}{who}: {reason}")
        self._guard(lambda: self._engine.transport_failed(flow, self._loop.time()))

    def _say(self, text: str) -> None:
        self._guard(lambda: self._engine.core.records.append(Notice("-", text)))

    def _renew(self) -> None:
        self._renewing = self._loop.call_later(RENEWAL, self._renew)
        for text in self._renewal.renew(only_changed=True):
            self._say(text)

    def _due(self) -> None:
        self._timer = None
        self._guard(lambda: self._engine.run_timers(self._loop.time()))

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 - a bug must cost one message, never the server
            self.internal_errors += 1
            _log.exception("internal error %d", self.internal_errors)
        self._flush()

    def _flush(self) -> None:
        """Take what the engine has queued; a failed send may queue more."""
        if self._flushing:
            return
        self._flushing = True
        core = self._engine.core
        try:
            while core.sends or core.lookups or core.records:
                while core.sends:
                    self._send(*core.sends.popleft())
                while core.lookups:
                    task = self._loop.create_task(self._look_up(core.lookups.popleft()))
                    self._lookups.add(task)
                    task.add_done_callback(self._lookups.discard)
                while core.records:
                    self._on_record(core.records.popleft())
        finally:
            self._flushing = False
        self._arm()

    def _send(self, flow: Flow, data: bytes) -> None:
        if flow.reliable:
            self._streams(flow.transport).send(data, flow)
            return
        socket = self._udp.get(flow.local)
        if socket is not None:
            socket.send(data, flow)
        else:
            self._loop.call_soon(self._failed, flow)

    def _streams(self, transport: str) -> TcpTransport:
        return self._tls if transport == "tls" else self._tcp

    def _arm(self) -> None:
        due = self._engine.next_due()
        if self._timer is not None:
            if self._timer.when() == due:
                return
            self._timer.cancel()
            self._timer = None
        if due is not None:
            self._timer = self._loop.call_at(due, self._due)

    async def _look_up(self, lookup: Lookup) -> None:
        targets: list[Target] = []
        for uri in lookup.uris:
            try:
                targets += await self._resolver.targets(uri)
            except Unlocatable as error:
                _log.info("%s: %s", uri.host, error.reason)
        found = tuple(targets)
        self._guard(lambda: self._engine.located(lookup.number, found, self._loop.time()))


def _certify(listen: Listen, renewal: Renewal) -> None:
    """Load the certificate of a `listen tls`. Raises CannotListen."""
    if listen.certificate is not None:
        address = (listen.host, listen.port)
        try:
            renewal.show(PemFiles(listen.certificate, listen.key), address)
        except UnusableCertificate as error:
            raise CannotListen(f"cannot listen on tls {encode_host(*address)}: {error}") from None


def _not_here(hosts: list[str]) -> str:
    """What is wrong, and the options with which the plan runs on loopback."""
    options = " ".join(f"--map {host}=127.0.0.{n}" for n, host in enumerate(hosts, start=2))
    return f"this machine has no {', '.join(hosts)}\nto run on loopback, add: {options}"
