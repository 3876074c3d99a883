"""One server from its start to its end: signals, the control socket, systemd, a successor.

SIGHUP, `systemctl reload` and `sipfo reload` are the same; so are SIGTERM and `sipfo drain`. What
would surprise: a server that has been taken over ends by itself, when nothing of it is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from importlib.metadata import version
from typing import Any, Final

import click

from sipfo.cli.api import Api
from sipfo.cli.keeping import Keeper
from sipfo.cli.living import Living
from sipfo.cli.log import Log
from sipfo.cli.reloading import CannotReload, Reloaded, Reloader
from sipfo.runtime.jsonrpc import INVALID_PARAMS, REFUSED, Fault, Method
from sipfo.runtime.wire.control import CannotControl, ControlSocket
from sipfo.runtime.wire.doors import Place
from sipfo.runtime.wire.metrics import CannotShow
from sipfo.runtime.wire.notify import Notifier
from sipfo.runtime.wire.server import Server
from sipfo.runtime.wire.stored import CALLS, name_of, write_estate

_log = logging.getLogger("sipfo")

LONGEST_GRACE: Final = 86400.0

REPLACED_WITHIN: Final = 60.0
"""Seconds that a successor has to take over."""

POLL: Final = 0.05

_NOT_FOR_A_SUCCESSOR: Final = ("WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
"""What systemd says to one process alone."""


class Life:
    """One server from its start to its end."""

    def __init__(
        self,
        living: Living,
        server: Server,
        reloader: Reloader,
        log: Log,
        keeper: Keeper,
        api: Api,
    ) -> None:
        self._living = living
        self._keeper = keeper
        self._api = api
        self._server = server
        self._reloader = reloader
        self._log = log
        self._notifier = Notifier()
        self._grace = living.grace
        self._stop, self._at_once = asyncio.Event(), asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stored: set[Place] = set()
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()

    async def live(self, ready: Callable[[], None]) -> None:
        """Serve until told to stop, and then until the calls are over; `ready` is called when
        everything is there. Raises CannotControl."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(number, self._told)
        self._loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        succession = self._server.succession
        succession.on_taken = lambda: self._start(self._hand_on())
        succession.on_back = lambda: self._start(self._back())
        succession.on_end = self._told
        control = await self._open_control()
        try:
            ready()
            if self._living.take_over:
                self._notifier.main_process(os.getpid())
            self._notifier.ready()
            self._notifier.watch(lambda: not succession.taken.is_set())
            self._notifier.drop(CALLS)  # what was left to us is ours
            self._store()
            if await self._first_of(self._stop, succession.over) is succession.over:
                self._server.say("taken over: nothing is left here")
            else:
                self._notifier.stopping()
                await self._end()
                self._server.part()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            if control is not None:
                await control.close()
            self._notifier.close()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                self._loop.remove_signal_handler(number)
                signal.signal(number, signal.SIG_IGN)  # we are going as fast as we can

    async def _open_control(self) -> ControlSocket | None:
        path = self._living.control_path
        if path is None:
            return None
        try:
            methods = {**self._server.methods(), **self._methods()}
            return await ControlSocket.open(path, methods, replace=self._living.take_over)
        except CannotControl as error:
            if self._living.control is not None:
                raise
            _log.warning("no control socket: %s", error)  # nobody asked for one by name
            return None

    def _methods(self) -> dict[str, Method]:
        return {
            "core.uptime": Method(self._uptime),
            "core.version": Method(lambda: f"sipfo {version('sipfo')}"),
            "core.shutdown": Method(self._shutdown, may=("grace",)),
            "sipfo.reload": Method(self._reload),
            "sipfo.replace": Method(self._replace),
        }

    def _uptime(self) -> object:
        return {"uptime": round(self._loop.time() - self._since, 3)}

    async def _shutdown(self, grace: object = None) -> object:
        if grace is not None:
            try:
                seconds = float(str(grace))
            except ValueError:
                seconds = -1.0
            if not 0 <= seconds <= LONGEST_GRACE:
                raise Fault(INVALID_PARAMS, "grace: seconds that calls under way are given")
            self._grace = seconds
        await self._server.refresh()
        self._told()
        return {"calls": self._server.calls_alive, "grace": self._grace}

    async def _reload(self) -> object:
        try:
            found = await self._reload_now()
        except CannotReload as error:
            said = str(error)
            raise Fault(REFUSED, said.partition("\n")[0], said) from None
        return {"changed": found.changed, "text": found.text, "difference": found.difference}

    async def _reload_now(self) -> Reloaded:
        """Raises CannotReload. Whoever asked, the log has what came of it."""
        self._notifier.reloading()
        try:
            found = await self._reloader.reload()
        except CannotReload as error:
            self._say("the plan in force stays", str(error))
            raise
        finally:
            self._notifier.ready()
        self._store()
        if found.changed:
            self._say("another plan is in force", found.text)
        else:
            self._say(found.text)
        return found

    def _say(self, what: str, text: str = "") -> None:
        for line in (what, *text.splitlines()):
            if line.strip():
                self._server.say(f"reload: {line}")

    def _told(self) -> None:
        (self._at_once if self._stop.is_set() else self._stop).set()

    def _hung_up(self) -> None:
        async def reload() -> None:
            with contextlib.suppress(CannotReload):  # the log has it
                await self._reload_now()

        self._start(reload())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _first_of(self, *events: asyncio.Event) -> asyncio.Event:
        waiting = {asyncio.create_task(event.wait()): event for event in events}
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        return waiting[next(iter(done))]

    async def _replace(self) -> object:
        """Start another process with the command line that started this one, to take over."""
        if self._server.succession.objection:
            raise Fault(REFUSED, self._server.succession.objection)
        successor = _successor()
        end = self._loop.time() + REPLACED_WITHIN
        while not self._server.succession.taken.is_set():
            if successor.poll() is not None:
                raise Fault(
                    REFUSED, f"the successor ended with {successor.returncode}: see the log"
                )
            if self._loop.time() > end:
                successor.kill()
                raise Fault(REFUSED, f"the successor was not ready within {REPLACED_WITHIN:g} s")
            await asyncio.sleep(POLL)
        return {"pid": successor.pid}

    async def _hand_on(self) -> None:
        """Another process serves what can be served once."""
        await self._api.close()
        await self._keeper.hand_on()

    async def _back(self) -> None:
        """The successor is gone."""
        self._notifier.main_process(os.getpid())
        self._notifier.ready()
        try:
            await self._keeper.take_back()
            await self._api.open_again()
        except (CannotShow, click.ClickException) as error:
            _log.error("%s", error)

    def _store(self) -> None:
        """Have systemd keep every socket, for whoever comes after us, however we end."""
        if not self._notifier.is_heard:
            return
        now = self._server.doors.descriptors()
        for place in self._stored - now.keys():
            self._notifier.drop(name_of(place))
        for place in sorted(now.keys() - self._stored):
            self._notifier.store(name_of(place), [now[place]])
        self._stored = set(now)

    async def _end(self) -> None:
        """Wait for the calls under way, unless told a second time."""
        await self._server.refresh()
        alive = self._server.calls_alive
        if alive:
            self._log.draining(alive, self._grace)
        work = self._leave() if self._leaves else self._server.drain(self._grace)
        drain = asyncio.create_task(work)
        second = asyncio.create_task(self._at_once.wait())
        await asyncio.wait((drain, second), return_when=asyncio.FIRST_COMPLETED)
        if not drain.done():
            drain.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await drain
            await self._server.drain(0)
        second.cancel()

    @property
    def _leaves(self) -> bool:
        taken = self._server.succession.taken.is_set()  # then the successor leaves them
        return self._living.leave_calls and self._notifier.is_heard and not taken

    async def _leave(self) -> None:
        """Leave the calls that are up to the next process, and end the others."""
        estate = await self._server.leave(self._grace)
        descriptor = write_estate(estate)
        self._notifier.store(CALLS, [descriptor])
        os.close(descriptor)
        if estate.calls:
            self._server.say(f"{len(estate.calls)} calls are left to the next process")


def _successor() -> subprocess.Popen[bytes]:
    """Another process with our command line; not asyncio's, which would end it with our loop."""
    words = [*sys.argv[1:], *(["--take-over"] if "--take-over" not in sys.argv else [])]
    around = {name: os.environ[name] for name in os.environ if name not in _NOT_FOR_A_SUCCESSOR}
    command = [sys.executable, "-P", "-m", "sipfo.cli.main", *words]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, env=around)
