"""A correct text to its pieces: words, texts, marks and comments, with how they stood in it.

What would surprise: a comment below another that ends a line, in the same column, carries that
one on; any other comment on a line of its own stands for itself.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final, NamedTuple


class Place(Enum):
    """How a piece stood in the text."""

    CODE = auto()
    END = auto()  # a comment after code
    BELOW = auto()  # a comment alone on its line that carries on the one above
    OWN = auto()  # any other comment alone on its line


class Piece(NamedTuple):
    """`start` is its offset, `breaks` the line ends before it, `column` the characters before it
    on its line."""

    text: str
    start: int
    column: int
    breaks: int
    place: Place

    @property
    def is_comment(self) -> bool:
        return self.place is not Place.CODE


_PIECE: Final = re.compile(
    r"""
      \#[^\n]*
    | "[^"\r\n]*"
    | \.\.
    | [{},]
    | (?:(?!\.\.)[^\s{},"\#])+
    """,
    re.VERBOSE,
)


def cut(text: str, base: int = 0) -> list[Piece]:
    """Every piece of `text`, in one pass. `base` is the offset of its first character."""
    pieces: list[Piece] = []
    line = end = 0
    for match in _PIECE.finditer(text):
        start = match.start()
        breaks = text.count("\n", end, start)
        if breaks:
            line = text.rfind("\n", end, start) + 1
        before = pieces[-1] if pieces else None
        column, word = start - line, match[0]
        if word.startswith("#"):
            word = word.rstrip()
            place = _place(before, column, breaks)
        else:
            place = Place.CODE
        pieces.append(Piece(word, base + start, column, breaks, place))
        end = match.end()
    return pieces


def _place(before: Piece | None, column: int, breaks: int) -> Place:
    """How a comment stands."""
    if before is None:
        return Place.OWN
    if breaks == 0:
        return Place.END
    carries_on = before.place in (Place.END, Place.BELOW)
    return Place.BELOW if carries_on and breaks == 1 and column == before.column else Place.OWN
