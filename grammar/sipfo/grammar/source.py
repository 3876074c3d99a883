"""A policy's text, and places in it: turns 0-based offsets into lines and columns.

Everything inside works with offsets; lines and columns exist only for people and tools, are
1-based, count characters (not bytes), and are computed here and nowhere else.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple


class Span(NamedTuple):
    """Characters `start` (included) to `end` (excluded) of a source, as 0-based offsets."""

    start: int
    end: int


class Position(NamedTuple):
    """A place as people name it: 1-based line and column."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Source:
    """A text and the path to show for it; `path` is never opened."""

    text: str
    path: str
    _line_starts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        starts = [0]
        found = self.text.find("\n")
        while found >= 0:
            starts.append(found + 1)
            found = self.text.find("\n", found + 1)
        object.__setattr__(self, "_line_starts", tuple(starts))

    def position(self, offset: int) -> Position:
        """The line and column of `offset`; an offset past the end is the end."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """The text of 1-based line `number` without its line end; "" past the last line."""
        if not 1 <= number <= len(self._line_starts):
            return ""
        start = self._line_starts[number - 1]
        last = number == len(self._line_starts)
        end = len(self.text) if last else self._line_starts[number] - 1
        return self.text[start:end].rstrip("\r")

    def excerpt(self, span: Span) -> str:
        """The characters of `span`."""
        return self.text[span.start : span.end]
