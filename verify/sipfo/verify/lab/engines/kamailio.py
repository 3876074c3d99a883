"""Kamailio as an engine: started once with what `sipfo compile --target kamailio` writes.

How it is started and what it is asked stands here and nowhere else. What would surprise: a UDP port
that nobody has is silence to it (tm does not hear ICMP errors), which is declared, not overlooked.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from sipfo.compiler.targets.folder import write
from sipfo.compiler.targets.kamailio.emit import render
from sipfo.compiler.targets.kamailio.tls import AUTHORITIES
from sipfo.plan.ladder import Ladder
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario
from sipfo.verify.lab.engines.deaf import deaf_to_icmp
from sipfo.verify.lab.engines.engine import Differences, Setting
from sipfo.verify.lab.engines.process import Program
from sipfo.verify.lab.space.system import bind
from sipfo.verify.lab.stage import door

PACKAGES: Final = (
    "kamailio kamailio-tls-modules kamailio-extra-modules kamailio-sqlite-modules "
    "kamailio-json-modules kamailio-utils-modules"
)

PROGRAM: Final = "KAMAILIO"
"""The variable that names another program than `kamailio`."""

CONFIG: Final = "kamailio.cfg"
START: Final = "start"
"""The file of the folder that starts it, given Kamailio's own options; without one it is `kamailio
-f`."""

FOREGROUND: Final = ("-DD", "-E")
CONTROL: Final = "kamailio.sock"
"""What its control socket is called, in the folder or below."""

Render = Callable[[Plan, Mapping[str, str]], Mapping[str, str]]


def which_one() -> str:
    """What is run: `start` asks the same variable."""
    return os.environ.get(PROGRAM, "kamailio")


class Kamailio:
    """The Kamailio on the path, or the one that the environment names."""

    name = "kamailio"
    takes_turns = False
    leaves_late = True

    def __init__(self, render: Render | None = None) -> None:
        """`render` turns a plan and passwords into files; the target does, where none is given."""
        self._render = render

    def missing(self) -> str | None:
        if shutil.which(which_one()) is None:
            return f"no such program: apt-get install --no-install-recommends {PACKAGES}"
        return None

    def version(self) -> str:
        said = subprocess.run([which_one(), "-v"], capture_output=True, text=True, check=False)
        words = said.stdout.split()  # "version: kamailio 5.6.3 (x86_64/linux) …"
        return words[2] if len(words) > 2 else "of an unknown version"

    def prepare(self, plan: Plan, setting: Setting, folder: Path) -> None:
        secrets = {
            name: secret.reveal().decode("utf-8", "surrogateescape")
            for name, secret in setting.secrets.items()
        }
        if self._render is not None:
            for name, text in self._render(plan, secrets).items():
                (folder / name).write_text(text, "utf-8", "surrogateescape")
            return
        write(folder, render(plan, str(folder), secrets))

    async def start(self, plan: Plan, setting: Setting, folder: Path) -> RunningKamailio:
        own = folder / START
        command = [which_one(), "-f", str(folder / CONFIG), "-w", str(folder), "-Y", str(folder)]
        if own.exists():
            command = [str(own)]
        if setting.believed is not None and Path(AUTHORITIES).exists():
            bind(str(setting.believed), AUTHORITIES)  # in this mount namespace alone
        program = await Program.start(self.name, [*command, *FOREGROUND], folder, {})
        here = door(plan)
        try:
            await program.answers(here.host, here.port, here.transport)
        except BaseException:
            await program.stop()
            raise
        return RunningKamailio(program, folder)

    def differs(self, plan: Plan, scenario: Scenario) -> Differences:
        met, notes = deaf_to_icmp(plan, scenario)
        return Differences(met, notes)


class RunningKamailio:
    """A Kamailio that answers."""

    def __init__(self, program: Program, folder: Path) -> None:
        self._program = program
        self._folder = folder

    async def refresh(self) -> None:
        """Empty its DNS cache, which would keep a name that did not resolve for a minute."""
        control = next((one for one in self._folder.rglob(CONTROL) if one.is_socket()), None)
        if control is None or shutil.which("kamcmd") is None:
            return
        kamcmd = await asyncio.create_subprocess_exec(
            *("kamcmd", "-s", f"unix:{control}", "dns.delete_all"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await kamcmd.wait()

    async def stop(self) -> None:
        await self._program.stop()

    def check(self) -> None:
        self._program.check()

    def reported(self) -> Ladder | None:
        return None
