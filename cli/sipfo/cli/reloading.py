"""The policy file, read again while calls go on: to a plan in force, or to the reason why not.

What would surprise: nothing is compiled in this process. The compiler works in one of its own
(`proposal`), and this one waits for it as for anything else that comes over a wire.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from sipfo.plan.codec import read_plan, write_plan
from sipfo.plan.model import Plan
from sipfo.runtime.capability import CannotServe
from sipfo.runtime.secret import MissingSecret, Secret
from sipfo.runtime.wire.doors import CannotListen
from sipfo.runtime.wire.server import Server

if TYPE_CHECKING:  # the compiler comes with it
    from sipfo.cli.proposal import ProposalJson

COMPILED_WITHIN: Final = 120.0
"""Seconds that compiling may take."""

COMPARED_WITHIN: Final = 20.0
"""Seconds that working out the difference may take; the new plan comes into force without it."""

LONGEST: Final = 256 * 1024 * 1024
"""Bytes of a plan, or of a difference."""

MOST_SAID: Final = 32 * 1024
"""Bytes of diagnostics that are passed on."""

UNKNOWN: Final = "which calls change took too long to work out: `sipfo diff` says it"
SAME: Final = "the plan is the one in force: no call changes"


class CannotReload(Exception):
    """The file makes no plan that can be served; the message is all that is wrong with it."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of a reload: whether the plan is another one, and the difference, as text and as
    `sipfo diff --format json` has it."""

    changed: bool
    text: str
    difference: object = None


class Reloader:
    """One file and the server that goes by it."""

    def __init__(
        self, file: str, server: Server, secrets: Callable[[Plan], Mapping[str, Secret]]
    ) -> None:
        """`secrets` finds the values that a plan needs, and raises a ClickException if it cannot."""
        self._file = file
        self._server = server
        self._secrets = secrets
        self._turn = asyncio.Lock()

    async def reload(self) -> Reloaded:
        """Read the file and go by it. Raises CannotReload; the plan in force stays then."""
        async with self._turn:
            plan, text, difference = await _propose(self._file, self._server.plan)
            try:
                secrets = self._secrets(plan)
                is_same = plan == self._server.plan and secrets == self._server.secrets
                if not is_same:
                    await self._server.succeed(plan, secrets)
            except click.ClickException as error:
                raise CannotReload(error.format_message()) from None
            except (CannotListen, CannotServe, MissingSecret) as error:
                raise CannotReload(str(error)) from None
            self._server.reload_certificates()
            return Reloaded(not is_same, SAME if is_same else text, difference)


async def _propose(file: str, in_force: Plan) -> tuple[Plan, str, object]:
    """The plan that a file makes, and what it changes. Raises CannotReload."""
    command = (sys.executable, "-P", "-m", "sipfo.cli.proposal", file)
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=LONGEST
    )
    assert process.stdin and process.stdout and process.stderr  # all three are pipes
    saying = asyncio.create_task(_hear(process.stderr))
    try:
        with contextlib.suppress(ConnectionError):  # it may know already that the file is bad
            process.stdin.write(write_plan(in_force).encode())
            await process.stdin.drain()
        process.stdin.close()
        plan = await _line(process.stdout, COMPILED_WITHIN)
        if plan is None:
            raise CannotReload(f"{file} took longer than {COMPILED_WITHIN:g} s to compile")
        if not plan:
            said = (await saying).decode("utf-8", "replace").rstrip()
            raise CannotReload(said or f"{file} could not be compiled")
        found = await _line(process.stdout, COMPARED_WITHIN)
        if not found:
            return read_plan(plan), UNKNOWN, None
        proposed: ProposalJson = json.loads(found)
        return read_plan(plan), proposed["text"], proposed["difference"]
    finally:
        await _end(process)
        saying.cancel()


async def _line(stream: asyncio.StreamReader, within: float) -> bytes | None:
    """The next line; empty at the end of the stream, None when it takes too long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within):
            return await stream.readline()
    return None


async def _hear(stream: asyncio.StreamReader) -> bytes:
    """The beginning of what is said; the rest is read and dropped."""
    said = b""
    while data := await stream.read(65536):
        said += data[: MOST_SAID - len(said)]
    return said


async def _end(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
