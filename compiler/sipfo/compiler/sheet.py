"""A rate deck's text, comma-separated values with a line of names first, to a packed table.

Every line is looked at; of what is wrong the first mistakes are told, each at its line. Moments are
Unix seconds, and a day without an hour is a day in UTC; a row `until` a day is valid all that day.
"""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from sipfo.compiler.checks.bad_rate import overlap, row_error, too_many
from sipfo.grammar.diagnostic import Diagnostic, one_of, quoted
from sipfo.grammar.near import near
from sipfo.grammar.source import Source, Span
from sipfo.plan.rates import FOR_EVER, MOST_ROWS, STOP, Term, key_of, pack_arrays, price

MOST_TOLD: Final = 20
"""Mistakes of one deck that are told."""

COLUMNS: Final = {
    "prefix": "prefix",
    "cost": "cost",
    "from": "from",
    "valid from": "from",
    "until": "until",
    "valid until": "until",
    "destination": "",
    "note": "",
}
"""The names that a column may have, and what it is; those that are nothing are for people."""

STOPS: Final = "stop"
"""What stands in the place of a cost where a carrier is not to be used."""

_PREFIX: Final = re.compile(r"[ \t]*\+?([1-9][0-9]{0,14})[ \t]*")
_PLAIN: Final = frozenset("123456789+")
_AMOUNT: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_DAY: Final = len("2026-12-31")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A deck as read; the table is there when nothing is wrong."""

    table: str
    rows: int
    found: tuple[Diagnostic, ...] = ()


class _Bad(Exception):
    """A field that is not what it should be: which one, what is wrong, and what to write."""

    def __init__(self, field: int, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.field, self.message, self.hint = field, message, hint


class _Columns(NamedTuple):
    """Where each is; -1 for what is not there."""

    prefix: int
    cost: int
    begins: int
    ends: int
    width: int
    delimiter: str


def read_sheet(source: Source) -> Sheet:
    """The table of a deck. Never raises."""
    return _Reading(source).sheet()


class _Reading:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._found: list[Diagnostic] = []
        self._wrong = 0
        self._keys, self._terms, self._lines = array("Q"), array("I"), array("I")
        self._known: dict[Term, int] = {}
        self._says: dict[tuple[str, str, str], int] = {}

    def sheet(self) -> Sheet:
        lines = self._rows()
        first = next(lines, None)
        if first is None:
            whole = Span(self._source.base, self._source.base)
            self._found.append(
                row_error("there is nothing in it", whole, "begin with a line `prefix,cost`")
            )
            return Sheet("", 0, tuple(self._found))
        head, title = first
        columns = self._columns(head, title)
        if columns is not None:
            for number, line in lines:
                try:
                    self._row(columns, number, line)
                except _Bad as bad:
                    self._tell(number, line, columns.delimiter, bad)
                if len(self._keys) > MOST_ROWS:
                    self._found.append(too_many(MOST_ROWS, self._line_span(number, line)))
                    break
            if not self._found and self._keys:
                self._overlaps()
            if not self._found and not self._keys:
                self._found.append(
                    row_error(
                        "it has no rates", self._line_span(head, title), "write a line for each"
                    )
                )
        if self._wrong > MOST_TOLD:
            last = self._found[-1]
            more = f"{last.message}; {self._wrong - MOST_TOLD} more lines are wrong"
            self._found[-1] = row_error(more, last.span, last.hint)
        if self._found:
            return Sheet("", len(self._keys), tuple(self._found))
        return Sheet(pack_arrays(self._keys, self._terms, self._known), len(self._keys))

    def _rows(self) -> Iterator[tuple[int, str]]:
        """The lines that say something, each with its 1-based number."""
        for number, line in enumerate(self._source.text.split("\n"), 1):
            if line[:1] in _PLAIN and line and line[-1] != "\r":
                yield number, line  # what nearly every line of a deck is
                continue
            text = line.rstrip("\r")
            if text.strip() and not text.lstrip().startswith("#"):
                yield number, text

    def _columns(self, number: int, line: str) -> _Columns | None:
        delimiter = next((one for one in ",;\t" if one in line), ",")
        names = [
            re.sub(r"[\s_-]+", " ", one.strip().lower()) for one in _fields(line, delimiter) or []
        ]
        places: dict[str, int] = {}
        try:
            if any(_PREFIX.fullmatch(one) for one in names):
                raise _Bad(-1, "the first line does not name the columns", _FIRST)
            for place, name in enumerate(names):
                what = COLUMNS.get(name)
                if what is None:
                    raise _Bad(place, f"no such column: {quoted(name)}", _column_hint(name))
                if what and what in places:
                    raise _Bad(place, f"a second column says {quoted(what)}", "keep one of them")
                if what:
                    places[what] = place
            for what in ("prefix", "cost"):
                if what not in places:
                    raise _Bad(-1, f"there is no column {quoted(what)}", _FIRST)
        except _Bad as bad:
            self._tell(number, line, delimiter, bad)
            return None
        begins, ends = places.get("from", -1), places.get("until", -1)
        return _Columns(places["prefix"], places["cost"], begins, ends, len(names), delimiter)

    def _row(self, columns: _Columns, number: int, line: str) -> None:
        """Take one row. Raises _Bad."""
        if '"' in line:
            read = _fields(line, columns.delimiter)
            if read is None:
                raise _Bad(-1, "the quotes do not close", "a field with quotes ends on its line")
            fields = read
        else:
            fields = line.split(columns.delimiter)
        if len(fields) != columns.width:
            message = f"{len(fields)} fields where the first line names {columns.width}"
            raise _Bad(
                -1, message, "a decimal has a point, and what holds a comma stands in quotes"
            )
        prefix = _PREFIX.fullmatch(fields[columns.prefix])
        if prefix is None:
            raise _Bad(columns.prefix, *_prefix_fault(fields[columns.prefix].strip()))
        says = (
            fields[columns.cost],
            fields[columns.begins] if columns.begins >= 0 else "",
            fields[columns.ends] if columns.ends >= 0 else "",
        )
        term = self._says.get(says)
        if term is None:
            term = self._says[says] = self._term(columns, *(one.strip() for one in says))
        self._keys.append(key_of(prefix[1]))
        self._terms.append(term)
        self._lines.append(number)

    def _term(self, columns: _Columns, cost: str, begins: str, ends: str) -> int:
        if cost.lower() == STOPS:
            amount = STOP
        elif _AMOUNT.fullmatch(cost):
            amount = price(cost)
        else:
            raise _Bad(columns.cost, *_cost_fault(cost))
        first = _moment(columns.begins, begins, False) if begins else 0
        last = _moment(columns.ends, ends, True) if ends else FOR_EVER
        if last <= first:
            raise _Bad(columns.ends, "it ends before it begins", "put the two dates right")
        return self._known.setdefault(Term(amount, first, last), len(self._known))

    def _overlaps(self) -> None:
        """Two rows for one prefix at one time contradict each other."""
        keys, terms = self._keys, list(self._known)
        if len(set(keys)) == len(keys):
            return
        order = sorted(range(len(keys)), key=keys.__getitem__)
        same: list[int] = []
        for place, following in zip(order, [*order[1:], None], strict=True):
            same.append(place)
            if following is not None and keys[following] == keys[place]:
                continue
            if len(same) > 1:
                by_time = sorted(same, key=lambda one: terms[self._terms[one]].begins)
                for one, other in pairwise(by_time):
                    if terms[self._terms[one]].ends > terms[self._terms[other]].begins:
                        self._overlap(*sorted((self._lines[one], self._lines[other])))
            same = []

    def _overlap(self, first: int, second: int) -> None:
        self._wrong += 1
        if self._wrong <= MOST_TOLD:
            spans = [self._line_span(one, self._source.line(one)) for one in (first, second)]
            self._found.append(overlap(spans[1], spans[0]))

    def _tell(self, number: int, line: str, delimiter: str, bad: _Bad) -> None:
        self._wrong += 1
        if self._wrong > MOST_TOLD:
            return
        span = self._line_span(number, line)
        if bad.field >= 0 and '"' not in line:
            fields = line.split(delimiter)
            start = sum(len(one) + 1 for one in fields[: bad.field])
            text = fields[bad.field]
            start += len(text) - len(text.lstrip())
            span = Span(span.start + start, span.start + start + max(1, len(text.strip())))
        self._found.append(row_error(bad.message, span, bad.hint))

    def _line_span(self, number: int, line: str) -> Span:
        text, start = self._source.text, 0
        for _ in range(number - 1):
            start = text.index("\n", start) + 1
        start += self._source.base
        return Span(start, start + max(1, len(line.rstrip())))


_FIRST: Final = "name them in the first line: `prefix,cost,from,until`"


def _fields(line: str, delimiter: str) -> list[str] | None:
    """The fields of one line; None where its quotes do not close."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error:
        return None


def _column_hint(name: str) -> str:
    meant = near(name, COLUMNS)
    if meant:
        return f"did you mean {one_of([quoted(one) for one in meant])}?"
    return "there are `prefix`, `cost`, `from`, `until`, and `destination` or `note` for people"


def _prefix_fault(text: str) -> tuple[str, str]:
    if not text:
        return "there is no prefix", "write the beginning of the numbers: `4420`"
    bare = re.sub(r"[-.() ]", "", text).removeprefix("+")
    hint = "write the beginning of numbers with their country code, as `4420`"
    if re.fullmatch(r"[1-9][0-9]{0,14}", bare):
        hint = f"write `{bare}`"
    elif re.fullmatch(r"[1-9][0-9]*(\.[0-9]+)?[eE]\+?[0-9]+", text):
        hint = "a spreadsheet has rounded it: format the column as text"
    elif re.fullmatch("[0-9]{16,}", bare):
        hint = "a number has at most 15 digits"
    return f"not a prefix: {quoted(text)}", hint


def _cost_fault(text: str) -> tuple[str, str]:
    if not text:
        return "there is no cost", "write an amount such as `0.0040`, or `stop`"
    bare = re.sub("^[^0-9]+|[^0-9.,]+$", "", text).replace(",", ".")
    hint = f"write `{bare}`" if _AMOUNT.fullmatch(bare) else "write `0.0040`, or `stop`"
    return f"not an amount: {quoted(text)}", hint


def _moment(field: int, text: str, ends: bool) -> int:
    """Unix seconds. Raises _Bad."""
    try:
        if not _MOMENT.fullmatch(text):
            raise ValueError
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        if ends and len(text) == _DAY:
            at += timedelta(days=1)
        return max(0, int(at.timestamp()))
    except (ValueError, OverflowError):
        hint = "write `2026-12-31`, or `2026-12-31T12:00Z`"
        raise _Bad(field, f"not a date: {quoted(text)}", hint) from None
