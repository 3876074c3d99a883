"""A policy's text to the same policy in canonical layout: the formatter on one screen.

No word is changed and no comment is lost. What the author decides is which blocks stand on one
line, where a blank line is, and the column of comments that he drew in one; all else is decided
here. The tree gives no more than the places where statements begin.
"""

from __future__ import annotations

from sipfo.grammar import tree
from sipfo.grammar.format.arrange import arrange
from sipfo.grammar.format.comments import write
from sipfo.grammar.format.lines import lines_of
from sipfo.grammar.format.piece import cut
from sipfo.grammar.parser import parse
from sipfo.grammar.source import Source


def format_source(source: Source) -> str | None:
    """The text in canonical layout; None when it has a syntax error."""
    file, unread = parse(source)
    return None if unread else format_tree(source, file)


def format_tree(source: Source, file: tree.File) -> str:
    """The same for a text already parsed. `file` is its tree, made without a syntax error."""
    items = arrange(cut(source.text, source.base), _starts(file))
    return write(list(lines_of(items, "file", 0)))


def _starts(file: tree.File) -> frozenset[int]:
    """Where each statement begins, in the file and in its blocks."""
    blocks = (one for one in file.statements if isinstance(one, tree.Block))
    inner = {item.span.start for block in blocks for item in block.items}
    return frozenset(inner | {one.span.start for one in file.statements})
