"""A policy's texts, and places in them: turns 0-based offsets into lines and columns.

Everything inside works with offsets; lines and columns exist only for people and tools, are
1-based, count characters (not bytes), and are computed here and nowhere else. The files of one
policy share one space of offsets, one after the other, so a place names its file by itself.
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
    """A text and the path to show for it; `path` is never opened.

    `base` is the offset of its first character: 0, unless other files come before it.
    """

    text: str
    path: str
    base: int = 0
    _line_starts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        starts = [0]
        found = self.text.find("\n")
        while found >= 0:
            starts.append(found + 1)
            found = self.text.find("\n", found + 1)
        object.__setattr__(self, "_line_starts", tuple(starts))

    @property
    def span(self) -> Span:
        """The whole text."""
        return Span(self.base, self.base + len(self.text))

    def of(self, offset: int) -> Source:
        """The file that `offset` is in: this one."""
        return self

    def position(self, offset: int) -> Position:
        """The line and column of `offset`; an offset past the end is the end."""
        offset = max(0, min(offset - self.base, len(self.text)))
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
        return self.text[max(0, span.start - self.base) : max(0, span.end - self.base)]


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of one policy in the order of their bases: the one that was asked for, then those
    that it imports. Between two files one offset is left out, so that each has an end of its own."""

    files: tuple[Source, ...]

    @property
    def main(self) -> Source:
        """The file that was asked for."""
        return self.files[0]

    @property
    def path(self) -> str:
        """The path to show for the whole."""
        return self.main.path

    @property
    def span(self) -> Span:
        """From the first character of the first file to the end of the last."""
        return Span(self.main.base, self.files[-1].span.end)

    def of(self, offset: int) -> Source:
        """The file that `offset` is in."""
        after = bisect_right(self.files, offset, key=lambda file: file.base)
        return self.files[max(0, after - 1)]

    def position(self, offset: int) -> Position:
        """The line and column of `offset` in its file."""
        return self.of(offset).position(offset)

    def excerpt(self, span: Span) -> str:
        """The characters of `span`, which lies in one file."""
        return self.of(span.start).excerpt(span)
