"""The control socket: JSON-RPC 2.0 over a Unix socket that only its owner can open.

The path is bound beside itself and moved into place, so that it is never there with another mode,
and so that a successor can take it over while we still listen. What would surprise: a method may
take the whole connection for itself (`Takeover`), which is how sockets are handed on.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sipfo.runtime.jsonrpc import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    Asked,
    Fault,
    Lines,
    Method,
    encode,
    failure,
    requests,
    result,
)

_log = logging.getLogger("sipfo")

LONGEST_REQUEST: Final = 64 * 1024
"""Bytes of one request."""

MOST_CONNECTIONS: Final = 32
"""Connections at once; one more is closed."""

IDLE: Final = 60.0
"""Seconds that a connection may say nothing."""

ANSWERED_WITHIN: Final = 2.0
"""Seconds that requests under way are given when the socket is closed."""

LONGEST_PATH: Final = 100
"""Bytes of a path: the kernel takes 107 (unix(7)), and a little is added while it is bound."""


class CannotControl(OSError):
    """The control socket cannot be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Takeover:
    """What a method returns to have the connection: `take` is given the socket and closes it."""

    take: Callable[[socket.socket], Awaitable[None]]


class ControlSocket:
    """One listening control socket."""

    def __init__(self, path: Path, methods: Mapping[str, Method]) -> None:
        """Use `open`."""
        self.path = path
        self._methods = methods
        self._serving: set[asyncio.Task[None]] = set()
        self._answering: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._inode = 0

    @classmethod
    async def open(
        cls, path: Path, methods: Mapping[str, Method], replace: bool = False
    ) -> ControlSocket:
        """Listen at a path, also where the socket of a dead process is left; where somebody
        answers, only to `replace` them. Raises CannotControl."""
        if len(os.fsencode(path)) > LONGEST_PATH:
            raise CannotControl(f"cannot listen on {path}: the path is too long for a socket")
        made = cls(path, methods)
        try:
            if not replace and _answers(path):
                raise CannotControl(f"cannot listen on {path}: another process does")
            made._bind()
        except CannotControl:
            made._socket.close()
            raise
        except OSError as error:
            made._socket.close()
            raise CannotControl(f"cannot listen on {path}: {error.strerror or error}") from None
        made._loop.add_reader(made._socket.fileno(), made._accept)
        return made

    async def close(self) -> None:
        """Listen no more, and end what is under way."""
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        with contextlib.suppress(OSError):
            if self.path.stat().st_ino == self._inode:  # not a successor's
                self.path.unlink()
        serving = [one for one in self._serving if one is not asyncio.current_task()]
        answering = self._answering.intersection(serving)
        if answering:  # what stopped us may be one of the requests
            await asyncio.wait(answering, timeout=ANSWERED_WITHIN)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    def _bind(self) -> None:
        beside = self.path.with_name(f".{os.getpid()}.tmp")
        beside.unlink(missing_ok=True)
        self._socket.setblocking(False)
        # On Linux the mode of a socket that is bound is that of its descriptor (unix(7)).
        os.fchmod(self._socket.fileno(), 0o600)
        self._socket.bind(str(beside))
        beside.chmod(0o600)
        self._socket.listen(MOST_CONNECTIONS)
        self._inode = beside.stat().st_ino
        beside.replace(self.path)

    def _accept(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError:
            return
        if len(self._serving) >= MOST_CONNECTIONS:
            connection.close()
            return
        connection.setblocking(False)
        task = self._loop.create_task(self._serve(connection))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        task.add_done_callback(self._answering.discard)

    async def _serve(self, connection: socket.socket) -> None:
        task = asyncio.current_task()
        assert task is not None  # `_accept` made it
        with connection, contextlib.suppress(OSError):  # a client that leaves is its own business
            lines, is_open = Lines(), True
            while is_open:
                async with asyncio.timeout(IDLE):
                    data = await self._loop.sock_recv(connection, LONGEST_REQUEST)
                is_open = bool(data)
                self._answering.add(task)
                for value in lines.feed(data) if is_open else lines.end():
                    takeover = await self._answer(value, connection)
                    if takeover is not None:
                        await takeover.take(connection)
                        return
                if lines.waiting > LONGEST_REQUEST:
                    fault = Fault(INVALID_REQUEST, f"longer than {LONGEST_REQUEST} bytes")
                    await self._loop.sock_sendall(connection, encode(failure(None, fault)))
                    return
                self._answering.discard(task)

    async def _answer(self, value: object, connection: socket.socket) -> Takeover | None:
        asked, is_batch = requests(value)
        responses: list[object] = []
        for one in asked:
            response = await self._do(one)
            if isinstance(response, Takeover):
                return response
            if response is not None:
                responses.append(response)
        if responses:
            answer = encode(responses if is_batch else responses[0])
            await self._loop.sock_sendall(connection, answer)
        return None

    async def _do(self, asked: Asked | Fault) -> dict[str, object] | Takeover | None:
        if isinstance(asked, Fault):
            return failure(None, asked)
        try:
            value = await self._run(asked)
        except Fault as fault:
            return None if asked.is_notification else failure(asked.id, fault)
        except Exception:  # noqa: BLE001 - a bug here must cost one request, never a call
            _log.exception("internal error in %s", asked.method[:64])
            return failure(asked.id, Fault(INTERNAL_ERROR, "internal error: see the log"))
        if isinstance(value, Takeover):
            return value
        return None if asked.is_notification else result(asked.id, value)

    async def _run(self, asked: Asked) -> object:
        method = self._methods.get(asked.method)
        if method is None:
            raise Fault(METHOD_NOT_FOUND, f"no method is called {asked.method[:64]!r}")
        value = method.run(**method.arguments(asked.params))
        return await value if inspect.isawaitable(value) else value


def _answers(path: Path) -> bool:
    """Whether a process listens at a path. Raises OSError for a path that is no socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            if path.exists() and not path.is_socket():
                raise FileExistsError(None, "a file that is no socket is there") from None
            return False
        except BlockingIOError:
            pass  # its backlog is full: it is alive
        return True
