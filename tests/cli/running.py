"""`sipfo run` as a process with a control socket, on loopback addresses of its own."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from sipfo.cli.asking import ask
from sipfo.cli.main import cli
from sipp.addresses import Block
from sipp.harness import WORKERS
from sipp.process import STARTS, Process

POLICY = """\
sipfo 1
listen udp 192.0.2.10:5060
retry standard {
    failover on 503, transport-error
    otherwise stop
    no-response 2s
}
route east { to sip:198.51.100.1 }
route west { to sip:198.51.100.2 }
trunk acme {
    numbers +1312555
    accept  from 203.0.113.0/24
    routes  sequential east, west
    retry   standard
}
"""


class Running:
    """A policy file, the process that serves it, and its control socket."""

    def __init__(self, folder: Path, block: Block) -> None:
        self.folder = folder
        self.block = block
        self.policy = folder / "policy.sipfo"
        self.socket = folder / "s.sock"
        self.policy.write_text(POLICY, encoding="utf-8")
        self.process: Process | None = None
        self.started: list[Process] = []

    def run(self, *more: str) -> Process:
        """Start the server, and wait until it is ready."""
        words = [sys.executable, "-m", "sipfo.cli.main", "run", "policy.sipfo"]
        words += ["--control", str(self.socket), "--workers", WORKERS, *more]
        for one in self.block.mappings:
            words += ["--map", one]
        self.process = Process(f"sipfo{len(self.started)}", words, self.folder)
        self.started.append(self.process)
        self.process.says(b"  ready  ", STARTS)
        return self.process

    def tell(self, command: str, *words: str) -> Result:
        """Run a command that asks the server, in this process."""
        arguments = [command, *words, "--control", str(self.socket)]
        return CliRunner().invoke(cli, arguments, prog_name="sipfo")

    def ask(self, method: str, *params: object) -> Any:
        """Call a method."""
        return ask(self.socket, method, params)

    def rewrite(self, old: str, new: str) -> None:
        """Change the policy file."""
        text = self.policy.read_text(encoding="utf-8")
        assert old in text
        self.policy.write_text(text.replace(old, new), encoding="utf-8")


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    """A server that can be started; whatever was started is stopped at the end."""
    block = Block()
    made = Running(folder, block)
    try:
        yield made
    finally:
        for process in made.started:
            process.signal(signal.SIGKILL)
            process.kill()
        block.release()
