"""`--api` and `--api-token` of `sipfo run`: the control API, and who may use it.

What would surprise: nothing of a web server is imported unless it is asked for, and a server that
runs without it needs none of it installed.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import stat
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from sipfo.cli.journal import CHANGES, Journal
from sipfo.cli.keeping import place
from sipfo.cli.log import told
from sipfo.cli.reading import Unusable
from sipfo.cli.reloading import CannotReload, Reloader
from sipfo.cli.secrets import read_secrets
from sipfo.plan.codec import write_plan
from sipfo.plan.model import Plan
from sipfo.runtime.row import moment
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.wire.server import Server

if TYPE_CHECKING:  # the web server comes with them
    from sipfo.runtime.record import Record
    from sipfo.runtime.wire.api.back import Back, Edit, Entry
    from sipfo.runtime.wire.api.problem import Problem, Rejected
    from sipfo.runtime.wire.api.shape import WhatIf

SECRET: Final = "SIPFO_API_TOKEN"
TOKEN: Final = ".token"
OPERATOR: Final = "operator"
SHORTEST: Final = 16
"""Characters of a token."""

SUPPOSED_WITHIN: Final = 20.0
LOOK_AGAIN: Final = 0.05
MOST_SUPPOSED: Final = 2
"""Calls that are played on the model at once."""

FREE_WITHIN: Final = 10.0
"""Seconds that another process is given to let the address go."""

NEEDED: Final = ("starlette", "uvicorn")


@dataclass(frozen=True, slots=True)
class ApiWanted:
    """What the options ask for."""

    place: tuple[str, int] | None = None
    exposed: bool = False
    token_file: Path | None = None

    def check(self) -> None:
        """Raises a ClickException for what cannot be."""
        if self.place is None:
            return
        missing = [one for one in NEEDED if find_spec(one) is None]
        if missing:
            raise click.ClickException(
                f"--api needs {' and '.join(missing)}: pip install 'sipfo[api]'"
            )
        if not ip_address(self.place[0]).is_loopback and not self.exposed:
            raise click.UsageError(
                f"--api {encode_host(*self.place)} is reached from other machines, without TLS: give"
                " a loopback address and put a proxy with TLS before it, or say --api-exposed"
            )

    def tokens(self, journal: Journal, secrets_file: str | None) -> tuple[dict[str, str], str]:
        """Names by token, and where the tokens are. Raises Unusable."""
        given = os.environ.get(SECRET)
        if secrets_file is not None:
            known = read_secrets(secrets_file).get(SECRET)
            given = known.reveal().decode(errors="replace") if known is not None else given
        if self.token_file is None and given is not None:
            return _checked({given: OPERATOR}, SECRET), f"the secret {SECRET}"
        path = self.token_file or journal.path.with_name(
            journal.path.name.removesuffix(CHANGES) + TOKEN
        )
        return _checked(_tokens_in(path), str(path)), str(path)


def _tokens_in(path: Path) -> dict[str, str]:
    """The tokens of a file, which is made if it is not there. Raises Unusable."""
    with suppress(FileExistsError):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise
        except OSError as error:
            raise Unusable(f"cannot write {path}: {error.strerror or error}") from None
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(
            f"cannot read {path}: {getattr(error, 'strerror', None) or 'no text'}"
        ) from None
    if mode & 0o077:
        raise Unusable(
            f"{path}: others may read or change it (mode {mode:04o})\nrun: chmod 600 {path}"
        )
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, token = line.strip().rpartition("=")
        if line.strip() and not line.startswith("#"):
            found[token] = name if equals else OPERATOR
    if not found:
        raise Unusable(f"{path} holds no token: a line is a token, or NAME=TOKEN")
    return found


def _checked(tokens: dict[str, str], where: str) -> dict[str, str]:
    if any(len(one) < SHORTEST or not one.isascii() or not one.isprintable() for one in tokens):
        raise Unusable(f"{where}: a token has at least {SHORTEST} letters and digits")
    return tokens


class Api:
    """The API of one server, while it is open."""

    def __init__(self, wanted: ApiWanted, journal: Journal, secrets_file: str | None) -> None:
        """Raises Unusable for tokens that cannot be used."""
        self._wanted = wanted
        self._journal = journal
        self._tokens, self._where = (
            wanted.tokens(journal, secrets_file) if wanted.place is not None else ({}, "")
        )
        self._thread: Any = None
        self._take: Callable[[Record], None] | None = None
        self._supposing = asyncio.Semaphore(MOST_SUPPOSED)

    @property
    def witnesses(self) -> list[Callable[[Record], None]]:
        """Who must be told of every record; nobody, if there is no API."""
        return [self._record] if self._wanted.place is not None else []

    def _record(self, record: Record) -> None:
        if self._take is not None:
            self._take(record)

    async def open(
        self,
        server: Server,
        reloader: Reloader,
        clock: Callable[[float], float],
        inherits: bool = False,
    ) -> None:
        """Serve it, if it is asked for; an address that it `inherits` when its process lets it go.
        Raises a ClickException."""
        if self._wanted.place is None:
            return
        self._server, self._reloader, self._clock = server, reloader, clock
        await self._serve(inherits)
        at = encode_host(self._wanted.place[0], self._thread.port)
        server.say(f"API at http://{at}, its token is in {self._where}")

    async def open_again(self) -> None:
        """The process that took over is gone."""
        if self._wanted.place is not None:
            await self._serve(inherits=True)

    async def _serve(self, inherits: bool) -> None:
        from sipfo.runtime.wire.api.app import application
        from sipfo.runtime.wire.api.events import Events
        from sipfo.runtime.wire.api.live import Live
        from sipfo.runtime.wire.api.telnyx import Telnyx
        from sipfo.runtime.wire.api.thread import ApiThread, CannotServeApi

        assert self._wanted.place is not None  # or nobody calls this
        end = time.monotonic() + (FREE_WITHIN if inherits else 0.0)
        while self._thread is None:
            try:
                self._thread = ApiThread(*self._wanted.place)
            except CannotServeApi as error:
                if time.monotonic() >= end:
                    raise click.ClickException(str(error)) from None
                await asyncio.sleep(LOOK_AGAIN)
        if inherits:
            try:
                await self._reloader.catch_up()
            except (CannotReload, Unusable) as error:
                self._server.say(f"api: what the process before has changed: {error}")
        back = self._back()

        def make(loop: asyncio.AbstractEventLoop) -> Any:
            events = Events(loop, lambda record: told(record, self._clock))
            self._take = events.take
            return application(Telnyx(back), Live(back, events), self._tokens)

        self._thread.start(make)

    async def close(self) -> None:
        """Serve it no more."""
        self._take = None
        if self._thread is not None:
            await self._thread.close()
            self._thread = None

    def _back(self) -> Back:
        from sipfo.runtime.wire.api.back import Back

        return Back(
            asyncio.get_running_loop(),
            self._server,
            lambda: self._reloader.situation,
            self._change,
            self._note,
            self._suppose,
            self._policy,
        )

    async def _change(self, edit: Edit) -> bool:
        if self._server.succession.taken.is_set():
            raise _one(503, "Taken over", "another process is about to serve this: try again")
        try:
            return await self._reloader.change(edit)
        except CannotReload as error:
            raise _rejected(error) from None

    async def _note(self, entry: Entry) -> None:
        line = {
            "time": moment(time.time()),
            "who": entry.who,
            "resource": entry.resource,
            "before": entry.before,
            "after": entry.after,
        }
        self._server.say(f"api: {entry.who} changed {entry.resource}: {_words(entry)}")
        try:
            await asyncio.to_thread(self._journal.note, line)
        except Unusable as error:
            self._server.say(f"api: {error.format_message()}")

    async def _suppose(self, wanted: WhatIf, plan: Plan) -> object:
        if self._supposing.locked():
            raise _one(503, "Busy", "as many calls are played as can be at once: try again")
        words = ["simulate", "/dev/stdin", f"--call={wanted.trunk}", f"--to={wanted.to}"]
        words += [f"--when={one}" for one in wanted.when]
        words += [f"--calls-before={wanted.calls_before}", "--format=json"]
        async with self._supposing:
            status, said, wrong = await _run(words, write_plan(plan).encode())
        if status:
            raise _one(422, "Not a call", wrong.strip() or "it could not be played")
        return json.loads(said)

    async def _policy(self) -> Mapping[str, str]:
        words = ["export", self._reloader.file, f"--changes={self._journal.path}", "--format=json"]
        status, said, wrong = await _run(words, b"")
        if status:
            raise _one(422, "No policy", wrong.strip() or "it could not be written")
        texts: dict[str, str] = json.loads(said)
        return texts


def _words(entry: Entry) -> str:
    before, after = (json.dumps(one, separators=(",", ":")) for one in (entry.before, entry.after))
    return f"{before} → {after}"


def _one(status: int, title: str, detail: str) -> Rejected:
    from sipfo.runtime.wire.api.problem import Problem, Rejected

    return Rejected(status, [Problem(title, detail)])


def _rejected(error: CannotReload) -> Rejected:
    """What kept a change from being made."""
    from sipfo.runtime.wire.api.problem import Problem, Rejected

    if error.moved:
        return _one(409, "The policy has changed", str(error))
    problems: list[Problem] = [
        Problem(
            one["title"],
            one["message"] + (f": {one['hint']}" if one["hint"] else ""),
            code=one["code"],
            meta={"file": one["file"], "line": one["line"], "column": one["column"]},
        )
        for one in error.found
    ]
    return Rejected(422, problems or [Problem("The change cannot be made", str(error))])


async def _run(words: list[str], given: bytes) -> tuple[int, str, str]:
    """One of our commands in a process of its own: its exit status and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "sipfo.cli.main", *words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SUPPOSED_WITHIN):
            said, wrong = await process.communicate(given)
    except TimeoutError:
        return 1, "", f"it took longer than {SUPPOSED_WITHIN:g} s"
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return process.returncode or 0, said.decode(), wrong.decode("utf-8", "replace")


_API = click.option(
    "--api",
    metavar="HOST:PORT",
    callback=place,
    help="Serve the control API at http://HOST:PORT, as in 127.0.0.1:8070 (needs sipfo[api]).",
)
_EXPOSED = click.option(
    "--api-exposed", is_flag=True, help="Let --api be an address that other machines reach."
)
_TOKEN = click.option(
    "--api-token",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"The file with the API's tokens; without this the secret {SECRET}, or else a file beside"
    " the policy that is made with one.",
)


def serving(command: Callable[..., None]) -> Callable[..., None]:
    """The options for a command, which is given them as one argument, `api`."""

    @_API
    @_EXPOSED
    @_TOKEN
    @wraps(command)
    def served(
        *arguments: Any,
        api: tuple[str, int] | None,
        api_exposed: bool,
        api_token: Path | None,
        **options: Any,
    ) -> None:
        wanted = ApiWanted(api, api_exposed, api_token)
        wanted.check()
        command(*arguments, api=wanted, **options)

    return served
