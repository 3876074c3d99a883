"""Two processes at the same addresses, until the older one has nothing left: what comes to one and
is the other's goes over a Unix socket between them.

The successor reads every socket that it took; the predecessor still sends on them, and keeps its
TCP and TLS connections. What would surprise: a call moves by one line that the predecessor writes,
and a message that crossed that line comes back behind it, so that neither is ever lost between.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import socket
from collections.abc import Callable, Collection
from itertools import islice
from typing import Any, Final, Protocol

from sipfo.runtime.call import Call
from sipfo.runtime.engine import Engine
from sipfo.runtime.estate import (
    CallPaper,
    RecordPaper,
    UnreadableEstate,
    read_call,
    read_record,
)
from sipfo.runtime.heritage import Whose, adopt, left, movable, whose
from sipfo.runtime.record import Record
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.wire.crew import Crew
from sipfo.runtime.wire.doors import Place

_log = logging.getLogger("sipfo")

LONGEST_LINE: Final = 256 * 1024 * 1024
"""Bytes of one line: an estate is one."""

MOST_WAITING: Final = 32 * 1024 * 1024
"""Bytes that the other process may leave unread, before it is taken for dead."""

POLL: Final = 0.05
"""Seconds between looks at which calls can move."""

MOVED_TOGETHER: Final = 500
"""Calls that move at one look, so that moving thousands keeps no call waiting."""


class Shell(Protocol):
    """A server, as a link needs it."""

    crew: Crew | None
    """Its workers, if it has any."""

    @property
    def engine(self) -> Engine:
        """Its engine, or the one that leads."""

    def handle(self, data: bytes, flow: Flow) -> None:
        """Take a message for its own."""

    def put(self, flow: Flow, data: bytes) -> None:
        """Send from here."""

    def fail(self, flow: Flow) -> None:
        """A flow is of no use any more."""

    def work(self, do: Callable[[float], None]) -> None:
        """Do something with the engine, at a time."""

    def tell(self, record: Record) -> None:
        """Tell whoever listens of a record."""

    def say(self, text: str) -> None:
        """Report a notice."""


class Link:
    """One end."""

    def __init__(
        self, shell: Shell, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._shell = shell
        self._reader = reader
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._theirs: dict[int, Flow] = {}
        self.is_open = True

    def part(self) -> None:
        """Say that this process was told to end: the other one, if it is the older, is to end too
        and not to serve again."""
        self._write({"told": True})

    async def close(self) -> None:
        """Tell the other end nothing more."""
        self.is_open = False
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    def passes_on(self, data: bytes, flow: Flow) -> bool:
        """Whether a message that came here is given to the other process, or may be yet."""
        crew = self._shell.crew
        if whose(self._shell.engine, data, self._loop.time()) is Whose.OURS:
            return False
        if crew is None or not self._may_have(crew, data) or not crew.offers(data, flow):
            self.gives_back(data, flow)
        return True

    def _may_have(self, crew: Crew, data: bytes) -> bool:
        """Whether a worker here is asked about a message before the other process is."""
        return crew.is_ours(data)

    def gives_back(self, data: bytes, flow: Flow) -> None:
        """A message belongs to nothing here."""
        self._write({"in": flow, "data": _text(data)})

    def sends(self, flow: Flow, data: bytes) -> bool:
        """Whether the other process sends it: on a connection that is open there."""
        if flow.connection not in self._theirs:
            return False
        self._write({"out": flow, "data": _text(data)})
        return True

    def keeps(self, record: Record) -> bool:
        """Whether the other process is told of a record, in place of whoever is here."""
        return False

    def failed(self, flow: Flow) -> None:
        """A flow failed here, on which the other process may wait."""
        self._write({"failed": flow})

    async def serve(self) -> None:
        """Take what the other end says, until it says no more."""
        try:
            while self.is_open and (line := await self._reader.readline()):
                self._take(json.loads(line))
        except ConnectionError:
            self.is_open = False  # it has ended, with something unread
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("the link between two processes broke: %s", error)
        self.is_open = False
        theirs, self._theirs = self._theirs, {}
        for flow in theirs.values():
            self._shell.fail(flow)

    def _take(self, said: dict[str, Any]) -> None:
        raise NotImplementedError

    def _write(self, line: object) -> None:
        self._write_line(json.dumps(line).encode())

    def _write_line(self, line: bytes) -> None:
        if not self.is_open:
            return
        self._writer.write(line + b"\n")
        if self._writer.transport.get_write_buffer_size() > MOST_WAITING:
            self._writer.transport.abort()

    def _remember(self, flow: Flow) -> None:
        """A connection of the other process."""
        if flow.connection is not None:
            self._theirs[flow.connection] = flow

    def _flow(self, said: Any) -> Flow:
        transport, local, remote, connection, name, within = said
        return Flow(
            transport,
            (local[0], local[1]),
            (remote[0], remote[1]),
            connection,
            name,
            within,
        )


class ToPredecessor(Link):
    """The successor's end."""

    def __init__(
        self,
        shell: Shell,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        over: Callable[[], None],
    ) -> None:
        """`over` is told when nothing more is to be passed on."""
        super().__init__(shell, reader, writer)
        self._over = over

    def _take(self, said: dict[str, Any]) -> None:
        if "over" in said:
            self._over()
            self._writer.write_eof()  # what it was given before still comes back
        elif "call" in said:
            self._adopt(said["call"])
        elif "failed" in said:
            flow = self._flow(said["failed"])
            self._theirs.pop(flow.connection or 0, None)
            self._shell.fail(flow)
        elif "out" in said:
            self._shell.put(self._flow(said["out"]), _data(said))
        elif "in" in said:
            flow = self._flow(said["in"])
            self._remember(flow)
            self._shell.handle(_data(said), flow)
        elif "record" in said:
            self._shell.tell(read_record(said["record"]))
        elif "back" in said:
            self._shell.handle(_data(said), self._flow(said["back"]))

    def _adopt(self, text: str) -> None:
        try:
            paper = read_call(text)
        except UnreadableEstate as error:
            self._shell.say(f"a call of the process before is lost: {error}")
            return
        for leg in (paper.near, paper.far):
            self._remember(leg.flow)
        crew = self._shell.crew
        if crew is not None:
            crew.adopt(paper)
            return
        self._shell.work(lambda now: adopt(self._shell.engine, paper, now))


class ToSuccessor(Link):
    """The predecessor's end."""

    def __init__(
        self,
        shell: Shell,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        taken: Collection[Place],
    ) -> None:
        """`taken` is where the successor is reached."""
        super().__init__(shell, reader, writer)
        self.was_told = False
        """Whether the successor ends because it was told to."""
        self._taken = frozenset(taken)

    def gives_back(self, data: bytes, flow: Flow) -> None:
        """A message belongs to nothing here, whichever process it came to."""
        came_here = flow.connection is not None and flow.connection not in self._theirs
        self._write({"in" if came_here else "back": flow, "data": _text(data)})

    def _may_have(self, crew: Crew, data: bytes) -> bool:
        """What belongs to nothing yet began here, if it has begun at all."""
        return True

    def keeps(self, record: Record) -> bool:
        """Every one: whoever has the calls keeps their records."""
        if self.is_open:
            self._write({"record": RecordPaper(record=record).model_dump_json()})
        return self.is_open

    async def move_all(self) -> None:
        """Move each call when it can, until nothing is left here or the successor is gone."""
        while self.is_open:
            self._shell.work(self._move_some)
            remain = left(self._shell.engine, self._loop.time())
            if self._shell.crew is not None:
                remain += await self._move_theirs(self._shell.crew)
            if not remain:
                self._write({"over": True})
                return
            await asyncio.sleep(POLL)

    async def _move_theirs(self, crew: Crew) -> int:
        """The same for what workers have; how much is left there."""
        papers, remain = await crew.move(self._taken)
        for paper in papers:
            self._write({"call": paper})
        return remain

    def _move_some(self, now: float) -> None:
        moving = list(islice(movable(self._shell.engine, self._is_taken), MOVED_TOGETHER))
        for call, paper in moving:
            self._move(call, paper)

    def _move(self, call: Call, paper: CallPaper) -> None:
        self._write({"call": paper.model_dump_json()})
        call.move()

    def _is_taken(self, flow: Flow) -> bool:
        """A connection stays, and is reached through us; a datagram must find its socket there."""
        return flow.reliable or (flow.transport, *flow.local) in self._taken

    def _take(self, said: dict[str, Any]) -> None:
        if "in" in said:
            flow, data = self._flow(said["in"]), _data(said)
            self._remember(flow)
            crew = self._shell.crew
            if whose(self._shell.engine, data, self._loop.time()) is Whose.OURS:
                self._shell.handle(data, flow)
            elif crew is None or not crew.offers(data, flow):
                self.gives_back(data, flow)
        elif "failed" in said:
            flow = self._flow(said["failed"])
            self._theirs.pop(flow.connection or 0, None)
            self._shell.fail(flow)
        elif "out" in said:
            self._shell.put(self._flow(said["out"]), _data(said))
        elif "told" in said:
            self.was_told = True


async def opened(connection: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The streams of a connected Unix socket."""
    connection.setblocking(False)
    return await asyncio.open_unix_connection(sock=connection, limit=LONGEST_LINE)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _data(said: dict[str, Any]) -> bytes:
    return base64.b64decode(said["data"])
