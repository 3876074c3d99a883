"""Records in PostgreSQL: the tables of `database`, moments as `timestamptz`, one writer at a time.

A batch is one transaction, and is tried again on a new connection when the server was away. What
would surprise: who writes is settled by a lock of the server's, which ends with the connection, so
that a process that was killed holds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from sipfo.runtime.columns import (
    ATTEMPTS,
    CALLS,
    SCHEMA_VERSION,
    attempt_cells,
    attempt_of,
    call_cells,
    call_of,
    query,
    write_attempt,
    write_call,
)
from sipfo.runtime.row import End, Row, lost, moment
from sipfo.runtime.wanted import Wanted
from sipfo.runtime.wire.book import CannotKeep, CannotWrite, Sync

LOCK: Final = 0x73697066
"""`sipf`: the first half of the advisory lock's key; the second is the schema."""

PATIENCE: Final = 10
"""Seconds for a connection, a statement, or what was sent to be acknowledged by the other side,
where the URL does not say otherwise."""

HANDOVER: Final = 5.0
"""Seconds that the book of a process that was just killed is waited for."""

_SCHEMA: Final = f"""
CREATE TABLE calls (
    call       text COLLATE "C" PRIMARY KEY,
    state      text NOT NULL CHECK (state IN ('open', 'closed', 'lost')),
    began      timestamptz(3) NOT NULL,
    trunk      text NOT NULL,
    source     text NOT NULL,
    caller     text NOT NULL,
    callee     text NOT NULL,
    number     text NOT NULL,
    call_id    text NOT NULL,
    plan       text NOT NULL,
    result     text NOT NULL CHECK (result IN ('answered', 'refused', 'cancelled')),
    code       integer NOT NULL,
    by         text,
    carrier    text,
    rang       double precision,
    elapsed    double precision NOT NULL,
    ended      timestamptz(3),
    talked     double precision,
    hung_up_by text CHECK (hung_up_by IN ('caller', 'callee', 'sipfo')),
    notes      text NOT NULL
);
CREATE TABLE attempts (
    call       text COLLATE "C" NOT NULL REFERENCES calls,
    place      integer NOT NULL,
    egress     text NOT NULL,
    route      text NOT NULL,
    target     text,
    outcome    text NOT NULL,
    at         double precision NOT NULL,
    took       double precision NOT NULL,
    phrase     text NOT NULL,
    level      text,
    reasons    text NOT NULL,
    PRIMARY KEY (call, place)
);
CREATE TABLE heartbeat (
    only_row   integer PRIMARY KEY CHECK (only_row = 1),
    at         timestamptz(3) NOT NULL,
    version    integer NOT NULL
);
CREATE INDEX calls_by_time ON calls (began);
CREATE INDEX calls_by_caller ON calls (call_id);
CREATE INDEX calls_up ON calls (call) WHERE state = 'open';
INSERT INTO heartbeat VALUES (1, to_timestamp(0), {SCHEMA_VERSION});
""".encode("ascii")


def _mark(column: str) -> str:
    return "%s"


_WRITE_CALL: Final = write_call(_mark).encode("ascii")
_WRITE_ATTEMPT: Final = write_attempt(_mark).encode("ascii")
_OPEN: Final = f"SELECT {', '.join(CALLS)} FROM calls WHERE state = 'open'".encode("ascii")
_ATTEMPTS: Final = (
    f"SELECT call, {', '.join(ATTEMPTS)} FROM attempts WHERE call = ANY(%s) ORDER BY call, place"
).encode("ascii")
_BLOCK: Final = 500
"""Calls whose attempts are asked for at once."""

_OF_A_ROW: Final = (psycopg.DataError, psycopg.IntegrityError)
"""Errors that another time will not mend."""

_LOCK: Final = b"SELECT pg_advisory_lock(%s, hashtext(current_schema()))"

Connection = psycopg.Connection[tuple[Any, ...]]


class Postgresql:
    """A book that is a schema of a PostgreSQL database: the first of the URL's `search_path`."""

    takes_ends = False

    def __init__(self, url: str, sync: Sync) -> None:
        """Connect, and make the tables where there are none. Raises CannotKeep."""
        self._url = url
        self._sync = sync
        self._connection = self._connected()

    def lose_open(self) -> int:
        """See Book."""
        with self._transaction() as connection:
            beat = connection.execute(b"SELECT extract(epoch FROM at) FROM heartbeat").fetchone()
            last_alive = float(beat[0]) if beat is not None else 0.0
            left = list(_rows(connection, connection.execute(_OPEN).fetchall()))
            _put(connection, [lost(row, last_alive) for row in left])
        return len(left)

    def write(self, rows: Sequence[Row], now: float, ends: Sequence[End] = ()) -> None:
        """See Book."""
        with self._transaction() as connection:
            _put(connection, rows)
            connection.execute(b"UPDATE heartbeat SET at = to_timestamp(%s)", (now,))

    def close(self) -> None:
        """See Book."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """All of it or nothing. Raises CannotWrite for what may be better the next time."""
        try:
            if self._connection.closed:
                self._connection = self._connected()
            with self._connection.transaction():
                yield self._connection
        except CannotKeep as error:
            raise CannotWrite(str(error)) from None
        except psycopg.Error as error:
            if isinstance(error, _OF_A_ROW):
                raise
            if not isinstance(error, psycopg.errors.DiskFull):
                self._connection.close()  # and who writes is settled anew
            raise CannotWrite(_words(error)) from None

    def _connected(self) -> Connection:
        """A connection that has the book to itself. Raises CannotKeep."""
        connection = connect(self._url)
        try:
            commits = b"off" if self._sync == "normal" else b"on"
            connection.execute(b"SET synchronous_commit = " + commits)
            connection.execute(f"SET statement_timeout = '{PATIENCE}s'".encode("ascii"))
            _hold(connection, self._url)
            if _version(connection, self._url) is None:
                with connection.transaction():
                    connection.execute(_SCHEMA)
        except psycopg.Error as error:
            connection.close()
            raise CannotKeep(f"cannot write {place(self._url)}: {_words(error)}") from None
        except CannotKeep:
            connection.close()
            raise
        return connection


def read_postgresql(url: str, wanted: Wanted) -> Iterator[Row]:
    """The calls that are wanted, the earliest first. Raises CannotKeep."""
    asked, values = query(wanted, "%s")
    try:
        with closing(connect(url)) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            if _version(connection, url) is None:
                raise CannotKeep(f"cannot read {place(url)}: it has no records")
            with connection.transaction(), connection.cursor("calls") as cursor:
                cursor.execute(asked.encode("ascii"), values)
                while block := cursor.fetchmany(_BLOCK):
                    yield from _rows(connection, block)
    except psycopg.Error as error:
        raise CannotKeep(f"cannot read {place(url)}: {_words(error)}") from None


def connect(url: str) -> Connection:
    """A connection by a URL, which gives up on a server that is silent. Raises CannotKeep."""
    given = _given(url)
    patience = {
        "connect_timeout": PATIENCE,
        "tcp_user_timeout": PATIENCE * 1000,
        "application_name": "sipfo",
    }
    try:
        return psycopg.connect(**{**patience, **given}, autocommit=True)
    except psycopg.Error as error:
        raise CannotKeep(f"cannot connect to {place(url)}: {_words(error)}") from None


def place(url: str) -> str:
    """What the database is called where people see it: the URL without user, password and options.
    Raises CannotKeep for what is no URL of PostgreSQL."""
    given = _given(url)
    host = str(given.get("host") or "")
    port = f":{given['port']}" if given.get("port") else ""
    is_socket = not host or host.startswith("/")
    return f"postgresql://{'' if is_socket else host + port}/{given.get('dbname') or ''}"


def _given(url: str) -> dict[str, Any]:
    """What a URL says. What is wrong in it is not shown: part of it may be a password."""
    if url.partition("?")[0].count("@") > 1:
        raise CannotKeep("a postgresql:// URL has one `@`: write `%40` for it in a password")
    try:
        return conninfo_to_dict(url)
    except psycopg.Error:
        raise CannotKeep("cannot read the URL: write postgresql://USER@HOST:5432/DATABASE") from (
            None
        )


def _hold(connection: Connection, url: str) -> None:
    """Nobody else writes while this connection lasts; one that was killed a moment ago is waited
    for. Raises CannotKeep."""
    connection.execute(f"SET lock_timeout = '{HANDOVER}s'".encode("ascii"))
    try:
        connection.execute(_LOCK, (LOCK,))
    except psycopg.errors.LockNotAvailable:
        raise CannotKeep(
            f"cannot write {place(url)}: another process keeps its records there"
        ) from None


def _version(connection: Connection, url: str) -> int | None:
    """The version of the tables that are there, if any are. Raises CannotKeep for those of another
    version or of something else: none is ever changed into another here."""
    (schema,) = _one(connection, b"SELECT current_schema()")
    if schema is None:
        raise CannotKeep(f"{place(url)} has no schema that the `search_path` names: make it first")
    (beats, calls) = _one(connection, b"SELECT to_regclass('heartbeat'), to_regclass('calls')")
    if beats is None and calls is None:
        return None
    try:
        (version,) = _one(connection, b"SELECT version FROM heartbeat")
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        raise CannotKeep(
            f"{place(url)} has tables of something else in schema {schema}: give another schema"
            " with `?options=-csearch_path%3DNAME`"
        ) from None
    if version != SCHEMA_VERSION:
        raise CannotKeep(
            f"{place(url)} has records of version {version}, and this sipfo keeps version"
            f" {SCHEMA_VERSION}: give another schema, or use the sipfo that wrote it"
        )
    return SCHEMA_VERSION


def _one(connection: Connection, asked: bytes) -> tuple[Any, ...]:
    found = connection.execute(asked).fetchone()
    assert found is not None  # each of these statements has one row
    return found


def _put(connection: Connection, rows: Sequence[Row]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(_WRITE_CALL, [call_cells(row) for row in rows])
        attempts = [cells for row in rows for cells in attempt_cells(row)]
        cursor.executemany(_WRITE_ATTEMPT, attempts)


def _rows(connection: Connection, found: Sequence[tuple[Any, ...]]) -> Iterator[Row]:
    """The rows of `calls`, their attempts with them."""
    names = [cells[0] for cells in found]
    rungs = connection.execute(_ATTEMPTS, (names,)).fetchall()
    attempts = {
        call: tuple(attempt_of(cells[1:]) for cells in its)
        for call, its in groupby(rungs, key=itemgetter(0))
    }
    for cells in found:
        known = call_of(cells)
        for name in ("began", "ended"):
            if known[name] is not None:
                known[name] = moment(known[name].timestamp())
        yield Row(**known, attempts=attempts.get(known["call"], ()))


def _words(error: psycopg.Error) -> str:
    """The first line: the others quote the statement."""
    return str(error).strip().partition("\n")[0]
