"""A ladder as text: the call's head, a row for each attempt, and what the caller got.

A row is one line where the terminal is wide enough for all of them, else two: out, and back.
Nothing is cut off and nothing is left out, however narrow it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sipfo.plan.ladder import Attempt, Ladder, Settled
from sipfo.plan.scenario import Scenario
from sipfo.verify.style import PLAIN, Paint, Style
from sipfo.verify.words import duration, printable, result_words

UNRESOLVED = "(name not found)"
NO_ATTEMPT = "no attempt was made"
_NO_ADDRESSES: Mapping[str, str] = {}


def draw(
    scenario: Scenario,
    ladder: Ladder,
    style: Style = PLAIN,
    addresses: Mapping[str, str] = _NO_ADDRESSES,
) -> str:
    """The call as lines of text, without a final newline.

    `addresses` gives the address to show beside an egress name.
    """
    rows = [
        _Row.of(number, attempt, addresses) for number, attempt in enumerate(ladder.attempts, 1)
    ]
    lines = [head(scenario, style)]
    lines += _draw_rows(rows, style) if rows else [f"  {style.paint(NO_ATTEMPT, 'dim')}"]
    lines.append(_draw_result(ladder, style))
    return "\n".join(lines)


def head(scenario: Scenario, style: Style) -> str:
    """The call's name, trunk and called number."""
    call = f"{scenario.trunk} {style.signs.to} {printable(scenario.number)}"
    if not scenario.name:
        return style.paint(call, "bold")
    return f"{style.paint(printable(scenario.name), 'bold')}  {style.paint(call, 'dim')}"


@dataclass(frozen=True, slots=True)
class _Row:
    """An attempt's cells."""

    number: str
    at: str
    egress: str
    route: str
    target: str
    outcome: str
    took: str
    answered: bool

    @staticmethod
    def of(number: int, attempt: Attempt, addresses: Mapping[str, str]) -> _Row:
        address = addresses.get(attempt.egress)
        return _Row(
            number=str(number),
            at=duration(attempt.at),
            egress=f"{attempt.egress} {address}" if address else attempt.egress,
            route=attempt.place,
            target=attempt.target or UNRESOLVED,
            outcome=f"{attempt.outcome} {printable(attempt.phrase)}".rstrip(),
            took=duration(attempt.took),
            answered=attempt.outcome.startswith("2"),
        )

    @property
    def paint(self) -> Paint:
        return "green" if self.answered else "yellow"


@dataclass(frozen=True, slots=True)
class _Widths:
    """How wide each column must be."""

    number: int
    time: int
    egress: int
    route: int
    target: int
    outcome: int

    @staticmethod
    def of(rows: Sequence[_Row]) -> _Widths:
        return _Widths(
            number=max(len(row.number) for row in rows),
            time=max(max(len(row.at), len(row.took)) for row in rows),
            egress=max(len(row.egress) for row in rows),
            route=max(len(row.route) for row in rows),
            target=max(len(row.target) for row in rows),
            outcome=max(len(row.outcome) for row in rows),
        )


def _draw_rows(rows: Sequence[_Row], style: Style) -> list[str]:
    widths = _Widths.of(rows)
    lines = [_one_line(row, widths, style) for row in rows]
    unpainted = [_one_line(row, widths, Style(signs=style.signs)) for row in rows]
    if style.holds(max(map(len, unpainted))):
        return lines
    return [line for row in rows for line in _two_lines(row, widths, style)]


def _out(row: _Row, widths: _Widths, style: Style) -> str:
    at = style.paint(row.at.rjust(widths.time), "dim")
    egress, route = row.egress.ljust(widths.egress), row.route.ljust(widths.route)
    return f"  {row.number.rjust(widths.number)}  {at}  {egress} {style.signs.to} {route}"


def _one_line(row: _Row, widths: _Widths, style: Style) -> str:
    outcome = style.paint(row.outcome.ljust(widths.outcome), row.paint)
    took = style.paint(row.took.rjust(widths.time), "dim")
    return f"{_out(row, widths, style)}  {row.target.ljust(widths.target)}  {outcome}  {took}"


def _two_lines(row: _Row, widths: _Widths, style: Style) -> tuple[str, str]:
    took = style.paint(row.took.rjust(widths.time), "dim")
    outcome = style.paint(row.outcome, row.paint)
    return (
        f"{_out(row, widths, style)}  {row.target}",
        f"  {' ' * widths.number}  {took}  {style.signs.back} {outcome}",
    )


def _draw_result(ladder: Ladder, style: Style) -> str:
    words = style.paint(result_sentence(ladder.result), result_paint(ladder.result))
    return f"  {style.signs.result} {words} after {duration(ladder.elapsed)}"


def result_sentence(result: Settled) -> str:
    """What the caller got, and who said it."""
    if result.kind == "cancelled":
        return "cancelled by the caller"
    words = result_words(result)
    return words if result.by is not None else f"{words}, made here,"


def result_paint(result: Settled) -> Paint:
    """The colour that goes with a result."""
    match result.kind:
        case "answered":
            return "green"
        case "refused":
            return "red"
        case "cancelled":
            return "yellow"
