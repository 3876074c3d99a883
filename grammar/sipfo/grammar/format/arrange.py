"""Pieces to statements, blocks and remarks: whose each comment is, and what stood on one line.

A comment after a statement's last word, on the same line, is that statement's tail; one between
its words stays among them; one on a line of its own between two statements is a remark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sipfo.grammar.format.piece import Piece, Place

_BLANKS_IN_FILE: Final = 2
_BLANKS_IN_BLOCK: Final = 1


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment on a line of its own, between statements; `blanks` are the lines left free above."""

    comment: Piece
    blanks: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement and the comments among its words; `tail` is the one that ends its last line."""

    pieces: tuple[Piece, ...]
    tail: tuple[Piece, ...]
    blanks: int


@dataclass(frozen=True, slots=True)
class Block:
    """A block: the words before its brace, the comment that ends its first line, what it holds.

    `one_line` says that it was written on one line.
    """

    header: tuple[Piece, ...]
    opening: tuple[Piece, ...]
    items: tuple[Item, ...]
    tail: tuple[Piece, ...]
    blanks: int
    one_line: bool


Item = Remark | Statement | Block


def arrange(pieces: Sequence[Piece], starts: frozenset[int]) -> tuple[Item, ...]:
    """The items of a file. `starts` are the offsets at which a statement begins."""
    return _Arranger(pieces, starts).items(_BLANKS_IN_FILE)


class _Arranger:
    def __init__(self, pieces: Sequence[Piece], starts: frozenset[int]) -> None:
        self._pieces = pieces
        self._starts = starts
        self._at = 0

    def items(self, most_blanks: int) -> tuple[Item, ...]:
        """Everything up to the brace that closes, or the end."""
        found: list[Item] = []
        while (piece := self._next()) is not None and piece.text != "}":
            blanks = min(max(piece.breaks - 1, 0), most_blanks) if found else 0
            if piece.is_comment:
                self._at += 1
                found.append(Remark(piece, blanks))
            else:
                found.append(self._statement(blanks))
        return tuple(found)

    def _statement(self, blanks: int) -> Statement | Block:
        first = self._at
        self._at += 1
        last = first
        while (piece := self._next()) is not None and not self._ends(piece):
            if not piece.is_comment:
                last = self._at
            self._at += 1
        if piece is not None and piece.text == "{":
            return self._block(first, blanks)
        self._at = last + 1
        return Statement(tuple(self._pieces[first : last + 1]), self._tail(), blanks)

    def _block(self, first: int, blanks: int) -> Block:
        """A comment before the brace moves behind it, or becomes the first remark of the block."""
        before = self._pieces[first : self._at]
        self._at += 1
        header = tuple(piece for piece in before if not piece.is_comment)
        comments = [piece for piece in before if piece.is_comment] + [*self._tail()]
        ends = 0
        if comments and comments[0].place is Place.END:
            ends = 1
            while ends < len(comments) and comments[ends].place is Place.BELOW:
                ends += 1
        moved = tuple(Remark(one, 0) for one in comments[ends:])
        items = self.items(_BLANKS_IN_BLOCK)
        one_line = all(piece.breaks == 0 for piece in self._pieces[first + 1 : self._at + 1])
        self._at += 1
        return Block(header, tuple(comments[:ends]), moved + items, self._tail(), blanks, one_line)

    def _tail(self) -> tuple[Piece, ...]:
        """The comment that ends the line of the piece before, and the lines that carry it on."""
        first = self._at
        while (piece := self._next()) is not None and piece.place in (Place.END, Place.BELOW):
            self._at += 1
        return tuple(self._pieces[first : self._at])

    def _next(self) -> Piece | None:
        return self._pieces[self._at] if self._at < len(self._pieces) else None

    def _ends(self, piece: Piece) -> bool:
        """Whether a statement ends before `piece`."""
        return piece.text in ("{", "}") or piece.start in self._starts
