"""Bindings in PostgreSQL: one row a user, for the instances of every machine.

What would surprise: two instances never change the same user at once; an advisory lock on the user
orders them, and it holds where there is no row yet.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg

from sipfo.runtime.errand import Bindings, Change
from sipfo.runtime.wire.bindings.cabinet import CannotStore, read_bindings, written
from sipfo.runtime.wire.book import CannotKeep
from sipfo.runtime.wire.postgresql import connect, place

LOCK: Final = 0x73697062
"""`sipb`: the first half of the advisory lock's key; the second is the user."""

STATEMENT: Final = 2
"""Seconds that one statement may take."""

_SCHEMA: Final = b"""
CREATE TABLE sipfo_bindings (
    "user"     text COLLATE "C" PRIMARY KEY,
    bindings   text NOT NULL
)"""

_THERE: Final = b"SELECT to_regclass('sipfo_bindings')"
_READ: Final = b'SELECT bindings FROM sipfo_bindings WHERE "user" = %s'
_WRITE: Final = (
    b"INSERT INTO sipfo_bindings VALUES (%s, %s)"
    b' ON CONFLICT ("user") DO UPDATE SET bindings = excluded.bindings'
)
_REMOVE: Final = b'DELETE FROM sipfo_bindings WHERE "user" = %s'

Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresqlCabinet:
    """A table in the first schema of the URL's `search_path`; a connection for each thread."""

    workers = 4

    def __init__(self, url: str) -> None:
        """Connect, and make the table if there is none. Raises CannotStore."""
        self._url = url
        try:
            self._place = place(url)
        except CannotKeep as error:
            raise CannotStore(str(error)) from None
        self._own = threading.local()
        self._every: list[Connection] = []
        with self._connection() as connection, connection.transaction():
            # Two that begin at once would both find no table.
            connection.execute(b"SELECT pg_advisory_xact_lock(%s, 0)", (LOCK,))
            (there,) = connection.execute(_THERE).fetchone() or (None,)
            if there is None:  # who may only use the table need not be let make one
                connection.execute(_SCHEMA)

    def read(self, key: str) -> Bindings:
        """See Cabinet."""
        with self._connection() as connection:
            return self._read(connection, key)

    def change(self, key: str, change: Change) -> Bindings:
        """See Cabinet."""
        with self._connection() as connection, connection.transaction():
            connection.execute(b"SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (LOCK, key))
            changed = change(self._read(connection, key))
            if changed:
                connection.execute(_WRITE, (key, written(changed)))
            else:
                connection.execute(_REMOVE, (key,))
        return changed

    def close(self) -> None:
        """See Cabinet."""
        for connection in self._every:
            connection.close()

    def _read(self, connection: Connection, key: str) -> Bindings:
        found = connection.execute(_READ, (key,)).fetchone()
        return read_bindings(found[0], self._place) if found is not None else ()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """This thread's connection; a new one after one that broke. Raises CannotStore."""
        try:
            held: Connection | None = getattr(self._own, "held", None)
            if held is None or held.closed:
                held = self._own.held = self._connected()
            yield held
        except CannotKeep as error:
            raise CannotStore(str(error)) from None
        except psycopg.Error as error:
            if isinstance(error, psycopg.OperationalError) and held is not None:
                held.close()
            words = str(error).strip().partition("\n")[0]
            raise CannotStore(f"{self._place}: {words}") from None

    def _connected(self) -> Connection:
        made = connect(self._url)
        self._every = [one for one in self._every if not one.closed]
        self._every.append(made)
        made.execute(b"SET synchronous_commit = on")
        made.execute(f"SET statement_timeout = '{STATEMENT}s'".encode("ascii"))
        return made
