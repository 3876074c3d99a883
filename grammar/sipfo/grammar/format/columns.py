"""Statements to rows with columns: what stands below what in consecutive lines.

Only short keywords, the ladder of `expect` lines and one-line blocks have columns, and a column
ends at a blank line or at a line of another family: a longer name moves its neighbours, not a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from sipfo.grammar.format.piece import Piece

WIDTH: Final = 100
"""Characters of a line before it is wrapped; what cannot be wrapped may be longer."""

FAMILIES: Final = {
    "region": (("primary", "secondary", "domain"),),
    "retry": (
        ("failover", "stop", "commit"),
        ("no-response", "no-progress", "no-answer"),
    ),
    "registrar": (("domain", "user", "instance"),),
    "trunk": (
        (
            *("numbers", "accept", "from", "routes", "order", "retry", "deadline", "patience"),
            "limit",
        ),
    ),
}
"""The keywords in each kind of block whose values stand in one column."""

_DURATIONS: Final = "retry no-response"
"""The family whose values are short durations and little else: they end in one column."""

ABOUT: Final = ("note", "source")
"""The same in a file and in every block."""

_FAMILY: Final = {
    (kind, keyword): f"{kind} {keywords[0]}"
    for kind, families in FAMILIES.items()
    for keywords in families
    for keyword in keywords
}

Part = str | Piece
"""Code that is never broken, or a comment."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line to be: `heads` are its cells but the last, each with the space that follows it.

    `rest` is what follows, to be wrapped between its parts. Rows of one `family` share columns;
    with `ends` it is the ends of their values that stand below each other, with `bounded` the
    columns are not worth a line wider than WIDTH.
    """

    heads: tuple[str, ...]
    rest: tuple[Part, ...]
    family: str | None = None
    ends: bool = False
    bounded: bool = False

    @property
    def first(self) -> int:
        """The length of what stands on the row's first line in any case, without its heads."""
        return len(self.rest[0]) if self.rest and isinstance(self.rest[0], str) else 0


def statement_row(pieces: tuple[Piece, ...], kind: str) -> Row:
    """The row of a statement in a `kind` block."""
    match [piece.text for piece in pieces]:
        case ["expect", egress, "to", route, outcome]:
            return Row((f"expect {egress} ", f"to {route} "), (outcome,), "expect", bounded=True)
        case [keyword, *_] if (family := _family(kind, keyword)) is not None:
            return Row((f"{keyword} ",), parts(pieces[1:]), family, family == _DURATIONS)
        case _:
            return Row((), parts(pieces))


def _family(kind: str, keyword: str) -> str | None:
    return "about" if keyword in ABOUT else _FAMILY.get((kind, keyword))


def block_row(header: str, kind: str, statements: Sequence[str]) -> Row:
    """The row of a one-line block; its opening brace and its statements are the columns."""
    if not statements:
        return Row((f"{header} ",), ("{}",), f"block {kind}", bounded=True)
    cells = [*statements[:-1], f"{statements[-1]} }}"]
    cells[0] = f"{{ {cells[0]}"
    heads = (f"{header} ", *(f"{cell}  " for cell in cells[:-1]))
    return Row(heads, (cells[-1],), f"block {kind}", bounded=True)


def parts(pieces: Sequence[Piece]) -> tuple[Part, ...]:
    """A statement's pieces, cut after each comma and around each comment."""
    found: list[Part] = []
    words: list[str] = []
    for piece in pieces:
        if piece.is_comment:
            if words:
                found.append(" ".join(words))
            found.append(piece)
            words = []
        elif piece.text == ",":
            found.append(f"{' '.join(words)},")
            words = []
        else:
            words.append(piece.text)
    if words:
        found.append(" ".join(words))
    return tuple(found)


def align(rows: Sequence[Row], indent: int) -> list[str]:
    """The heads of consecutive rows of one family, padded so that their cells stand in columns.

    Where a cell would begin past WIDTH, or a bounded row end there, none is padded.
    """
    widths = _ends(rows) if all(row.ends for row in rows) else _columns(rows)
    for row, across in zip(rows, widths, strict=True):
        least = row.first if row.bounded else 0
        if indent + sum(across) + least > WIDTH:
            return ["".join(row.heads) for row in rows]
    return [
        "".join(head.ljust(width) for head, width in zip(row.heads, across, strict=True))
        for row, across in zip(rows, widths, strict=True)
    ]


def _columns(rows: Sequence[Row]) -> list[list[int]]:
    """For each row the widths of its heads, where cells begin below each other."""
    columns = zip_longest(*(row.heads for row in rows), fillvalue="")
    widths = [max(map(len, column)) for column in columns]
    return [widths[: len(row.heads)] for row in rows]


def _ends(rows: Sequence[Row]) -> list[list[int]]:
    """The same where values end below each other."""
    end = max(len(head) + row.first for row in rows for head in row.heads)
    return [[end - row.first] for row in rows]
