"""A row as one line of text and back: JSON, or CSV (RFC 4180) with the attempts as JSON in a cell.

A line says all that is known of a call; of several lines about one call the last holds. What would
surprise: both forms begin with the state and the call's name, so that a file is searched for calls
without reading the rest of its lines (`STATE`).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Final

from sipfo.plan.ladder import Attempt
from sipfo.runtime.row import Row

STATE: Final = re.compile(rb'(?:\{"state":")?(open|closed|lost)(?:","call":"|,)([0-9a-z-]{1,32})')
"""The state and the call of a line, of either form."""

_PLAIN: Final = tuple(name for name in Row._fields if name not in ("state", "call"))
COLUMNS: Final = ("state", "call", *_PLAIN)
"""What a line says, in this order."""

_NUMBERS: Final[dict[str, Callable[[str], float]]] = {
    "code": int,
    "rang": float,
    "elapsed": float,
    "talked": float,
}
_NULLABLE: Final = frozenset({"by", "carrier", "rang", "ended", "talked", "hung_up_by"})
_LISTS: Final = ("notes", "attempts")
"""What CSV has as JSON in a cell."""

_FORMULA: Final = re.compile(r"[=+\-@\t\r]")
_NUMBER: Final = re.compile(r"\+?[0-9]+")


class BadLine(ValueError):
    """A line that is no row."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a file of lines is written. `head` is its first line, where it has one; `begins` is what
    the file begins with in any case."""

    head: bytes
    begins: bytes
    write: Callable[[Row], bytes]
    read: Callable[[bytes], Row]
    """Raises BadLine."""


def as_dict(row: Row) -> dict[str, Any]:
    """The row as its JSON line has it."""
    found = {name: getattr(row, name) for name in COLUMNS}
    found["notes"] = list(row.notes)
    found["attempts"] = [_attempt(one) for one in row.attempts]
    return found


def _attempt(one: Attempt) -> dict[str, Any]:
    return {field.name: getattr(one, field.name) for field in fields(Attempt)}


def _write_json(row: Row) -> bytes:
    return _json(as_dict(row)) + b"\n"


def _read_json(line: bytes) -> Row:
    try:
        found = json.loads(line)
        return _row(found, found["attempts"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadLine(str(error)) from None


def _write_csv(row: Row) -> bytes:
    found = as_dict(row)
    for name in _LISTS:
        found[name] = _json(found[name]).decode("ascii")
    return _cells([_cell(found[name]) for name in COLUMNS])


def _read_csv(line: bytes) -> Row:
    try:
        (cells,) = csv.reader([line.decode("utf-8")], strict=True)
        found: dict[str, Any] = dict(zip(COLUMNS, map(_unguarded, cells), strict=True))
        for name in _NULLABLE:
            found[name] = found[name] or None
        for name, number in _NUMBERS.items():
            if found[name] is not None:
                found[name] = number(found[name])
        for name in _LISTS:
            found[name] = json.loads(found[name])
        return _row(found, found["attempts"])
    except (ValueError, KeyError, TypeError, RecursionError, csv.Error) as error:
        raise BadLine(str(error)) from None


def _row(found: dict[str, Any], attempts: list[dict[str, Any]]) -> Row:
    values = {name: found[name] for name in COLUMNS}
    values["notes"] = tuple(map(str, found["notes"]))
    values["attempts"] = tuple(
        Attempt(**{**one, "reasons": tuple(one["reasons"])}) for one in attempts
    )
    return Row(**values)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _cells(cells: list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().encode("utf-8")


def _cell(value: object) -> str:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front."""
    text = "" if value is None else str(value)
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return "'" + text
    return "'" + text if text.startswith("'") else text


def _unguarded(cell: str) -> str:
    return cell.removeprefix("'")


_HEAD: Final = _cells(list(COLUMNS))

JSON: Final = Form(b"", b'{"state":"', _write_json, _read_json)
CSV: Final = Form(_HEAD, _HEAD, _write_csv, _read_csv)
