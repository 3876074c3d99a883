"""The web server in a thread with a loop of its own, so that no call waits for a client of the API.

Two threads share one interpreter: while the API reads JSON, calls go on within the few milliseconds
after which Python lets another thread run, whatever a client sends. In the loop of calls a request
would hold every packet for as long as it takes. What would surprise: the socket is bound by whoever
starts the thread, before it does, so that an address that cannot be had is told at once.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from typing import Final

import uvicorn
from starlette.applications import Starlette

LEAVING: Final = 1.0
"""Seconds that requests under way are given at the end."""

BACKLOG: Final = 128
MOST_REQUESTS: Final = 128
"""Connections and requests at once; one more is a 503."""


class CannotServeApi(OSError):
    """The address of the API cannot be bound; says why."""


class ApiThread:
    """A thread that serves an application until it is closed."""

    def __init__(self, host: str, port: int) -> None:
        """Bind the address. Raises CannotServeApi."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
            self._socket.listen(BACKLOG)
        except OSError as error:
            self._socket.close()
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise CannotServeApi(f"cannot serve the API at {host} port {port}: {reason}") from None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port, also when any was asked for."""
        return int(self._socket.getsockname()[1])

    def start(self, make: Callable[[asyncio.AbstractEventLoop], Starlette]) -> None:
        """Serve what `make` makes of the thread's loop; returns when the loop is there."""
        loop = asyncio.new_event_loop()
        config = uvicorn.Config(
            make(loop),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            limit_concurrency=MOST_REQUESTS,
            timeout_graceful_shutdown=int(LEAVING),
            h11_max_incomplete_event_size=16 * 1024,
            ws="none",
        )
        self._server = server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._run, args=(loop, server), name="sipfo-api", daemon=True
        )
        self._thread.start()

    def _run(self, loop: asyncio.AbstractEventLoop, server: uvicorn.Server) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(server.serve(sockets=[self._socket]))
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    async def close(self) -> None:
        """Serve no more; what is under way has a moment."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            await asyncio.to_thread(self._thread.join, LEAVING + 2.0)
            self._server = None
        self._socket.close()
