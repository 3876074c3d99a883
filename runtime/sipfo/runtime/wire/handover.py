"""A running server to its successor: the sockets by SCM_RIGHTS, then the calls over a link.

    successor                         predecessor
    sipfo.hand_over (JSON-RPC)   ─▶   still serving
                                 ◀─   where it listens, and a descriptor for each
    the places it wants          ─▶   stops reading those
                                 ◀─   what it knows of targets (an estate)
    taken; reads every socket    ─▶   moves its calls (`link`), and ends when nothing is left

Until "taken", whatever fails leaves the predecessor as it was. What would surprise: no datagram is
lost between the two, because a socket that nobody reads keeps what comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final, Protocol

from sipfo.runtime.estate import FORMAT, Estate, read_estate
from sipfo.runtime.heritage import estate_of
from sipfo.runtime.jsonrpc import INVALID_PARAMS, REFUSED, Fault, Method
from sipfo.runtime.wire.control import Takeover
from sipfo.runtime.wire.doors import CannotListen, Doors, Place
from sipfo.runtime.wire.link import Link, Shell, ToPredecessor, ToSuccessor, opened

_log = logging.getLogger("sipfo")

ASKED_WITHIN: Final = 10.0
"""Seconds that a predecessor has to hand its sockets over."""

READY_WITHIN: Final = 60.0
"""Seconds that a successor has to open what is new to it."""

TAKEN_WITHIN: Final = 20.0
"""Seconds during which nobody reads, at the very most."""

ENDED_WITHIN: Final = 5.0
"""Seconds that a successor has to take back what it had passed on."""

LONGEST_HEAD: Final = 1024 * 1024


class CannotTakeOver(OSError):
    """Whoever listens at the control socket hands nothing over; the message says why."""


class Host(Shell, Protocol):
    """A server, as a hand-over needs it."""

    doors: Doors
    link: Link | None

    def take_in(self, estate: Estate) -> None:
        """Go on where another server stopped."""


class Legacy(Protocol):
    """What a server starts with when another one was there before."""

    @property
    def has_calls(self) -> bool:
        """Whether calls are up that this process did not set up."""

    @property
    def sockets(self) -> Mapping[Place, socket.socket]:
        """Bound sockets to use in place of new ones."""

    async def take(self, server: Host, places: Collection[Place]) -> None:
        """Everything is open: go on where the other stopped. Raises CannotTakeOver."""

    def close(self) -> None:
        """Let go of what was not used."""


class Predecessor:
    """A running process that has agreed to hand over, and still serves."""

    has_calls = True

    def __init__(self, connection: socket.socket, sockets: dict[Place, socket.socket]) -> None:
        self.sockets = sockets
        self._connection = connection
        self._following: asyncio.Task[None] | None = None

    @classmethod
    def ask(cls, path: Path) -> Predecessor | None:
        """Ask who listens at a control socket for its sockets; None if nobody does. Raises
        CannotTakeOver."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sockets: dict[Place, socket.socket] = {}
        try:
            connection.settimeout(ASKED_WITHIN)
            try:
                connection.connect(str(path))
            except (FileNotFoundError, ConnectionRefusedError):
                connection.close()
                return None
            asked = {"jsonrpc": "2.0", "id": 1, "method": "sipfo.hand_over", "params": [FORMAT]}
            connection.sendall(json.dumps(asked).encode() + b"\n")
            for transport, host, port in _places(_head(connection)):
                _, descriptors, _, _ = socket.recv_fds(connection, 1, 1)
                if not descriptors:
                    raise CannotTakeOver(f"cannot take over from {path}: it stopped")
                sockets[transport, host, port] = socket.socket(fileno=descriptors[0])
        except (OSError, ValueError, KeyError, TypeError) as error:
            connection.close()
            for one in sockets.values():
                one.close()
            if isinstance(error, CannotTakeOver):
                raise
            raise CannotTakeOver(f"cannot take over from {path}: {error}") from None
        return cls(connection, sockets)

    async def take(self, server: Host, places: Collection[Place]) -> None:
        """See Legacy."""
        reader, writer = await opened(self._connection)

        def over() -> None:
            server.link = None

        link = ToPredecessor(server, reader, writer, over)
        try:
            writer.write(json.dumps({"ready": sorted(places)}).encode() + b"\n")
            async with asyncio.timeout(TAKEN_WITHIN):
                line = await reader.readline()
            estate = read_estate(line)
        except (OSError, ValueError) as error:  # TimeoutError and UnreadableEstate are among them
            await link.close()
            raise CannotTakeOver(f"the process before handed nothing over: {error}") from None
        server.take_in(estate)
        for place in places:
            self.sockets.pop(place, None)
        writer.write(b'{"taken": true}\n')  # before anything else goes that way
        server.link = link
        await server.doors.begin()
        self._following = asyncio.create_task(self._follow(server, link))

    async def _follow(self, server: Host, link: ToPredecessor) -> None:
        await link.serve()
        server.link = None
        await link.close()
        server.say("the process before is gone: everything is here")

    def close(self) -> None:
        """See Legacy."""
        if self._following is None:
            self._connection.close()
        for one in self.sockets.values():
            one.close()


class Succession:
    """The predecessor's side: at most one successor at a time."""

    def __init__(self, server: Host) -> None:
        self.taken = asyncio.Event()
        """Set while a successor has taken over."""
        self.over = asyncio.Event()
        """Nothing is left here: the process can go."""
        self._server = server
        self._is_leaving = False
        self.on_taken: Callable[[], None] = _nothing
        self.on_back: Callable[[], None] = _nothing
        """Told when a successor has taken over, and when it is gone before we are."""
        self.on_end: Callable[[], None] = _nothing
        """Told after `on_back` when the successor went because it was told to: so must we."""

    @property
    def method(self) -> Method:
        """What a successor calls."""
        return Method(self._asked, ("format",))

    @property
    def objection(self) -> str:
        """Why nobody can take over now; empty when somebody can. Two processes can share what
        comes in, and three cannot."""
        if self._is_leaving:
            return "another process is taking over already"
        if self._server.link is not None:
            return "the process before is not over yet, and says so when it is: try again then"
        return ""

    def _asked(self, format: object) -> object:
        if not isinstance(format, int):
            raise Fault(INVALID_PARAMS, "format: a number")
        if self.objection:
            raise Fault(REFUSED, self.objection)
        return Takeover(lambda connection: self._leave(connection, format == FORMAT))

    async def _leave(self, connection: socket.socket, moves: bool) -> None:
        """Hand over; `moves`: whether the successor can read calls."""
        self._is_leaving = True
        link = writer = None
        try:
            await _send_sockets(connection, self._server.doors.descriptors())
            reader, writer = await opened(connection.dup())
            places = await _ready(reader)
            link = ToSuccessor(self._server, reader, writer, places if moves else ())
            self._server.doors.hand_on(places)
            estate = self._estate()
            writer.write(estate.model_dump_json().encode() + b"\n")
            async with asyncio.timeout(TAKEN_WITHIN):
                if "taken" not in json.loads(await reader.readline()):
                    raise ValueError("it did not take over")
            await self._accompany(link)
        except (OSError, ValueError, TypeError, KeyError, IndexError) as error:
            _log.warning("no successor took over: %s", error or type(error).__name__)
        finally:
            self._is_leaving = False
            if link is not None:
                await link.close()
            elif writer is not None:
                writer.close()
            if not self.over.is_set():
                await self._take_back()
                if link is not None and link.was_told:
                    self.on_end()

    def _estate(self) -> Estate:
        now = asyncio.get_running_loop().time()
        return estate_of(self._server.engine, (), now)

    async def _accompany(self, link: ToSuccessor) -> None:
        """Until nothing is left here, or the successor is gone."""
        self._server.link = link
        self.taken.set()
        self.on_taken()
        serving = asyncio.create_task(link.serve())
        moving = asyncio.create_task(link.move_all())
        try:
            await asyncio.wait((serving, moving), return_when=asyncio.FIRST_COMPLETED)
            if moving.done() and link.is_open:
                self._server.engine.draining = True
                await asyncio.wait((serving,), timeout=ENDED_WITHIN)
                self.over.set()
        finally:
            self._server.link = None
            for task in (serving, moving):
                task.cancel()
            await asyncio.gather(serving, moving, return_exceptions=True)

    async def _take_back(self) -> None:
        """No successor: serve again."""
        with contextlib.suppress(CannotListen):  # a listener that somebody else has by now
            await self._server.doors.take_back()
        if self.taken.is_set():
            self.taken.clear()
            self.on_back()
            self._server.say("the successor is gone: serving again")


def _nothing() -> None:
    """Nobody needs to know."""


def _head(connection: socket.socket) -> dict[str, object]:
    """The first line, and no byte of what follows it. Raises OSError and ValueError."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte or len(line) > LONGEST_HEAD:
            raise CannotTakeOver("cannot take over: it hands nothing over")
        line += byte
    head = json.loads(line)
    if "error" in head:
        raise CannotTakeOver(f"cannot take over: {head['error']['message']}")
    found: dict[str, object] = head
    return found


def _places(head: Mapping[str, object]) -> list[Place]:
    listed = head["sockets"]
    if not isinstance(listed, list):
        raise TypeError("no list of sockets")
    return [(str(transport), str(host), int(port)) for transport, host, port in listed]


async def _send_sockets(connection: socket.socket, descriptors: Mapping[Place, int]) -> None:
    loop = asyncio.get_running_loop()
    head = json.dumps({"sockets": list(descriptors)}).encode() + b"\n"
    await loop.sock_sendall(connection, head)
    for descriptor in descriptors.values():
        async with asyncio.timeout(ASKED_WITHIN):
            while True:
                with contextlib.suppress(BlockingIOError):
                    socket.send_fds(connection, [b"."], [descriptor])
                    break
                await asyncio.sleep(0.001)  # the other end takes them one by one


async def _ready(reader: asyncio.StreamReader) -> frozenset[Place]:
    async with asyncio.timeout(READY_WITHIN):
        line = await reader.readline()
    said = json.loads(line) if line else {}
    if "ready" not in said:
        raise ValueError("it went away")
    return frozenset((str(one[0]), str(one[1]), int(one[2])) for one in said["ready"])
