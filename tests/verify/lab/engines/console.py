"""A real Asterisk on loopback, from the files that sipfo writes, and its console."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from sipfo.compiler.targets.asterisk.emit import render
from sipfo.compiler.targets.folder import write
from sipfo.plan.model import Plan
from sipfo.verify.lab.engines.asterisk import Asterisk, environment

PATIENCE = 60
"""Seconds that a console command may take on a busy machine."""


class Console:
    """A running Asterisk in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = {**os.environ, **environment(folder)}

    def compile(self, plan: Plan, secrets: Mapping[str, str]) -> None:
        """Write a plan's files into the folder."""
        write(self.folder, render(plan, str(self.folder), secrets))

    def says(self, command: str) -> str:
        """What the console says to a command."""
        return self._run("start", "-rx", command).stdout

    def reload(self) -> None:
        """Apply what was compiled."""
        done = self._run("reload")
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> subprocess.Popen[str]:
        """Start it, and wait until it is up."""
        with (self.folder / "log").open("w") as log:
            running = subprocess.Popen(
                [str(self.folder / "start"), "-f", "-g"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                text=True,
            )
        while "fully booted" not in self.says("core waitfullybooted"):
            assert running.poll() is None, self.log()
        return running

    def log(self) -> str:
        """What it wrote to its terminal."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        program, *options = command
        return subprocess.run(
            [str(self.folder / program), *options],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


@contextmanager
def asterisk(
    folder: Path, plan: Plan, secrets: Mapping[str, str] | None = None
) -> Iterator[Console]:
    """An Asterisk that runs while the context lasts; the test is skipped where there is none."""
    lacks = Asterisk().missing()
    if lacks is not None:
        pytest.skip(lacks)
    console = Console(folder)
    console.compile(plan, secrets or {})
    running = console.start()
    try:
        yield console
    finally:
        running.terminate()
        running.wait(PATIENCE)


def free_port(host: str) -> int:
    """A UDP port of a loopback address that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind((host, 0))
        port: int = found.getsockname()[1]
        return port
