"""Rows as the tables of a database have them, `calls` and `attempts`, and the terms that ask for
some: what SQLite and PostgreSQL have in common.

What would surprise: an attempt's Reason headers are one text, a line each, and so are the notes of
a call. What a row has is printable (`row.clean`), so none of them has two lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

from sipfo.plan.ladder import Attempt
from sipfo.runtime.row import End, Row
from sipfo.runtime.wanted import Wanted

SCHEMA_VERSION: Final = 2
"""Of the tables; it changes with every column."""

CALLS: Final = Row._fields[: Row._fields.index("attempts")]
"""The columns of `calls`."""

CLOSING: Final = End._fields[1:]
"""Those that the end of a call changes, which `call` comes before."""

ATTEMPTS: Final = tuple(one.name for one in fields(Attempt))
"""The columns of `attempts`, which come behind `call` and `place`, its number from 1."""

_of_attempt: Final = attrgetter(*ATTEMPTS)

_NOTES: Final = CALLS.index("notes")
_REASONS: Final = ATTEMPTS.index("reasons")

NULLABLE: Final = frozenset(
    {"by", "carrier", "rang", "ended", "talked", "hung_up_by", "target", "level"}
)
"""The columns, of either table, that may have nothing."""

Mark = Callable[[str], str]
"""The mark of a column's value in a statement."""


def insert(table: str, columns: Sequence[str], mark: Mark, rows: int = 1) -> str:
    """The statement, with a mark for each value; what to do about a row that is there follows."""
    return f"INSERT INTO {table} ({', '.join(columns)}) {_values(columns, mark, rows)} ON CONFLICT"


def write_call(mark: Mark, rows: int = 1) -> str:
    """The statement that writes so many rows, or closes those that are there."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in CLOSING)
    return f"{insert('calls', CALLS, mark, rows)} (call) DO UPDATE SET {changes}"


def close_call(mark: Mark, rows: int = 1) -> str:
    """The statement that closes so many rows that are there."""
    changes = ", ".join(f"{name} = column{place}" for place, name in enumerate(CLOSING, start=2))
    ends = _values(("call", *CLOSING), mark, rows)
    return f"UPDATE calls SET {changes} FROM ({ends}) WHERE call = column1"


def write_attempt(mark: Mark, rows: int = 1) -> str:
    """The statement that writes so many attempts, those that are not there."""
    return f"{insert('attempts', ('call', 'place', *ATTEMPTS), mark, rows)} DO NOTHING"


def call_cells(row: Row) -> list[Any]:
    """A row of `calls`."""
    cells: list[Any] = list(row[: len(CALLS)])
    cells[_NOTES] = "\n".join(row.notes)
    return cells


def call_of(cells: Sequence[Any]) -> dict[str, Any]:
    """What a row of `calls` says, by name."""
    known: dict[str, Any] = dict(zip(CALLS, cells, strict=True))
    known["notes"] = tuple(known["notes"].split("\n")) if known["notes"] else ()
    return known


def attempt_cells(row: Row) -> list[list[Any]]:
    """The rows of `attempts`, `call` and `place` before them."""
    return [[row.call, place, *_cells(one)] for place, one in enumerate(row.attempts, start=1)]


def attempt_of(cells: Sequence[Any]) -> Attempt:
    """A row of `attempts`, without `call` and `place`."""
    values = list(cells)
    values[_REASONS] = tuple(values[_REASONS].split("\n")) if values[_REASONS] else ()
    return Attempt(*values)


def query(wanted: Wanted, mark: str) -> tuple[str, tuple[str, ...]]:
    """The statement that finds what `Wanted.holds`, the earliest first, and its values."""
    terms, values = ["true"], list[str]()
    if wanted.since is not None:
        terms.append(f"began >= {mark}")
        values.append(wanted.since)
    if wanted.trunk is not None:
        terms.append(f"trunk = {mark}")
        values.append(wanted.trunk)
    if wanted.failed:
        terms.append("(result = 'refused' OR state = 'lost')")
    if wanted.call is not None:
        terms.append(f"{mark} IN (call, substr(call, length(call) - 7), call_id)")
        values.append(wanted.call)
    found = f"SELECT {', '.join(CALLS)} FROM calls WHERE {' AND '.join(terms)}"
    return f"{found} ORDER BY began, call", tuple(values)


def _values(columns: Sequence[str], mark: Mark, rows: int) -> str:
    one = f"({', '.join(map(mark, columns))})"
    return f"VALUES {', '.join([one] * rows)}"


def _cells(attempt: Attempt) -> list[Any]:
    cells = list(_of_attempt(attempt))
    cells[_REASONS] = "\n".join(attempt.reasons)
    return cells
