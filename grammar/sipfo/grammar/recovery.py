"""Reads on after a mistake: cuts the text into statements and has each parsed alone.

Called only when the whole text did not parse, so what is cut wrongly here can never hurt a correct
file. A block with a mistake is kept with the statements that could be read (`whole` is false), and
names that an unreadable statement may have declared are kept too: no error follows from another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sipfo.grammar import tree
from sipfo.grammar.chunk import Chunk, cut_body, cut_file
from sipfo.grammar.diagnostic import Diagnostic
from sipfo.grammar.mistake import Mistake
from sipfo.grammar.source import Source, Span
from sipfo.grammar.syntax_error import tell, unclosed, unknown_statement
from sipfo.grammar.vocabulary import BLOCKS, LATER, STATEMENTS

Read = Callable[[str, str, int], tuple[tree.Node, ...] | Mistake]


def recover(source: Source, read: Read) -> tuple[tree.File, list[Diagnostic]]:
    """Every statement that can be read, and one diagnostic for each that cannot."""
    return _Recovery(source, read).file()


class _Recovery:
    def __init__(self, source: Source, read: Read) -> None:
        self._text = source.text
        self._read = read
        self._found: list[Diagnostic] = []
        self._lost: set[str] = set()
        self._broken = False
        self._imports = False

    def file(self) -> tuple[tree.File, list[Diagnostic]]:
        statements: list[tree.Node] = []
        for chunk in cut_file(self._text):
            statements += self._statement(chunk)
        span = Span(0, len(self._text))
        file = tree.File(
            span, tuple(statements), not self._broken, frozenset(self._lost), self._imports
        )
        return file, self._found

    def _statement(self, chunk: Chunk) -> tuple[tree.Node, ...]:
        read = self._read(self._text[chunk.start : chunk.end], "file", chunk.start)
        if not isinstance(read, Mistake):
            return read
        kind = chunk.words[0].text
        if kind in BLOCKS and chunk.brace is not None:
            return self._block(chunk, kind, chunk.brace)
        self._lose(chunk)
        self._found.append(self._tell(read, "file", chunk))
        return ()

    def _block(self, chunk: Chunk, kind: str, brace: int) -> tuple[tree.Node, ...]:
        """A block whose header is read alone and whose statements are read one by one."""
        header = self._text[chunk.start : brace + 1]
        read = self._read(header + "}", "file", chunk.start)
        if isinstance(read, Mistake):
            self._lose(chunk)
            self._found.append(self._tell(read, "file", chunk))
            return ()
        before = len(self._found)
        items: list[tree.Node] = []
        for part in cut_body(self._text, brace + 1, chunk.body_end, kind):
            items += self._item(part, kind)
        if not chunk.closed:
            del self._found[before:]
            opening, end = Span(chunk.start, brace + 1), Span(chunk.end, chunk.end)
            self._found.append(unclosed(opening, end, kind))
        (block,) = read
        assert isinstance(block, tree.Block)
        whole = len(self._found) == before
        return (replace(block, span=Span(chunk.start, chunk.end), items=tuple(items), whole=whole),)

    def _item(self, part: Chunk, kind: str) -> tuple[tree.Node, ...]:
        read = self._read(self._text[part.start : part.end], f"{kind}_body", part.start)
        if not isinstance(read, Mistake):
            return read
        self._found.append(self._tell(read, kind, part))
        return ()

    def _tell(self, mistake: Mistake, where: str, chunk: Chunk) -> Diagnostic:
        first, before = chunk.words[0], None
        for word in chunk.words:
            if word.end <= mistake.span.start:
                before = (word.text, Span(word.start, word.end))
        at_first = mistake.span.start == first.start
        unknown = first.text not in STATEMENTS[where] and (where, first.text) not in LATER
        if at_first and unknown and first.is_word and not mistake.character:
            return unknown_statement(mistake.span, first.text, where)
        return tell(mistake, where, before)

    def _lose(self, chunk: Chunk) -> None:
        self._broken = True
        if chunk.words[0].text == "import":
            self._imports = True
        self._lost.update(word.text for word in chunk.words[:3] if word.is_word)
