"""Lines to text: sets the column of the comments that end them, and writes it all out.

A comment stands two spaces after the code, in one column with those of the lines right above and
below. What would surprise: a column that comments already stand in, two at least in the file, was
drawn by the author and is kept as long as the code leaves room.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from sipfo.grammar.format.columns import WIDTH
from sipfo.grammar.format.lines import Line

_GAP: Final = 2
_DRAWN: Final = 2
"""Comments that must stand in a column for it to be the author's."""


def write(lines: Sequence[Line]) -> str:
    """The text of `lines`, each with its line end."""
    columns = _columns(lines)
    written: list[str] = []
    for i, line in enumerate(lines):
        code = " " * line.indent + line.code
        if line.comment is not None:
            code = code.ljust(columns[i]) + line.comment.text
        written += ["\n" * line.blanks, code, "\n"]
    return "".join(written)


class _Run(NamedTuple):
    """Consecutive lines of one indentation that end in comments, by their numbers.

    `least` is the first column that leaves room for the code of them all; `column` the one, of
    those with room in which its comments stand, that most comments of the file stand in, and
    `there` how many of its own do. None has room: `column` is `least`.
    """

    members: list[int]
    least: int
    column: int
    there: int


def _columns(lines: Sequence[Line]) -> dict[int, int]:
    """The column of the comment of each line that ends in one."""
    stand = Counter(line.comment.column for line in lines if line.comment is not None)
    runs = [_measure(lines, members, stand) for members in _runs(lines)]
    drawn: Counter[int] = Counter()
    for run in runs:
        drawn[run.column] += run.there
    return {
        i: run.column if drawn[run.column] >= _DRAWN else run.least
        for run in runs
        for i in run.members
    }


def _runs(lines: Sequence[Line]) -> list[list[int]]:
    """The lines that end in comments, as runs. A line wider than WIDTH has one to itself."""
    runs: list[list[int]] = []
    for i, line in enumerate(lines):
        if line.comment is None:
            continue
        follows = runs and runs[-1][-1] == i - 1 and line.blanks == 0
        if not follows or not _goes_with(line, lines[runs[-1][0]]):
            runs.append([])
        runs[-1].append(i)
    return runs


def _goes_with(line: Line, first: Line) -> bool:
    """Whether a line's comment stands below that of the first of the run above."""
    alone = first.code == "}" or line.end > WIDTH or first.end > WIDTH
    return line.indent == first.indent and (not line.code or not alone)


def _measure(lines: Sequence[Line], members: list[int], stand: Counter[int]) -> _Run:
    """`stand` says how many comments of the file stand in each column."""
    run = [lines[i] for i in members]
    least = max(line.end for line in run) + _GAP
    own = Counter(line.comment.column for line in run if line.comment is not None)
    room = [column for column in own if least <= column <= WIDTH]
    column = max(room, key=lambda one: (stand[one], -one), default=least)
    return _Run(members, least, column, own[column])
