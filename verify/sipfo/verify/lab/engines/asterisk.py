"""Asterisk as an engine: started once with what `sipfo compile --target asterisk` writes.

How it is started and what it is asked stands here and nowhere else. What would surprise: Debian has
it in no release that all of us run, so it may be in a folder of its own, started by its own loader.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sipfo.compiler.targets.asterisk.emit import render
from sipfo.compiler.targets.asterisk.endpoints import AUTHORITIES
from sipfo.compiler.targets.asterisk.facts import pause_of
from sipfo.compiler.targets.folder import write
from sipfo.plan.ladder import Ladder
from sipfo.plan.model import OnCause, Plan, Retry
from sipfo.plan.outcome import Judge
from sipfo.plan.scenario import Scenario
from sipfo.verify.conduct import has_body
from sipfo.verify.lab.engines.deaf import deaf_to_icmp
from sipfo.verify.lab.engines.engine import Differences, EngineFailed, Setting
from sipfo.verify.lab.engines.process import POLL, Program
from sipfo.verify.lab.space.system import bind
from sipfo.verify.lab.stage import CannotPlay, door
from sipfo.verify.simulate import simulate

TREE: Final = "SIPFO_ASTERISK"
"""The variable that says in which folder Asterisk's packages were unpacked."""

UNPACKED: Final = ".venv/asterisk"
"""Where they are unpacked if it says nothing: below the folder that this runs in."""

TOLD: Final = dict.fromkeys(range(300, 400), 480)
"""What a caller gets in place of a redirection."""

SEEN: Final = (180, 183)
"""The provisional responses above 100 that its dialplan hears of."""

PAUSES: Final = {"no-response": 1, "no-progress": 1, "no-answer": 4}
"""By how many of its pauses the watch of an attempt may be late with a timer."""

FOREGROUND: Final = ("-f", "-g")

BOOT_LIMIT: Final = 60.0
"""Seconds that it may take to start on a busy machine."""


class Asterisk:
    """The Asterisk that was unpacked, or the one on the path."""

    name = "asterisk"
    takes_turns = False
    leaves_late = False

    def missing(self) -> str | None:
        if _tree() is None and shutil.which("asterisk") is None:
            return (
                "no such program: install Asterisk 20 or later, or unpack it with "
                "tests/install-asterisk"
            )
        return None

    def version(self) -> str:
        command = [*_program(), "-V"]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        found = re.search(r"[0-9]+(\.[0-9]+)+", said.stdout)  # "Asterisk 22.10.1+dfsg+~cs…"
        return found[0] if found is not None else "of an unknown version"

    def prepare(self, plan: Plan, setting: Setting, folder: Path) -> None:
        secrets = {
            name: secret.reveal().decode("utf-8", "surrogateescape")
            for name, secret in setting.secrets.items()
        }
        write(folder, render(_unprobed(plan), str(folder), secrets))

    async def start(self, plan: Plan, setting: Setting, folder: Path) -> RunningAsterisk:
        if setting.believed is not None and Path(AUTHORITIES).exists():
            bind(str(setting.believed), AUTHORITIES)  # in this mount namespace alone
        command = [str(folder / "start"), *FOREGROUND]
        says = environment(folder)
        program = await Program.start(self.name, command, folder, says)
        here = door(plan)
        try:
            await _booted(program, folder, says)
            await program.answers(here.host, here.port, here.transport)
        except BaseException:
            await program.stop()
            raise
        return RunningAsterisk(program)

    def differs(self, plan: Plan, scenario: Scenario) -> Differences:
        met, notes = deaf_to_icmp(plan, scenario)
        met, deaf = _deaf_to_reasons(plan, met)
        met, unseen = _blind_to_provisionals(plan, met)
        later = _late(plan, met)
        return Differences(met, (*notes, *deaf, *unseen), later, own_media=True, told=TOLD)


async def _booted(program: Program, folder: Path, says: Mapping[str, str]) -> None:
    """Wait until its console says that it is up: before, it drops what it hears. Raises
    EngineFailed."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + BOOT_LIMIT
    while loop.time() < ends:
        program.check()
        asked = await asyncio.create_subprocess_exec(
            *(str(folder / "start"), "-rx", "core waitfullybooted"),
            env={**os.environ, **says},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        said, _ = await asked.communicate()
        if b"fully booted" in said:
            return
        await asyncio.sleep(POLL)
    raise EngineFailed(f"asterisk does not start: {program.last_words()}")


def environment(folder: Path) -> dict[str, str]:
    """What `start` and `reload` of a folder are to be told. For an Asterisk that was unpacked, the
    folder gets a program that runs it, and the places of what came with it."""
    tree = _tree()
    if tree is None:
        return {}
    (folder / "local.conf").write_text(_directories(tree), "utf-8")
    (folder / "run").mkdir(exist_ok=True)
    runner = folder / "run" / "asterisk"
    words = " ".join(f"'{one}'" for one in _program())
    runner.write_text(f'#!/bin/sh\nexec {words} "$@"\n', "utf-8")
    runner.chmod(0o755)
    return {"ASTERISK": str(runner)}


def _retry(plan: Plan, scenario: Scenario) -> Retry:
    trunk = next(one for one in plan.trunks if one.name == scenario.trunk)
    return next(one for one in plan.retries if one.name == trunk.retry)


def _late(plan: Plan, met: Scenario) -> float:
    """Seconds by which its timers may be late in this call: its watch looks so often."""
    pause = pause_of(_retry(plan, met)) / 1000
    outcomes = [one.outcome for one in simulate(plan, met).attempts]
    return sum(pause * PAUSES.get(one, 0) for one in outcomes)


def _blind_to_provisionals(plan: Plan, scenario: Scenario) -> tuple[Scenario, tuple[str, ...]]:
    """The scenario with a ringing that does not commit in place of a provisional that would, and
    that its dialplan does not see. Raises CannotPlay where every one that it sees commits."""
    judge = Judge(_retry(plan, scenario))
    harmless = [code for code in SEEN if not judge.commits(code, has_body(code))]
    notes: list[str] = []
    behaviours = []
    for behaviour in scenario.behaviours:
        replies = []
        for reply in behaviour.replies:
            code = reply.status
            if 100 < code < 200 and code not in SEEN and judge.commits(code, has_body(code)):
                if not harmless:
                    raise CannotPlay(
                        f"a {code} of {behaviour.route} commits, which Asterisk does not see"
                    )
                notes.append(f"a {code} of {behaviour.route} commits nothing, because it is unseen")
                reply = reply.model_copy(update={"status": harmless[0]})
            replies.append(reply)
        behaviours.append(behaviour.model_copy(update={"replies": tuple(replies)}))
    return scenario.model_copy(update={"behaviours": tuple(behaviours)}), tuple(notes)


def _deaf_to_reasons(plan: Plan, scenario: Scenario) -> tuple[Scenario, tuple[str, ...]]:
    """The scenario without Q.850 causes, where the trunk's policy goes by some."""
    retry = _retry(plan, scenario)
    if not any(isinstance(rule.match, OnCause) for rule in retry.rules):
        return scenario, ()
    notes: list[str] = []
    behaviours = []
    for behaviour in scenario.behaviours:
        replies = tuple(one.model_copy(update={"cause": None}) for one in behaviour.replies)
        if replies != behaviour.replies:
            notes.append(f"what the Reason of {behaviour.route} says is not seen: its code decides")
        behaviours.append(behaviour.model_copy(update={"replies": replies}))
    return scenario.model_copy(update={"behaviours": tuple(behaviours)}), tuple(notes)


def _unprobed(plan: Plan) -> Plan:
    """The plan without probes: the lab takes nobody down, and one failure is enough for Asterisk."""
    return plan.model_copy(
        update={
            "routes": tuple(one.model_copy(update={"probe": None}) for one in plan.routes),
            "carriers": tuple(one.model_copy(update={"probe": None}) for one in plan.carriers),
        }
    )


def _tree() -> Path | None:
    """The folder with Asterisk's packages, if there is one."""
    said = os.environ.get(TREE)
    for place in [Path(said)] if said else [Path.cwd() / UNPACKED, _checkout() / UNPACKED]:
        if (place / "usr/sbin/asterisk").exists():
            return place.resolve()
    return None


def _checkout() -> Path:
    return Path(__file__).resolve().parents[5]


def _program() -> list[str]:
    tree = _tree()
    if tree is None:
        return ["asterisk"]
    loader = next(iter(sorted((tree / "usr").glob("lib*/ld-linux*.so*"))), None)
    if loader is None:
        return [str(tree / "usr/sbin/asterisk")]
    libraries = sorted(str(one) for one in (tree / "usr/lib").glob("*-linux-gnu*"))
    return [str(loader), "--library-path", ":".join(libraries), str(tree / "usr/sbin/asterisk")]


def _directories(tree: Path) -> str:
    """Where an Asterisk that is not at its package's place finds what it came with."""
    modules = next(iter(sorted((tree / "usr/lib").glob("*/asterisk/modules"))), tree)
    return (
        f"[directories](+)\nastmoddir = {modules}\nastdatadir = {tree}/usr/share/asterisk\n"
        f"astvarlibdir = {tree}/usr/share/asterisk\n"
    )


class RunningAsterisk:
    """An Asterisk that answers."""

    def __init__(self, program: Program) -> None:
        self._program = program

    async def refresh(self) -> None:
        """It remembers no name longer than its records say."""

    async def stop(self) -> None:
        await self._program.stop()

    def check(self) -> None:
        self._program.check()

    def reported(self) -> Ladder | None:
        return None
