"""A program under test as a process: its output in files, its end by a time limit.

What would surprise: nothing here waits for a fixed time. `wait_for` looks again and again until
what is wanted is there, and fails when it has taken too long.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path

LIMIT = 20.0
"""Seconds that anything is waited for."""

STARTS = 60.0
"""Seconds that a server is given to start, with its workers, on a machine that is busy."""

_LOOK_AGAIN = 0.01


def wait_for(there: Callable[[], bool], what: Callable[[], str], limit: float = LIMIT) -> None:
    """Return as soon as `there()`; raise AssertionError that says `what()` after `limit` s."""
    end = time.monotonic() + limit
    while not there():
        if time.monotonic() > end:
            raise AssertionError(f"not there after {limit:g} s: {what()}")
        time.sleep(_LOOK_AGAIN)


def is_bound(transport: str, host: str, port: int) -> bool:
    """Whether a socket is bound (UDP) or listens (TCP) at an address of this machine."""
    packed = ip_address(host).packed
    words = (packed[i : i + 4][::-1].hex().upper() for i in range(0, len(packed), 4))
    wanted = f"{''.join(words)}:{port:04X}"
    table = transport + "6" * (len(packed) > 4)
    lines = Path("/proc/net", table).read_text(encoding="ascii").splitlines()[1:]
    rows = [line.split() for line in lines]
    return any(row[1] == wanted and (transport == "udp" or row[3] == "0A") for row in rows)


class Process:
    """One running program."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        folder: Path,
        descriptors: Sequence[int] = (),
    ) -> None:
        """Start it without a terminal; `folder` takes its output, and it has these descriptors."""
        self.name = name
        self.command = [str(word) for word in command]
        self._stdout = folder / f"{name}.out"
        self._stderr = folder / f"{name}.err"
        with self._stdout.open("wb") as out, self._stderr.open("wb") as err:
            self._popen = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=folder,
                pass_fds=descriptors,
            )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._popen.pid

    @property
    def stdout(self) -> bytes:
        """What it has written to standard output so far."""
        return self._stdout.read_bytes()

    @property
    def stderr(self) -> bytes:
        """What it has written to standard error so far."""
        return self._stderr.read_bytes()

    @property
    def returncode(self) -> int | None:
        """Its exit status, None while it runs."""
        return self._popen.poll()

    def says(self, wanted: bytes, limit: float = LIMIT) -> None:
        """Wait until `wanted` is in its output, on either stream."""

        def said() -> bool:
            if wanted in self.stdout or wanted in self.stderr:
                return True
            assert self.returncode is None, f"{self} ended first:\n{self.report()}"
            return False

        wait_for(said, lambda: f"{wanted!r} from {self}:\n{self.report()}", limit)

    def ends(self) -> int:
        """Wait for its end; the exit status."""
        wait_for(lambda: self.returncode is not None, lambda: f"end of {self}:\n{self.report()}")
        return self._popen.returncode

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; one that has ended gets none."""
        self._popen.send_signal(number)

    def kill(self) -> None:
        """End it, whatever it does."""
        self._popen.kill()
        self._popen.wait()

    def report(self) -> str:
        """What it has written, for whoever reads about a failure."""
        written = self.stdout + self.stderr
        return written.decode("utf-8", "replace")

    def __str__(self) -> str:
        return self.name
