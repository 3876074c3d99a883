"""Reads on after a mistake: cuts the text into statements and has each parsed alone.

Called only when the whole text did not parse, so what is cut wrongly here can never hurt a correct
file. A block with a mistake is kept with the statements that could be read (`whole` is false), and
names that an unreadable statement may have declared are kept too: no error follows from another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from sipfo.grammar import tree
from sipfo.grammar.chunk import INNER, Chunk, cut_body, cut_file
from sipfo.grammar.diagnostic import Diagnostic
from sipfo.grammar.mistake import Expected, Mistake
from sipfo.grammar.near import near
from sipfo.grammar.source import Source, Span
from sipfo.grammar.syntax_error import dangling, tell, unclosed, unknown_statement
from sipfo.grammar.vocabulary import BLOCKS, STATEMENTS

Read = tuple[tree.Node, ...] | Mistake
Reader = Callable[[str, str, int], Read]

RESULTS: Final = ("answered", "refused", "cancelled")
"""What a call that is over may be expected to have been."""


def recover(source: Source, read: Reader) -> tuple[tree.File, list[Diagnostic]]:
    """Every statement that can be read, and one diagnostic for each that cannot."""
    return _Recovery(source, read).file()


class _Recovery:
    def __init__(self, source: Source, read: Reader) -> None:
        self._source = source
        self._text = source.text
        self._read = read
        self._found: list[Diagnostic] = []
        self._lost: set[str] = set()
        self._broken = False
        self._imports = False

    def file(self) -> tuple[tree.File, list[Diagnostic]]:
        statements: list[tree.Node] = []
        for chunk in cut_file(self._text):
            before = len(self._found)
            read = self._statement(chunk)
            if len(self._found) > before and statements:
                statements[-1] = _cut_short(statements[-1], chunk)
            statements += read
        whole, lost = not self._broken, frozenset(self._lost)
        file = tree.File(self._source.span, tuple(statements), whole, lost, self._imports)
        return file, self._found

    def _parse(self, start: int, end: int, rule: str, more: str = "") -> Read:
        """Parse a part of the text, with `more` after it."""
        return self._read(self._text[start:end] + more, rule, self._source.base + start)

    def _span(self, start: int, end: int) -> Span:
        return Span(self._source.base + start, self._source.base + end)

    def _statement(self, chunk: Chunk) -> tuple[tree.Node, ...]:
        read = self._parse(chunk.start, chunk.end, "file")
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
        read = self._parse(chunk.start, brace + 1, "file", "}")
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
            opening = self._span(chunk.start, brace + 1)
            end = self._span(chunk.end, chunk.end)
            self._found.append(unclosed(opening, end, kind))
        (block,) = read
        assert isinstance(block, tree.Block)
        whole = len(self._found) == before
        span = self._span(chunk.start, chunk.end)
        return (replace(block, span=span, items=tuple(items), whole=whole),)

    def _item(self, part: Chunk, kind: str) -> tuple[tree.Node, ...]:
        read = self._parse(part.start, part.end, f"{kind}_body")
        if not isinstance(read, Mistake):
            return read
        self._found.append(self._tell(read, kind, part))
        return ()

    def _tell(self, mistake: Mistake, where: str, chunk: Chunk) -> Diagnostic:
        first = chunk.words[0]
        at_first = mistake.span.start == self._source.base + first.start
        unknown = first.text not in STATEMENTS[where]
        if at_first and unknown and first.is_word and not mistake.character:
            return unknown_statement(mistake.span, first.text, where)
        last = chunk.words[-1]
        if mistake.found is None and last.text in (",", ".."):
            return dangling(tell(mistake, where), last.text, self._span(last.start, last.end))
        return tell(self._misread(mistake, chunk), where)

    def _misread(self, mistake: Mistake, chunk: Chunk) -> Mistake:
        """`expect answred by …` is read as an address to send from, and fails a word later."""
        if chunk.words[0].text != "expect" or len(chunk.words) < 3:
            return mistake
        word = chunk.words[1]
        span = self._span(word.start, word.end)
        if mistake.span.start <= span.start or not near(word.text, RESULTS):
            return mistake
        expected = Expected(keywords=frozenset(RESULTS), values=frozenset({"EGRESS"}))
        return replace(mistake, span=span, found=word.text, expected=expected)

    def _lose(self, chunk: Chunk) -> None:
        self._broken = True
        first, second = chunk.words[0].text, chunk.words[1:2]
        nameless = first in BLOCKS and (not second or not second[0].is_word)
        if first == "import" or first in INNER or nameless:
            self._imports = True
        self._lost.update(word.text for word in chunk.words[:3] if word.is_word)


def _cut_short(statement: tree.Node, chunk: Chunk) -> tree.Node:
    """A block that may have ended too early, since what follows it belongs in such a block."""
    if not isinstance(statement, tree.Block):
        return statement
    inside = STATEMENTS[type(statement).__name__.lower()]
    return replace(statement, whole=statement.whole and chunk.words[0].text not in inside)
