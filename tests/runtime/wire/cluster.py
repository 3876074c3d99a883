"""A PostgreSQL server of a test's own: a fresh cluster in a folder, on a Unix socket only."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

OWNERS = ("postgres", "nobody")
"""PostgreSQL refuses to run as root; then it runs as the first of these that there is."""


def _programs() -> Path | None:
    """Where the newest `initdb` is; Debian keeps it out of the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    if found:
        return found[-1].parent
    named = shutil.which("initdb")
    return Path(named).resolve().parent if named is not None else None


def _version(path: Path) -> int:
    name = path.parts[-3]
    return int(name) if name.isdecimal() else 0


class Cluster:
    """One server, which can be stopped and started again."""

    def __init__(self, programs: Path, folder: Path, owner: str | None) -> None:
        self._programs = programs
        self._folder = folder
        self._owner = owner
        self._run("initdb", "--auth=trust", "--username=sipfo", "--encoding=UTF8", "--no-sync")
        self.start()

    @property
    def url(self) -> str:
        """The database that every cluster has; add `&name=value` for more."""
        return f"postgresql://sipfo@/postgres?host={self._folder}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-k {self._folder} -c listen_addresses= -c fsync=off"
        log = str(self._folder / "log")
        self._run("pg_ctl", "--wait", f"--log={log}", f"--options={options}", "start")

    def stop(self) -> None:
        """Stop it, whatever goes on there."""
        self._run("pg_ctl", "--wait", "--mode=immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        words = [str(self._programs / program), f"--pgdata={self._folder / 'data'}", *arguments]
        if self._owner is not None:
            words = ["runuser", "-u", self._owner, "--", *words]
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # the server would inherit a pipe, and keep it open
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(words)} ended with {done.returncode}"


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A running server; without one the test is skipped, and says what it misses."""
    programs = _programs()
    if programs is None:
        pytest.skip("initdb is not installed (Debian package postgresql)")
    owner = _owner()
    # Not below pytest's folder, into which another user cannot look.
    with tempfile.TemporaryDirectory(prefix="sipfo-pg-", ignore_cleanup_errors=True) as name:
        if owner is not None:
            shutil.chown(name, owner)
        made = Cluster(programs, Path(name), owner)
        try:
            yield made
        finally:
            made.stop()


def _owner() -> str | None:
    if os.getuid() != 0:
        return None
    if shutil.which("runuser") is None:
        pytest.skip("PostgreSQL does not run as root, and there is no runuser")
    known = {one.pw_name for one in pwd.getpwall()}
    for name in OWNERS:
        if name in known:
            return name
    pytest.skip("PostgreSQL does not run as root, and there is nobody else")
