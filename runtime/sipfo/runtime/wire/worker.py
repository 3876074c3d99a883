"""A worker: an engine in a process of its own, whose sockets are its parent's.

    python -P -m sipfo.runtime.wire.worker PIPE TABLE LOANS    # three descriptors; `crew` starts it

It is told what came and says what is to be sent, looked up by nobody else, and counted. What would
surprise: it is deaf to signals. It ends when its parent says so, or is gone, however that happened.
"""

from __future__ import annotations

import asyncio
import ctypes
import inspect
import logging
import os
import pickle
import resource
import signal
import socket
import sys
import time
from collections.abc import Iterable
from pathlib import Path as File
from typing import Any, Final

from sipfo.plan.codec import fingerprint
from sipfo.plan.model import Plan
from sipfo.runtime.call import Phase
from sipfo.runtime.commons import Party, Usage
from sipfo.runtime.dialogname import Replaces, other_side
from sipfo.runtime.engine import Engine
from sipfo.runtime.estate import read_call, read_estate
from sipfo.runtime.health import Path
from sipfo.runtime.heritage import Whose, adopt, inherit, left, movable, whose
from sipfo.runtime.jsonrpc import INTERNAL_ERROR, Fault
from sipfo.runtime.origins import Origins
from sipfo.runtime.packing import packed
from sipfo.runtime.record import Record
from sipfo.runtime.secret import Secret
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.steering import Marks
from sipfo.runtime.tenure import Papers
from sipfo.runtime.wire import entropy
from sipfo.runtime.wire.calm import Collector
from sipfo.runtime.wire.certificate import Trust
from sipfo.runtime.wire.dns import Resolver
from sipfo.runtime.wire.loan import Address, Borrower
from sipfo.runtime.wire.orders import Orders, Secrets
from sipfo.runtime.wire.pipe import Pipe, Word
from sipfo.runtime.wire.renewal import Renewal
from sipfo.runtime.wire.server import Server
from sipfo.runtime.wire.shared import SharedTurns, Table
from sipfo.runtime.wire.udp import UdpSocket

_log = logging.getLogger("sipfo")

_DIE_WITH_PARENT: Final = 1  # sys/prctl.h: PR_SET_PDEATHSIG

MOST_ABROAD: Final = 256
"""Dialogs of other workers remembered; the oldest goes first."""

MOVED_TOGETHER: Final = 500
"""Calls that leave at one request, so that moving thousands keeps no call waiting."""


class Following:
    """The commons of an engine that another one leads."""

    leads: Final = False

    def __init__(self, pipe: Pipe, table: Table) -> None:
        self.turns = SharedTurns(table)
        self._pipe = pipe
        self._table = table

    def usage(self, party: Party, name: str) -> Usage:
        """See Commons."""
        return self._table.row(party, name)

    def held(self, target: str, until: float) -> None:
        """See Commons."""
        self._pipe.say("held", target, until)

    def proven(self, source: str) -> None:
        """See Commons."""
        self._pipe.say("proven", source)

    def met(self, path: tuple[str, str, bool], target: str, event: str) -> None:
        """See Commons."""
        self._pipe.say("met", tuple(path), target, event)

    def turned(self, path: tuple[str, str, bool], target: str, is_down: bool) -> None:
        """One that leads says it."""


class _Origins(Origins):
    """Said to the parent, where somebody looks on."""

    def __init__(self, pipe: Pipe) -> None:
        super().__init__()
        self._pipe = pipe

    def note(self, leg: bytes, caller: bytes) -> None:
        self._pipe.say("leg", leg, caller)

    def over(self, legs: Iterable[bytes]) -> None:
        self._pipe.say("legs over", tuple(legs))


class Worker(Server):
    """A server without doors: what comes and goes does so through its parent, but for datagrams at
    a socket that it has borrowed."""

    def __init__(self, *given: Any, pipe: Pipe, marks: Marks, number: int) -> None:
        """`given` is what a server has; `pipe` leads to the parent, and `marks` tell what is for this
        worker's `number`."""
        super().__init__(*given)
        self._pipe = pipe
        self._marks = marks
        self._number = number
        self._gathered: set[Address] = set()

    def borrow(self, address: Address, lent: socket.socket, is_read: bool) -> None:
        """Send on a socket of the parent's, and read what comes to it if that is for us. What fails
        on it may be of any worker's flow: the kernel tells whoever asks first."""
        self.give_back([address])
        flush = self._traffic.flush
        made = UdpSocket(*address, self._came, self._lost_on_loan, lent, flush)
        self.doors.udp[address] = made
        if is_read:
            made.read()

    def gather(self, address: Address, is_gathered: bool) -> None:
        """Whether our parent judges all that still comes to a borrowed socket."""
        (self._gathered.add if is_gathered else self._gathered.discard)(address)

    def give_back(self, addresses: Iterable[Address]) -> None:
        """Send on these no more."""
        for address in addresses:
            one = self.doors.udp.pop(address, None)
            if one is not None:
                one.close()

    def _came(self, data: bytes, flow: Flow) -> None:
        if flow.local not in self._gathered and self._marks.is_written(data, self._number):
            self._traffic.give(data, flow)
        else:
            self._pipe.say("came", data, tuple(flow))

    def _lost_on_loan(self, flow: Flow) -> None:
        self._pipe.say("failed", tuple(flow))

    def _otherwise(self, flow: Flow, data: bytes) -> None:
        self._pipe.say("out", tuple(flow), data)

    def _recall(self, flow: Flow, branch: bytes) -> None:
        self._pipe.say("recall", tuple(flow), branch)

    def tell(self, record: Record) -> None:
        """To the parent, which has the books."""
        self._pipe.say("record", packed(record))

    def look_for(self, plan: Plan) -> None:
        """Names that will be asked for."""
        self._resolver.expect(uri for one in plan.routes for uri in one.destinations)
        self._resolver.expect(one.destination for one in plan.carriers)

    def go_by(self, plan: Plan, secrets: Secrets) -> None:
        """Another plan from now on."""
        actual = self.engine.core.mapping.plan(plan)
        papers = Papers(actual, _secrets(secrets), fingerprint(plan))
        self.plan = plan
        self.look_for(actual)
        self.work(lambda now: self.engine.succeed(papers, now))


class Desk:
    """One worker and what it is told."""

    def __init__(self, connection: socket.socket, table: int, loans: socket.socket) -> None:
        self.over = asyncio.Event()
        self._descriptor = table
        self._loans = loans
        self._borrower: Borrower | None = None
        self._worker: Worker | None = None
        self._collector: Collector | None = None
        self._flows: dict[tuple[Any, ...], Flow] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._pipe = Pipe(connection, self._hear, self.over.set)

    async def close(self) -> None:
        """Let go of everything."""
        self._pipe.close()
        if self._borrower is not None:
            self._borrower.close()
        for task in self._tasks:
            task.cancel()
        if self._worker is not None:
            await self._worker.close()
        if self._collector is not None:
            self._collector.close()

    def _hear(self, word: Word) -> None:
        kind = word[0]
        worker = self._worker
        if worker is None:
            if kind == "start":
                self._start(pickle.loads(word[1]))
        elif kind == "in":
            worker.handle(word[1], self._flow(word[2]))
        elif kind == "try":
            self._try(worker, word[1], word[2])
        elif kind == "failed":
            worker.fail(self._flow(word[1]))
        elif kind == "held":
            worker.engine.tenure.grounds.standing.holds.go_on({word[1]: word[2]})
        elif kind == "turned":
            healths = worker.engine.tenure.grounds.standing.healths
            healths.go_on(Path(*word[1]), word[2], word[3])
        elif kind == "disabled":
            worker.engine.tenure.grounds.standing.disabled.declare(word[1])
        elif kind == "drained":
            worker.engine.paused = word[1]
            worker.engine.tenure.grounds.trunks.drained = set(word[2])
        elif kind == "abroad":
            abroad = worker.engine.directory.abroad
            if len(abroad) >= MOST_ABROAD:
                del abroad[next(iter(abroad))]
            abroad[tuple(word[1])] = (tuple(word[2]), word[3])
        elif kind == "gather":
            worker.gather(tuple(word[1]), word[2])
        elif kind == "drain":
            worker.engine.draining = True
        elif kind == "adopt":
            paper = read_call(word[1])
            worker.work(lambda now: adopt(worker.engine, paper, now))
        elif kind == "ask":
            task = self._loop.create_task(self._answer(worker, *word[1:]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif kind == "end":
            self.over.set()

    def _start(self, orders: Orders) -> None:
        table = Table(self._descriptor, orders.number, orders.processes)
        marks = Marks(orders.generation)
        epoch = time.time() - self._loop.time()
        engine = Engine(
            orders.mapping.plan(orders.plan),
            marks.entropy(orders.number, entropy.token),
            entropy.draw,
            orders.mapping,
            limits=orders.limits,
            epoch=epoch,
            secrets=_secrets(orders.secrets),
            fingerprint=fingerprint(orders.plan),
            commons=Following(self._pipe, table),
        )
        engine.core.contact_user = f"{marks.of(orders.number)}@"  # it comes back (`spread`)
        engine.draining = orders.drains
        if orders.is_seen:
            engine.core.origins = _Origins(self._pipe)
        resolver = Resolver(orders.nameservers)
        worker = Worker(
            *(orders.plan, engine, resolver, (), orders.limits, Renewal(Trust())),
            pipe=self._pipe,
            marks=marks,
            number=orders.number,
        )
        worker.look_for(orders.plan)
        estate = read_estate(orders.estate)
        worker.work(lambda now: inherit(engine, estate, now))
        self._worker = worker
        self._borrower = Borrower(self._loans, worker.borrow)
        self._collector = Collector(engine)
        self._pipe.say("ready")

    def _flow(self, said: tuple[Any, ...]) -> Flow:
        found = self._flows.get(said)
        if found is None:
            if len(self._flows) > 4096:
                self._flows.clear()
            found = self._flows[said] = Flow(*said)
        return found

    def _try(self, worker: Worker, data: bytes, flow: tuple[Any, ...]) -> None:
        """A message that may belong to another server: it is told of what is not ours."""
        if whose(worker.engine, data, self._loop.time()) is Whose.OURS:
            worker.handle(data, self._flow(flow))
        else:
            self._pipe.say("not ours", data, flow)

    async def _answer(
        self, worker: Worker, number: int, method: str, given: dict[str, Any]
    ) -> None:
        try:
            value = self._do(worker, method, given)
            if inspect.isawaitable(value):
                value = await value
            self._pipe.say("answer", number, value, None)
        except Fault as fault:
            self._pipe.say("answer", number, None, (fault.code, fault.message))
        except Exception:  # noqa: BLE001 - a bug here must cost one request, never a call
            _log.exception("internal error in %s", method)
            said = (INTERNAL_ERROR, "internal error: see the log")
            self._pipe.say("answer", number, None, said)

    def _do(self, worker: Worker, method: str, given: dict[str, Any]) -> object:
        engine = worker.engine
        if method == "worker.plan":
            plan, secrets = pickle.loads(given["plan"])
            worker.go_by(plan, secrets)
            return None
        if method == "worker.gauges":
            return _gauges(worker)
        if method == "worker.other_side":
            found = other_side(Replaces(*given["key"]), engine.directory)
            return None if found is None else (tuple(found.name[:3]), found.target)
        if method == "worker.places":
            return [tuple(one) for one in engine.places_in_use(self._loop.time())]
        if method == "worker.give_back":
            worker.give_back(tuple(one) for one in given["addresses"])
            return None
        if method == "worker.hang_up":
            worker.work(engine.hang_up_all)
            return None
        if method == "worker.move":
            return self._move(worker, given["taken"])
        if method == "worker.restless":
            return engine.calls_alive - sum(1 for _ in movable(engine, _anywhere))
        return worker.methods()[method].run(**given)

    def _move(self, worker: Worker, taken: list[Any] | None) -> tuple[list[tuple[str, str]], int]:
        """The calls that leave, by name, with their papers, and how many things are left."""
        places = None if taken is None else {tuple(one) for one in taken}

        def is_taken(flow: Flow) -> bool:
            return places is None or flow.reliable or (flow.transport, *flow.local) in places

        papers: list[tuple[str, str]] = []

        def move(now: float) -> None:
            for call, paper in list(movable(worker.engine, is_taken))[:MOVED_TOGETHER]:
                papers.append((paper.record.call, paper.model_dump_json()))
                call.move()

        worker.work(move)
        return papers, left(worker.engine, self._loop.time())


def _gauges(worker: Worker) -> dict[str, float]:
    engine = worker.engine
    phases = [call.phase for call in engine.calls]
    pages = int(File("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return {
        "alive": engine.calls_alive,
        "setting_up": phases.count(Phase.SETTING_UP),
        "up": phases.count(Phase.UP),
        "transactions": len(engine.core.transactions),
        "internal_errors": worker.internal_errors,
        "resident": pages * resource.getpagesize(),
        "blocks": sys.getallocatedblocks(),
        "cpu": time.process_time(),
        "fds": len(list(File("/proc/self/fd").iterdir())),
    }


def _secrets(values: Secrets) -> dict[str, Secret]:
    return {
        name: Secret(value.decode("utf-8", "surrogateescape")) for name, value in values.items()
    }


def _anywhere(flow: Flow) -> bool:
    """Whoever comes next is reached at every address."""
    return True


async def _work(connection: socket.socket, table: int, loans: socket.socket) -> None:
    desk = Desk(connection, table, loans)
    try:
        await desk.over.wait()
    finally:
        await desk.close()


def main() -> None:
    """Work until the parent has no more use for it."""
    parent = os.getppid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    # A parent that was killed is noticed at the pipe; this is for a worker that hangs as well.
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        return
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="sipfo: %(message)s")
    connection, table, loans = (int(word) for word in sys.argv[1:4])
    asyncio.run(_work(socket.socket(fileno=connection), table, socket.socket(fileno=loans)))


if __name__ == "__main__":
    main()
