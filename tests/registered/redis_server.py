"""A Redis server of a test's own: in a folder, on a Unix socket only, its log synced at each write."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sipp.process import Process, wait_for


class RedisServer:
    """One server, which can be killed and started again."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options or ("--appendonly", "yes", "--appendfsync", "always")
        self._number = 0
        self.start()

    @property
    def url(self) -> str:
        """What `--bindings` takes."""
        return f"unix://{self._folder / 'socket'}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._number += 1
        words = ["redis-server", "--port", "0", "--unixsocket", str(self._folder / "socket")]
        words += ["--dir", str(self._folder), "--save", "", *self._options]
        self._process = Process(f"redis-{self._number}", words, self._folder)
        self._process.says(b"eady to accept connections")
        wait_for((self._folder / "socket").exists, lambda: "the socket of Redis")

    def kill(self) -> None:
        """As its machine dies."""
        self._process.signal(signal.SIGKILL)
        self._process.ends()

    def stop(self) -> None:
        """End it."""
        self._process.kill()


@contextmanager
def redis_server(*options: str) -> Iterator[RedisServer]:
    """A running server; without one the test is skipped, and says what it misses."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed (Debian package redis-server)")
    with tempfile.TemporaryDirectory(prefix="sipfo-redis-", ignore_cleanup_errors=True) as name:
        made = RedisServer(Path(name), *options)
        try:
            yield made
        finally:
            made.stop()
