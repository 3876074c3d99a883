"""Records in SQLite: a table of calls and one of their attempts, written a batch at a time.

In WAL a commit that returned survives `kill -9` of the process with either setting, because the
kernel has the pages; a power cut can take the last commits away with NORMAL, and with FULL, which
syncs the log at each commit, cannot. The database is never corrupt in either case (SQLite,
"Write-Ahead Logging", "PRAGMA synchronous").
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

from sipfo.runtime.columns import (
    ATTEMPTS,
    CALLS,
    NULLABLE,
    SCHEMA_VERSION,
    Mark,
    attempt_cells,
    attempt_of,
    call_cells,
    call_of,
    close_call,
    query,
    write_attempt,
    write_call,
)
from sipfo.runtime.row import End, Row, lost, moment, unix
from sipfo.runtime.wanted import Wanted
from sipfo.runtime.wire.book import CannotKeep, CannotWrite, Sync, hold, sync_folder

APPLICATION: Final = 0x73697066
"""`sipf`, in the header of the file (PRAGMA application_id)."""

_OF_A_ROW: Final = (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.ProgrammingError)
"""Errors that another time will not mend."""

BUSY: Final = 2000
"""Milliseconds that a commit waits for whoever else has the database locked."""

# What would surprise in the schema: `IN` with a list makes SQLite build a table for each row that it
# checks, which takes longer than all else that it does for the row. And Call-IDs have no index: each
# would change another page of it, which is most of what is written to the disk, and nobody here looks
# for a Call-ID alone (`columns.query`).
_SCHEMA: Final = """
CREATE TABLE calls (
    call       TEXT PRIMARY KEY,
    state      TEXT NOT NULL CHECK (state = 'open' OR state = 'closed' OR state = 'lost'),
    began      TEXT NOT NULL,
    trunk      TEXT NOT NULL,
    source     TEXT NOT NULL,
    caller     TEXT NOT NULL,
    callee     TEXT NOT NULL,
    number     TEXT NOT NULL,
    call_id    TEXT NOT NULL,
    plan       TEXT NOT NULL,
    result     TEXT NOT NULL
               CHECK (result = 'answered' OR result = 'refused' OR result = 'cancelled'),
    code       INTEGER NOT NULL,
    by         TEXT,
    carrier    TEXT,
    rang       REAL,
    elapsed    REAL NOT NULL,
    ended      TEXT,
    talked     REAL,
    hung_up_by TEXT
               CHECK (hung_up_by = 'caller' OR hung_up_by = 'callee' OR hung_up_by = 'sipfo'),
    notes      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE attempts (
    call       TEXT NOT NULL REFERENCES calls,
    place      INTEGER NOT NULL,
    egress     TEXT NOT NULL,
    route      TEXT NOT NULL,
    target     TEXT,
    outcome    TEXT NOT NULL,
    at         REAL NOT NULL,
    took       REAL NOT NULL,
    phrase     TEXT NOT NULL,
    level      TEXT,
    reasons    TEXT NOT NULL,
    PRIMARY KEY (call, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE heartbeat (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    at         TEXT NOT NULL
) STRICT;
CREATE INDEX calls_by_time ON calls (began);
CREATE INDEX calls_up ON calls (call) WHERE state = 'open';
"""

MOST_ROWS: Final = 64
"""Rows in one statement."""


def _mark(column: str) -> str:
    """Nothing is written as an empty text, which no such column ever has: to have sqlite3 bind None
    costs as much as five texts do."""
    return "NULLIF(?, '')" if column in NULLABLE else "?"


@cache
def _statement(write: Callable[[Mark, int], str], rows: int) -> str:
    return write(_mark, rows)


_OPEN: Final = f"SELECT {', '.join(CALLS)} FROM calls WHERE state = 'open'"
_ATTEMPTS: Final = f"SELECT {', '.join(ATTEMPTS)} FROM attempts WHERE call = ? ORDER BY place"


class Database:
    """A book that is an SQLite database."""

    takes_ends = True

    def __init__(self, path: Path, sync: Sync) -> None:
        """Open it, or make it. Raises CannotKeep."""
        self._held = hold(path)
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            os.close(self._held)
            raise CannotKeep(f"cannot write {path}: {error}") from None
        try:
            self._prepare(path, sync)
        except sqlite3.Error as error:
            self.close()
            raise CannotKeep(f"cannot write {path}: {error}") from None
        except CannotKeep:
            self.close()
            raise

    def _prepare(self, path: Path, sync: Sync) -> None:
        run = self._connection.execute
        run(f"PRAGMA busy_timeout = {BUSY}")
        is_blank = _is_blank(self._connection)
        if not is_blank:
            _check_version(self._connection, path)
        if run("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            raise CannotKeep(f"cannot write {path}: its file system has no shared memory")
        run(f"PRAGMA synchronous = {sync}")
        run("PRAGMA foreign_keys = on")
        run("PRAGMA temp_store = memory")  # what a statement of many rows would undo, in no file
        if is_blank:
            # The marks are in the commit of the tables: a crash leaves a blank file, or a book.
            marks = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA_VERSION}"
            self._connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA}; {marks}; COMMIT")
            sync_folder(path)

    def lose_open(self) -> int:
        """See Book."""
        with self._transaction():
            beat = self._connection.execute("SELECT at FROM heartbeat").fetchone()
            last_alive = unix(beat[0]) if beat is not None else 0.0
            left = list(_rows(self._connection, _OPEN, ()))
            self._put([lost(row, last_alive) for row in left])
        return len(left)

    def write(self, rows: Sequence[Row], now: float, ends: Sequence[End] = ()) -> None:
        """See Book."""
        with self._transaction():
            self._put(rows, ends)
            self._connection.execute("REPLACE INTO heartbeat VALUES (1, ?)", (moment(now),))

    def close(self) -> None:
        """See Book."""
        self._connection.close()
        os.close(self._held)

    def _put(self, rows: Sequence[Row], ends: Sequence[End] = ()) -> None:
        self._run(write_call, [call_cells(row) for row in rows])
        self._run(write_attempt, [cells for row in rows for cells in attempt_cells(row)])
        self._run(close_call, ends)

    def _run(self, write: Callable[[Mark, int], str], rows: Sequence[Sequence[Any]]) -> None:
        """Write many rows with few statements: each of them gives the interpreter to whoever waits
        for it, and may wait a millisecond until it has it back."""
        done = 0
        while done < len(rows):
            some = min(MOST_ROWS, 1 << (len(rows) - done).bit_length() - 1)
            cells = ["" if one is None else one for row in rows[done : done + some] for one in row]
            self._connection.execute(_statement(write, some), cells)
            done += some

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of it or nothing. Raises CannotWrite for what may be better the next time."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, _OF_A_ROW):
                raise CannotWrite(str(error)) from None
            raise


def read_database(path: Path, wanted: Wanted) -> Iterator[Row]:
    """The calls that are wanted, the earliest first. Raises CannotKeep."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA busy_timeout = {BUSY}")
            _check_version(connection, path)
            yield from _rows(connection, *query(wanted, "?"))
    except sqlite3.Error as error:
        raise CannotKeep(f"cannot read {path}: {error}") from None


def _rows(connection: sqlite3.Connection, asked: str, values: tuple[str, ...]) -> Iterator[Row]:
    for cells in connection.execute(asked, values):
        known = call_of(cells)
        rungs = connection.execute(_ATTEMPTS, (known["call"],))
        yield Row(**known, attempts=tuple(map(attempt_of, rungs)))


def _is_blank(connection: sqlite3.Connection) -> bool:
    """Whether it is a database in which nobody has made anything yet."""
    (made,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return made == 0 and _marks(connection) == (0, 0)


def _marks(connection: sqlite3.Connection) -> tuple[int, int]:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application, version


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Raises CannotKeep for a database of something else, or of another version of this schema:
    none is ever changed into another here."""
    application, version = _marks(connection)
    if application != APPLICATION:
        raise CannotKeep(f"{path} is no database of sipfo's records: give another path")
    if version != SCHEMA_VERSION:
        raise CannotKeep(
            f"{path} has records of version {version}, and this sipfo keeps version"
            f" {SCHEMA_VERSION}: move it away, or use the sipfo that wrote it"
        )
