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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from sipfo.cli.journal import Journal
from sipfo.plan.change import Changes, Situation
from sipfo.plan.codec import read_plan, write_plan
from sipfo.plan.model import Plan
from sipfo.runtime.capability import CannotServe
from sipfo.runtime.secret import MissingSecret, Secret
from sipfo.runtime.wire.doors import CannotListen
from sipfo.runtime.wire.server import Server

if TYPE_CHECKING:  # the compiler comes with them
    from sipfo.cli.proposal import AnswerJson, ProposalJson
    from sipfo.compiler.report.json import DiagnosticJson

COMPILED_WITHIN: Final = 120.0
"""Seconds that compiling may take."""

COMPARED_WITHIN: Final = 20.0
"""Seconds that working out the difference may take; the new plan comes into force without it."""

LONGEST: Final = 256 * 1024 * 1024
"""Bytes of a plan, or of a difference."""

MOST_SAID: Final = 32 * 1024
"""Bytes of diagnostics that are passed on."""

WITH_CHANGES: Final = "with what was changed over the API (`sipfo export` shows it):"
UNKNOWN: Final = "which calls change took too long to work out: `sipfo diff` says it"
SAME: Final = "the plan is the one in force: no call changes"


class CannotReload(Exception):
    """The file makes no plan that can be served; the message is all that is wrong with it. `found`
    are the compiler's errors, `moved` says that the file is not the one that was read before."""

    def __init__(
        self, text: str, found: Sequence[DiagnosticJson] = (), moved: bool = False
    ) -> None:
        super().__init__(text)
        self.found = found
        self.moved = moved


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of a reload: whether the plan is another one, and the difference, as text and as
    `sipfo diff --format json` has it."""

    changed: bool
    text: str
    difference: object = None


@dataclass(frozen=True, slots=True)
class _Proposed:
    plan: Plan
    situation: Situation
    remarks: tuple[str, ...]
    text: str
    difference: object


class Reloader:
    """One file, what is changed of it, and the server that goes by both."""

    def __init__(
        self,
        file: str,
        server: Server,
        secrets: Callable[[Plan], Mapping[str, Secret]],
        journal: Journal,
        situation: Situation,
    ) -> None:
        """`secrets` finds the values that a plan needs, and raises a ClickException if it cannot;
        `situation` is what the server's plan was made from."""
        self.situation = situation
        self.file = file
        self._server = server
        self._secrets = secrets
        self._journal = journal
        self._turn = asyncio.Lock()

    async def reload(self) -> Reloaded:
        """Read the file and go by it. Raises CannotReload; the plan in force stays then."""
        async with self._turn:
            changes = self.situation.changes
            asked = AskedOf(changes, None, True)
            proposed = await _propose(self.file, self._server.plan, asked)
            is_same = await self._go_by(proposed)
            self._server.reload_certificates()
            said = SAME if is_same else proposed.text
            text = "\n".join([*(f"note: {one}" for one in proposed.remarks), said])
            return Reloaded(not is_same, text, proposed.difference)

    async def change(self, edit: Callable[[Situation, Plan], Changes]) -> bool:
        """Change what is changed of the policy, and go by it: one at a time, each from what the one
        before has left. Whether anything is other than before. Raises CannotReload, and what `edit`
        raises; all stays as it was then."""
        async with self._turn:
            changes = edit(self.situation, self._server.plan)
            if changes == self.situation.changes:
                return False
            if self.situation.is_plan:
                raise CannotReload(f"{self.file} is a plan: serve the policy to change it")
            asked = AskedOf(changes, self.situation.digest, False)
            proposed = await _propose(self.file, self._server.plan, asked)
            await self._go_by(proposed)
            return True

    async def catch_up(self) -> None:
        """Go by the changes that are kept, if another process has made some. Raises CannotReload."""
        kept = await asyncio.to_thread(self._journal.read)
        before = self.situation.changes
        if (kept.trunks, kept.numbers) != (before.trunks, before.numbers):
            self.situation = self.situation.model_copy(update={"changes": kept})
            await self.reload()

    async def _go_by(self, proposed: _Proposed) -> bool:
        """Keep the changes, then go by the plan; whether it is the one in force. Raises
        CannotReload."""
        before, plan = self.situation, proposed.plan
        try:
            secrets = self._secrets(plan)
            is_same = plan == self._server.plan and secrets == self._server.secrets
            await self._keep(before.changes, proposed.situation.changes)
            if not is_same:
                try:
                    await self._server.succeed(plan, secrets)
                except BaseException:
                    await self._keep(proposed.situation.changes, before.changes)
                    raise
        except click.ClickException as error:
            raise CannotReload(error.format_message()) from None
        except (CannotListen, CannotServe, MissingSecret) as error:
            raise CannotReload(str(error)) from None
        self.situation = proposed.situation
        return is_same

    async def _keep(self, before: Changes, after: Changes) -> None:
        """Raises Unusable."""
        there_were = not before.is_empty or not after.is_empty
        if before != after and there_were:
            await asyncio.to_thread(self._journal.write, after)


@dataclass(frozen=True, slots=True)
class AskedOf:
    """As `proposal.AskedJson`."""

    changes: Changes
    digest: str | None
    compare: bool

    def line(self) -> bytes:
        """What is written to the compiler."""
        changes = self.changes.model_dump(mode="json", exclude_none=True)
        asked = {"changes": changes, "digest": self.digest, "compare": self.compare}
        return json.dumps(asked).encode() + b"\n"


async def _propose(file: str, in_force: Plan, asked: AskedOf) -> _Proposed:
    """The plan that a file makes, and what it changes. Raises CannotReload."""
    command = (sys.executable, "-P", "-m", "sipfo.cli.proposal", file)
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=LONGEST
    )
    assert process.stdin and process.stdout and process.stderr  # all three are pipes
    saying = asyncio.create_task(_hear(process.stderr))
    try:
        with contextlib.suppress(ConnectionError):  # it may know already that the file is bad
            process.stdin.write(asked.line() + write_plan(in_force).encode())
            await process.stdin.drain()
        process.stdin.close()
        first = await _line(process.stdout, COMPILED_WITHIN)
        if first is None:
            raise CannotReload(f"{file} took longer than {COMPILED_WITHIN:g} s to compile")
        answer: AnswerJson | None = json.loads(first) if first else None
        if answer is not None:
            _check(file, answer)
        plan = await _line(process.stdout, COMPILED_WITHIN)
        if answer is None or not plan:
            said = (await saying).decode("utf-8", "replace").rstrip()
            found = answer["found"] if answer is not None else []
            if found and asked.digest is None and not asked.changes.is_empty:
                said = f"{WITH_CHANGES}\n{said}"
            raise CannotReload(said or f"{file} could not be compiled", found)
        situation = Situation.model_validate_json(json.dumps(answer["situation"]))
        made = (read_plan(plan), situation, tuple(answer["remarks"]))
        if not asked.compare:
            return _Proposed(*made, "", None)
        line = await _line(process.stdout, COMPARED_WITHIN)
        if not line:
            return _Proposed(*made, UNKNOWN, None)
        proposed: ProposalJson = json.loads(line)
        return _Proposed(*made, proposed["text"], proposed["difference"])
    finally:
        await _end(process)
        saying.cancel()


def _check(file: str, answer: AnswerJson) -> None:
    if answer["refused"]:
        raise CannotReload(answer["refused"])
    if answer["moved"]:
        raise CannotReload(
            f"{file} has changed since it was read: nothing is changed over the API before it is"
            " read again (`sipfo reload`)",
            moved=True,
        )


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
