"""Items to lines of code, each with the comment that ends it: indented, aligned and wrapped.

What would surprise: a line is broken after a comma and at a comment, nowhere else. So a forward's
`from` stays on the line of the word before it, by which the parser tells it from its trunk's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sipfo.grammar.format.arrange import Block, Item, Remark, Statement
from sipfo.grammar.format.columns import WIDTH, Part, Row, align, block_row, parts, statement_row
from sipfo.grammar.format.piece import Piece, Place

INDENT: Final = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `blanks` free lines above it, `indent` spaces, code, and a comment after it.

    A comment on a line of its own is its code, unless it carries on the one above.
    """

    blanks: int
    indent: int
    code: str
    comment: Piece | None = None

    @property
    def end(self) -> int:
        """The column after its code."""
        return self.indent + len(self.code)


def lines_of(items: Sequence[Item], kind: str, indent: int) -> Iterator[Line]:
    """The lines of what a `kind` block holds, or a file."""
    rows = [_row(item, kind) for item in items]
    for item, row, prefix in zip(items, rows, _prefixes(items, rows, indent), strict=True):
        match item:
            case Remark():
                yield Line(item.blanks, indent, item.comment.text)
            case Block() if row.family is None:
                yield from _flow(prefix, row.rest, item.opening, item.blanks, indent)
                yield from lines_of(item.items, item.header[0].text, indent + INDENT)
                yield from _flow("", ("}",), item.tail, 0, indent)
            case Statement() | Block():
                yield from _flow(prefix, row.rest, item.tail, item.blanks, indent)


def _row(item: Item, kind: str) -> Row:
    match item:
        case Remark():
            return Row((), (item.comment.text,))
        case Statement():
            return statement_row(item.pieces, kind)
        case Block():
            header = " ".join(piece.text for piece in item.header)
            return _one_line(item, header) or Row((), (f"{header} {{",))


def _one_line(block: Block, header: str) -> Row | None:
    """The row of a block that was written on one line and fits there, or is empty."""
    statements = [
        " ".join(part for part in parts(item.pieces) if isinstance(part, str))
        for item in block.items
        if isinstance(item, Statement)
    ]
    empty = not block.items and not block.opening
    if not empty and (not block.one_line or len(statements) < len(block.items)):
        return None
    row = block_row(header, block.header[0].text, statements)
    return row if sum(map(len, row.heads)) + row.first <= WIDTH else None


def _prefixes(items: Sequence[Item], rows: Sequence[Row], indent: int) -> list[str]:
    """What each row's first line begins with. A remark does not part the rows around it."""
    runs: list[list[int]] = []
    apart = True
    for i, item in enumerate(items):
        apart = apart or item.blanks > 0
        if isinstance(item, Remark):
            continue
        if apart or rows[runs[-1][-1]].family != rows[i].family:
            runs.append([])
        runs[-1].append(i)
        apart = False
    prefixes = [""] * len(rows)
    for run in runs:
        for i, prefix in zip(run, align([rows[i] for i in run], indent), strict=True):
            prefixes[i] = prefix
    return prefixes


def _flow(
    prefix: str, rest: Sequence[Part], tail: Sequence[Piece], blanks: int, indent: int
) -> list[Line]:
    """One statement, filled up to WIDTH; its further lines hang."""
    lines: list[Line] = []
    margin, code, gap = indent, prefix, ""
    for part in (*rest, *tail):
        if isinstance(part, str):
            if gap and margin + len(code) + len(gap) + len(part) > WIDTH:
                lines.append(Line(0, margin, code))
                margin, code = indent + INDENT, part
            else:
                code, gap = f"{code}{gap}{part}", " "
            continue
        if part.place is Place.BELOW:
            lines.append(Line(0, lines[-1].indent, "", part))
        elif part.place is Place.END:
            lines.append(Line(0, margin, code.rstrip(), part))
        else:
            if code:
                lines.append(Line(0, margin, code.rstrip()))
            lines.append(Line(0, indent + INDENT, part.text))
        margin, code, gap = indent + INDENT, "", ""
    if code:
        lines.append(Line(0, margin, code))
    lines[0] = replace(lines[0], blanks=blanks)
    return lines
