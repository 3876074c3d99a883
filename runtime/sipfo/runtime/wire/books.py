"""The name of a book to the book itself, to be written or read: a file by its suffix, PostgreSQL by
a URL.

What would surprise: the driver of PostgreSQL is loaded only when a URL asks for it, because only
the extra `sipfo[postgresql]` has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sipfo.runtime.row import Row
from sipfo.runtime.wanted import Wanted
from sipfo.runtime.wire.book import Book, CannotKeep, Sync
from sipfo.runtime.wire.database import Database, read_database
from sipfo.runtime.wire.lines import Lines, read_lines

DATABASE_SUFFIXES: Final = frozenset({".db", ".sqlite", ".sqlite3"})
LINE_SUFFIXES: Final = frozenset({".jsonl", ".csv"})

_URL: Final = re.compile(r"postgres(?:ql)?://.*", re.DOTALL)
_DRIVER: Final = "psycopg"


def check_name(name: str) -> None:
    """Raises CannotKeep for a name that says nothing about what kind of book it is."""
    if not is_url(name) and Path(name).suffix not in DATABASE_SUFFIXES | LINE_SUFFIXES:
        raise CannotKeep(
            f"{name}: end the name in `.db`, `.jsonl` or `.csv`, or write `postgresql://…`"
        )


def is_url(name: str) -> bool:
    """Whether the book is a PostgreSQL database."""
    return _URL.fullmatch(name) is not None


def open_book(name: str, sync: Sync) -> Book:
    """The book of this name, for this process alone. Raises CannotKeep."""
    check_name(name)
    if is_url(name):
        with _driver():
            from sipfo.runtime.wire.postgresql import Postgresql
        return Postgresql(name, sync)
    path = Path(name)
    return Database(path, sync) if path.suffix in DATABASE_SUFFIXES else Lines(path)


def read_book(name: str, wanted: Wanted) -> Iterator[Row]:
    """The calls that are wanted, the earliest first, while a server may be writing. Raises
    CannotKeep, at the latest with the first row."""
    check_name(name)
    if is_url(name):
        with _driver():
            from sipfo.runtime.wire.postgresql import read_postgresql
        return read_postgresql(name, wanted)
    path = Path(name)
    read = read_database if path.suffix in DATABASE_SUFFIXES else read_lines
    return read(path, wanted)


def called(name: str) -> str:
    """What a book is called in logs and metrics: a URL without what logs in."""
    if not is_url(name):
        return name
    with _driver():
        from sipfo.runtime.wire.postgresql import place
    return place(name)


@contextmanager
def _driver() -> Iterator[None]:
    """Raises CannotKeep where the driver is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != _DRIVER:
            raise
        raise CannotKeep(
            "records in PostgreSQL need a driver: pip install 'sipfo[postgresql]'"
        ) from None
