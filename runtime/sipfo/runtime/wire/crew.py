"""The workers of one server: started, told what came, heard, and started again when they die.

    sockets ─ server ── steering ──▶ worker 1 … worker N ◀──▶ datagrams (`spread`)
                 ▲                        │
                 └── streams, records ◀───┘      counts: one table in memory (`shared`)

Each worker has whole calls. The server has every connection, book and page, and the engine that
leads: it probes, and says what is down. What begins comes to it. Over UDP the rest comes to the
worker that it is for, which answers by itself, unless somebody looks at messages here. What would
surprise: what comes for a worker that has died waits for the next of its number,
which answers 481 for the calls that died with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sipfo.plan.model import Plan
from sipfo.runtime.capability import CannotServe
from sipfo.runtime.control import drained
from sipfo.runtime.dialogname import Replaces
from sipfo.runtime.estate import CallPaper, Estate, read_call
from sipfo.runtime.health import Event, Path
from sipfo.runtime.heritage import estate_of
from sipfo.runtime.jsonrpc import REFUSED, Fault
from sipfo.runtime.limits import Limits
from sipfo.runtime.mapping import Mapping as AddressMapping
from sipfo.runtime.packing import Packed, unpacked
from sipfo.runtime.record import CallRecord, EndRecord
from sipfo.runtime.secret import Secret
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.steering import LEADER, Marks, Steering, a_generation
from sipfo.runtime.wire import entropy
from sipfo.runtime.wire.doors import Doors, Place
from sipfo.runtime.wire.hands import Hand, Leading, Shell
from sipfo.runtime.wire.loan import Address, connected, lend
from sipfo.runtime.wire.orders import Orders
from sipfo.runtime.wire.pipe import Pipe, Word
from sipfo.runtime.wire.shared import Table, TableFull, make_table
from sipfo.runtime.wire.spread import CannotSpread, Spread

_log = logging.getLogger("sipfo")

READY_WITHIN: Final = 120.0
"""Seconds that a worker has to start; a plan of a million prefixes takes some."""

ANSWERS_WITHIN: Final = 10.0
"""Seconds that a worker may take to answer a question."""

HANGS: Final = 60.0
"""Seconds without a word from a worker after which it is ended; to read a plan of a million prefixes
takes some."""

LOOK: Final = 2.0
"""Seconds between questions to every worker whether it is there."""

ENDED_WITHIN: Final = 2.0
"""Seconds that a worker has to end by itself."""

UNASKED: Final = 0
"""The number of a question whose answer nobody waits for."""

MOST_WAITING: Final = 20_000
"""What may wait for a worker that is not there yet; more is lost, as on any network."""

SOON: Final = 1.0
"""A worker that dies within so many seconds of its start is started again after as many."""


class Crew:
    """All of them."""

    def __init__(
        self,
        count: int,
        plan: Plan,
        mapping: AddressMapping,
        nameservers: Sequence[tuple[str, int]] | None,
        limits: Limits,
        is_seen: bool,
    ) -> None:
        """`count` workers; `is_seen` tells whether somebody looks at messages."""
        self.count = count
        self.marks = Marks(a_generation(entropy.draw))
        self._descriptor = make_table(len(plan.trunks) + len(plan.carriers), count + 1)
        self._table = Table(os.dup(self._descriptor), LEADER, count + 1)
        self.commons = Leading(self._table)
        self.commons.tell_all = self.tell_all
        self._mapping = mapping
        servers = None if nameservers is None else tuple(nameservers)
        self._nameservers = servers
        # What all strangers together may get is shared out; the rest is for each.
        self._limits = replace(limits, all_answers=limits.all_answers / count)
        self._is_seen = is_seen
        self._hands = [Hand(number) for number in range(1, count + 1)]
        self._lent: dict[Address, tuple[Sequence[socket.socket], bool]] = {}
        self._drains = False
        self._ends = False
        self._questions = 0
        self._past = {"cpu": 0.0, "internal_errors": 0.0}
        self._shell: Shell | None = None
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, shell: Shell, knows: Callable[[str], bool]) -> None:
        """Start every worker, and wait until they are there; `knows` tells whether a trunk accepts an
        address. Raises CannotServe."""
        self._shell = shell
        self.steering = Steering(self.marks, self.count, knows)
        self.make_room(shell.plan)
        for hand in self._hands:
            self._begin(hand)
        try:
            async with asyncio.timeout(READY_WITHIN):
                for hand in self._hands:
                    await hand.is_ready.wait()
        except TimeoutError:
            raise CannotServe("a worker did not start: see the log") from None
        self._run(self._look_after())

    def make_room(self, plan: Plan) -> None:
        """Have a row for each trunk and carrier. Raises CannotServe."""
        if plan.registrars:
            names = ", ".join(one.name for one in plan.registrars)
            raise CannotServe(
                f"a registrar ({names}) is kept by one process: start without --workers, or give each"
                " instance a process (--instance) and let them share the bindings (--bindings)"
            )
        try:
            for trunk in plan.trunks:
                self._table.row("trunk", trunk.name)
            for carrier in plan.carriers:
                self._table.row("carrier", carrier.name)
        except TableFull:
            raise CannotServe(
                "more trunks and carriers than there was room for at the start: restart, or start"
                " without --workers"
            ) from None

    def spread(self, host: str, port: int) -> Spread | None:
        """Sockets at an address of which each worker reads one; None where that cannot be. Raises
        OSError."""
        if self._is_seen:
            return None
        try:
            return Spread(
                *(host, port, self.count, self.marks.generation),
                lambda gathers: self.tell_all("gather", (host, port), gathers),
            )
        except CannotSpread as error:
            said = "the kernel takes no packet filter for %s port %d (%s; net.core.optmem_max may be small)"
            _log.warning(f"{said}: workers get its datagrams through the server", host, port, error)
            return None

    def share(self, doors: Doors) -> None:
        """Have the workers send on the sockets that are open, and read those that are for them."""
        if self._is_seen:
            return
        for address, one in doors.udp.items():
            if address in self._lent:
                continue
            spread = doors.spreads.get(address)
            others = [one.socket] * self.count if spread is None else spread.others
            self._lent[address] = (others, spread is not None)
            for hand in self._hands:
                if hand.is_ready.is_set():
                    self._lend(hand, address)

    async def unshare(self, addresses: Iterable[Address]) -> None:
        """Have them let go of the sockets at these."""
        gone = [address for address in addresses if self._lent.pop(address, None) is not None]
        if gone:
            await self.ask_all("worker.give_back", addresses=gone)

    def _lend(self, hand: Hand, address: Address) -> None:
        others, is_read = self._lent[address]
        if hand.lends is not None:
            lend(hand.lends, address, others[hand.number - 1], is_read)

    def takes(self, data: bytes, flow: Flow) -> bool:
        """Give a message to the worker that it is for; False if it is for the engine that leads."""
        number = self.steering.way(data, flow.remote[0])
        if number == LEADER:
            return False
        if data.startswith(b"REFER "):
            elsewhere = self.steering.named(data, number)
            if elsewhere is not None:
                self._run(self._refer(self._hands[number - 1], data, flow, *elsewhere))
                return True
        self._tell(self._hands[number - 1], ("in", data, tuple(flow)))
        return True

    async def _refer(self, hand: Hand, data: bytes, flow: Flow, there: int, said: Replaces) -> None:
        """A REFER names a dialog of another worker, which is asked for its other side first."""
        key = (said.call_id, said.to_tag, said.from_tag)
        with contextlib.suppress(TimeoutError, OSError, Fault):  # then it crosses as it is
            found = await self._ask(self._hands[there - 1], "worker.other_side", {"key": key})
            if found is not None:
                self._tell(hand, ("abroad", key, *found))
        self._tell(hand, ("in", data, tuple(flow)))

    def offers(self, data: bytes, flow: Flow) -> bool:
        """The same for a message that may be another server's: its worker says when it is."""
        number = self.steering.way(data, flow.remote[0])
        if number == LEADER:
            return False
        self._tell(self._hands[number - 1], ("try", data, tuple(flow)))
        return True

    def is_ours(self, data: bytes) -> bool:
        """Whether a message belongs to one of these workers by what is written in it."""
        return self.steering.is_written(data)

    def adopt(self, paper: CallPaper) -> None:
        """A call of another server goes on at a worker."""
        tags = [tag for one in (paper.near, paper.far) if (tag := one.local.address().tag)]
        hand = self._hands[self.steering.adopt(paper.near.call_id, tags) - 1]
        hand.up[paper.record.call] = paper.record
        self._tell(hand, ("adopt", paper.model_dump_json()))

    async def move(self, taken: Iterable[Place] | None) -> tuple[list[str], int]:
        """The papers of some calls that leave, and how many things are left; `taken`: where the next
        server is reached, everywhere if None."""
        where = None if taken is None else sorted(taken)
        papers: list[str] = []
        remain = 0
        for moved, there in await self.ask_all("worker.move", taken=where):
            for call, paper in moved:
                papers.append(paper)
                for hand in self._hands:
                    hand.up.pop(call, None)
            remain += there
        return papers, remain

    async def give_up_calls(self) -> list[CallPaper]:
        """Every call that can move, for another server; here it is none any more."""
        papers: list[CallPaper] = []
        while True:
            found, _ = await self.move(None)
            papers += map(read_call, found)
            if not found:
                return papers

    def learn(self) -> None:
        """Tell every worker what is known of targets."""
        for hand in self._hands:
            self._teach(hand)

    def _teach(self, hand: Hand) -> None:
        standing = self._at.engine.tenure.grounds.standing
        for path, target, is_down in standing.healths.states():
            self._tell(hand, ("turned", tuple(path), target, is_down))
        for target, until in standing.holds.until(self._loop.time()).items():
            self._tell(hand, ("held", target, until))
        self._tell(hand, ("disabled", standing.disabled.every))

    def fail(self, flow: Flow) -> None:
        """A flow is of no use any more."""
        self.tell_all("failed", tuple(flow))

    def tell_all(self, *word: Any) -> None:
        """Tell every worker."""
        for hand in self._hands:
            self._tell(hand, word)

    def drain(self) -> None:
        """No new calls from now on."""
        self._drains = True
        self.tell_all("drain")

    async def ask_all(self, method: str, **given: object) -> list[Any]:
        """What every worker answers that is there. Raises Fault if one refuses."""
        asked = [self._ask(hand, method, given) for hand in self._hands if hand.is_ready.is_set()]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        for one in answers:
            if isinstance(one, Fault) and one.code != REFUSED:
                raise one
        return [one for one in answers if not isinstance(one, BaseException)]

    async def succeed(self, plan: Plan, secrets: Mapping[str, Secret]) -> None:
        """Have every worker go by another plan. It comes before whatever is told them later."""
        await self.ask_all("worker.plan", plan=_crossing(plan, secrets))

    async def refresh(self) -> None:
        """Ask every worker what it has."""
        hands = [hand for hand in self._hands if hand.is_ready.is_set()]
        asked = [self._ask(hand, "worker.gauges", {}) for hand in hands]
        for hand, found in zip(
            hands, await asyncio.gather(*asked, return_exceptions=True), strict=True
        ):
            if isinstance(found, dict):
                hand.gauges = found

    def sum(self, name: str) -> float:
        """What all workers had when they were asked last, those that died too where it counts."""
        return self._past.get(name, 0.0) + sum(one.gauges.get(name, 0.0) for one in self._hands)

    async def close(self) -> None:
        """End every worker."""
        self._ends = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for hand in self._hands:
            if hand.pipe is not None:
                hand.pipe.say("end")
                hand.pipe.flush()
        for hand in self._hands:
            if hand.process is not None:
                await asyncio.to_thread(_ended, hand.process)
            if hand.pipe is not None:
                hand.pipe.close()
            if hand.lends is not None:
                hand.lends.close()
        self._table.close()
        os.close(self._descriptor)

    def _begin(self, hand: Hand) -> None:
        ours, theirs = socket.socketpair()
        hand.lends, borrows = connected()
        with theirs, borrows:
            words = (sys.executable, "-P", "-m", "sipfo.runtime.wire.worker")
            passed = (theirs.fileno(), self._descriptor, borrows.fileno())
            # A signal to the whole group must not end a worker before it is deaf to it.
            held = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
            before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
            try:
                hand.process = subprocess.Popen(
                    [*words, *map(str, passed)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=passed,
                )
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
        hand.started = self._loop.time()
        hand.plan = self._at.plan
        hand.pipe = Pipe(ours, lambda word: self._hear(hand, word), lambda: self._lost(hand))
        hand.pipe.say("start", pickle.dumps(self._orders(hand.number), pickle.HIGHEST_PROTOCOL))

    def _orders(self, number: int) -> Orders:
        shell = self._at
        estate = estate_of(shell.engine, (), self._loop.time()).model_copy(update={"placed": {}})
        assert isinstance(estate, Estate)  # a copy of one
        return Orders(
            shell.plan,
            _revealed(shell.secrets),
            self._mapping,
            self._nameservers,
            self._limits,
            self.marks.generation,
            number,
            self.count + 1,
            self._is_seen,
            self._drains,
            estate.model_dump_json(),
        )

    @property
    def _at(self) -> Shell:
        assert self._shell is not None  # `start` has it
        return self._shell

    def _tell(self, hand: Hand, word: Word) -> None:
        if hand.pipe is not None and hand.is_ready.is_set():
            hand.pipe.say(*word)
        elif word[0] in ("in", "try", "adopt") and len(hand.waiting) < MOST_WAITING:
            hand.waiting.append(word)

    def _hear(self, hand: Hand, word: Word) -> None:
        kind, shell = word[0], self._at
        hand.heard = self._loop.time()
        if kind == "out":
            shell.send(Flow(*word[1]), word[2])
        elif kind == "record":
            self._record(hand, word[1])
        elif kind == "recall":
            shell.recall(Flow(*word[1]), word[2])
        elif kind == "answer":
            self._answered(hand, *word[1:])
        elif kind == "held":
            self._held(hand, word[1], word[2])
        elif kind == "met":
            path, target, event = Path(*word[1]), word[2], Event[word[3]]
            healths = shell.engine.tenure.grounds.standing.healths
            shell.work(lambda now: healths.take(path, target, event))
        elif kind == "proven":
            guard = shell.engine.tenure.guard
            if guard is not None:
                guard.believe(word[1], self._loop.time())
        elif kind == "leg":
            shell.note_leg(word[1], word[2])
        elif kind == "legs over":
            shell.legs_over(word[1])
        elif kind == "came":
            shell.received(word[1], Flow(*word[2]))
        elif kind == "failed":
            shell.failed(Flow(*word[1]))
        elif kind == "not ours":
            shell.not_ours(word[1], Flow(*word[2]))
        elif kind == "ready":
            self._ready(hand)

    def _ready(self, hand: Hand) -> None:
        """It goes by what was in force when it was started; more may have come since."""
        hand.is_ready.set()
        shell = self._at
        if hand.plan is not shell.plan:
            crossing = _crossing(shell.plan, shell.secrets)
            self._tell(hand, ("ask", UNASKED, "worker.plan", {"plan": crossing}))
        for address in self._lent:
            self._lend(hand, address)
        self._teach(hand)
        if self._drains:
            self._tell(hand, ("drain",))
        self._tell(hand, ("drained", *drained(self._at.engine)))
        waiting, hand.waiting = hand.waiting, []
        for word in waiting:
            self._tell(hand, word)

    def _record(self, hand: Hand, said: Packed) -> None:
        record = unpacked(said, hand.up)
        if record is None:
            _log.error("worker %d tells of the end of a call that it never had", hand.number)
            return
        if isinstance(record, CallRecord) and record.ladder.result.kind == "answered":
            hand.up[record.call] = record
        elif isinstance(record, EndRecord):
            hand.up.pop(record.record.call, None)
        self._at.tell(record)

    def _held(self, hand: Hand, target: str, until: float) -> None:
        self._at.engine.tenure.grounds.standing.holds.go_on({target: until})
        for other in self._hands:
            if other is not hand:
                self._tell(other, ("held", target, until))

    async def _ask(self, hand: Hand, method: str, given: Mapping[str, object]) -> Any:
        self._questions += 1
        number = self._questions
        answer = self._loop.create_future()
        hand.asked[number] = answer
        self._tell(hand, ("ask", number, method, dict(given)))
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                return await answer
        finally:
            hand.asked.pop(number, None)

    def _answered(
        self, hand: Hand, number: int, value: object, fault: tuple[int, str] | None
    ) -> None:
        answer = hand.asked.get(number)
        if answer is None or answer.done():
            return
        if fault is None:
            answer.set_result(value)
        else:
            answer.set_exception(Fault(*fault))

    async def _look_after(self) -> None:
        """End a worker that hangs."""
        while True:
            await asyncio.sleep(LOOK)
            for hand in self._hands:
                if not hand.is_ready.is_set():
                    continue
                try:
                    hand.gauges = await self._ask(hand, "worker.gauges", {})
                except TimeoutError:
                    silent = self._loop.time() - hand.heard > HANGS
                    if silent and hand.process is not None and hand.process.poll() is None:
                        _log.error("worker %d hangs: ended", hand.number)
                        hand.process.kill()
                except (Fault, OSError):
                    continue  # it has died meanwhile, or says itself what is wrong

    def _lost(self, hand: Hand) -> None:
        """Its pipe is at its end: it has died."""
        if self._ends:
            return
        hand.is_ready.clear()
        hand.pipe = None
        if hand.lends is not None:
            hand.lends.close()
            hand.lends = None
        for answer in hand.asked.values():
            if not answer.done():
                answer.set_exception(OSError("the worker died"))
        self._run(self._replace(hand))

    async def _replace(self, hand: Hand) -> None:
        process = hand.process
        assert process is not None  # it had a pipe
        with contextlib.suppress(ProcessLookupError):
            process.kill()  # what it still did would be nobody's
        status = await asyncio.to_thread(process.wait)
        calls = self._table.lose(hand.number)
        for name in self._past:
            self._past[name] += hand.gauges.pop(name, 0.0)
        hand.gauges = {}
        up, hand.up = hand.up, {}
        why = f"signal {-status}" if status < 0 else f"status {status}"
        lost = f"{calls} call{'s' * (calls != 1)} lost"
        self._at.say(f"worker {hand.number} died ({why}): {lost}; it is started again")
        now = self._loop.time()
        for record in up.values():
            self._at.tell(EndRecord(record, "sipfo", now, lost=True))
        if now - hand.started < SOON:
            await asyncio.sleep(SOON)
        if not self._ends:
            self._begin(hand)

    def _run(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def pids(self) -> list[int]:
        """The process of each worker."""
        return [one.process.pid for one in self._hands if one.process is not None]


def _crossing(plan: Plan, secrets: Mapping[str, Secret]) -> bytes:
    return pickle.dumps((plan, _revealed(secrets)), pickle.HIGHEST_PROTOCOL)


def _revealed(secrets: Mapping[str, Secret]) -> dict[str, bytes]:
    return {name: secret.reveal() for name, secret in secrets.items()}


def _ended(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(ENDED_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
