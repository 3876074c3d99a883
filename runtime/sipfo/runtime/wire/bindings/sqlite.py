"""Bindings in an SQLite file: one row a user, for every process of one machine.

In WAL with synchronous FULL a commit that returned survives `kill -9` and a power cut (SQLite,
"Write-Ahead Logging", "PRAGMA synchronous").
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sipfo.runtime.errand import Bindings, Change
from sipfo.runtime.wire.bindings.cabinet import CannotStore, read_bindings, written
from sipfo.runtime.wire.book import sync_folder

APPLICATION: Final = 0x73697062
"""`sipb`, in the header of the file (PRAGMA application_id)."""

VERSION: Final = 1

BUSY: Final = 2.0
"""Seconds that a change waits for another process's."""

FILE_MODE: Final = 0o640
"""Who is where is not for everybody."""

_SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS bindings (
    user       TEXT PRIMARY KEY,
    bindings   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
"""


class SqliteCabinet:
    """One file."""

    workers = 1

    def __init__(self, path: Path) -> None:
        """Open it, or make it. Raises CannotStore."""
        self._path = path
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE))
        except OSError as error:
            raise CannotStore(f"cannot write {path}: {error.strerror}") from None
        with self._told():
            self._connection = sqlite3.connect(
                path, timeout=BUSY, isolation_level=None, check_same_thread=False
            )
            self._check()
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
        sync_folder(path)

    def read(self, key: str) -> Bindings:
        """See Cabinet."""
        with self._told():
            return self._read(key)

    def change(self, key: str, change: Change) -> Bindings:
        """See Cabinet."""
        with self._told(), self._transaction():
            changed = change(self._read(key))
            if changed:
                self._connection.execute(
                    "INSERT INTO bindings VALUES (?, ?)"
                    " ON CONFLICT (user) DO UPDATE SET bindings = excluded.bindings",
                    (key, written(changed)),
                )
            else:
                self._connection.execute("DELETE FROM bindings WHERE user = ?", (key,))
        return changed

    def close(self) -> None:
        """See Cabinet."""
        self._connection.close()

    def _read(self, key: str) -> Bindings:
        asked = "SELECT bindings FROM bindings WHERE user = ?"
        found = self._connection.execute(asked, (key,)).fetchone()
        return read_bindings(found[0], str(self._path)) if found is not None else ()

    def _check(self) -> None:
        """Raises CannotStore for a database of something else: none is ever changed here."""
        with self._transaction():
            (application,) = self._connection.execute("PRAGMA application_id").fetchone()
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if (application, version) == (APPLICATION, VERSION):
                return
            if tables or application:
                raise CannotStore(f"{self._path} is no database of bindings: give another path")
            for statement in _SCHEMA.split(";"):
                self._connection.execute(statement)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of it or nothing, and nobody else between."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise CannotStore(f"{self._path}: {error}") from None
