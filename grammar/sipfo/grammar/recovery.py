"""Reads on after a mistake: cuts the text into statements and has each parsed alone.

Called only when the whole text did not parse, so what is cut wrongly here can never hurt a correct
file. A block with a mistake is kept with the statements that could be read (`whole` is false), and
names that an unreadable statement may have declared are kept too: no error follows from another.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import replace

from sipfo.grammar import tree
from sipfo.grammar.advice import Advice, advise, is_assignment
from sipfo.grammar.chunk import INNER, OPENERS, Chunk, cut_body, cut_file
from sipfo.grammar.diagnostic import Diagnostic
from sipfo.grammar.mistake import Mistake
from sipfo.grammar.near import near
from sipfo.grammar.scanner import Lexeme, scan
from sipfo.grammar.source import Source, Span
from sipfo.grammar.syntax_error import (
    dangling,
    misplaced,
    no_user,
    opened_twice,
    tell,
    unclosed,
    unknown_statement,
)
from sipfo.grammar.vocabulary import BLOCKS, STATEMENTS

LINE = 200
WORDS = 16
"""Characters and words after a mistake that advice may look at."""

Read = tuple[tree.Node, ...] | Mistake
Reader = Callable[[str, str, int], Read]


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
        self._outside: tuple[tree.Node, ...] = ()

    def file(self) -> tuple[tree.File, list[Diagnostic]]:
        statements: list[tree.Node] = []
        for chunk in cut_file(self._text):
            before = len(self._found)
            read = self._statement(chunk)
            if len(self._found) > before and statements:
                statements[-1] = _cut_short(statements[-1], chunk)
            statements += (*read, *self._outside)
            self._outside = ()
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
        self._lose(chunk, read)
        self._found.append(self._tell(read, "file", chunk))
        return ()

    def _block(self, chunk: Chunk, kind: str, brace: int) -> tuple[tree.Node, ...]:
        """A block whose header is read alone and whose statements are read one by one."""
        read = self._parse(chunk.start, brace + 1, "file", "}")
        if isinstance(read, Mistake):
            self._lose(chunk, read)
            self._found.append(self._tell(read, "file", chunk))
            return ()
        before = len(self._found)
        items: list[tree.Node] = []
        twice = self._second_brace(chunk, brace)
        start = brace + 1 if twice is None else twice.span.end - self._source.base
        for part in cut_body(self._text, start, chunk.body_end, kind):
            items += self._item(part, kind)
        if twice is not None:
            self._found[before:] = [twice]
        elif not chunk.closed:
            del self._found[before:]
            opening = self._span(chunk.start, brace + 1)
            end = self._span(chunk.end, chunk.end)
            self._found.append(unclosed(opening, end, kind))
        (block,) = read
        assert isinstance(block, tree.Block)
        whole = len(self._found) == before
        span = self._span(chunk.start, chunk.end)
        return (replace(block, span=span, items=tuple(items), whole=whole),)

    def _second_brace(self, chunk: Chunk, brace: int) -> Diagnostic | None:
        """A block that is opened twice, `trunk acme {{`, and closed once."""
        i = bisect_right(chunk.words, brace, key=lambda word: word.start)
        second = chunk.words[i] if i < len(chunk.words) else None
        if chunk.closed or second is None or second.text != "{":
            return None
        return opened_twice(self._span(second.start, second.end), self._span(brace, brace + 1))

    def _item(self, part: Chunk, kind: str) -> tuple[tree.Node, ...]:
        read = self._parse(part.start, part.end, f"{kind}_body")
        if not isinstance(read, Mistake):
            return read
        if part.words[0].text in OPENERS - set(STATEMENTS[kind]):
            return self._misplaced(part, kind)
        self._found.append(self._tell(read, kind, part))
        return ()

    def _misplaced(self, part: Chunk, kind: str) -> tuple[tree.Node, ...]:
        """A statement of the file inside of a block: what it declares counts all the same."""
        before = len(self._found)
        for chunk in cut_file(self._text, part.start, part.end):
            self._outside += self._statement(chunk)
        first = part.words[0]
        span = self._span(first.start, first.end)
        self._found[before:] = [misplaced(span, first.text, kind)]
        return ()

    def _tell(self, mistake: Mistake, where: str, chunk: Chunk) -> Diagnostic:
        first = chunk.words[0]
        at_first = mistake.span.start == self._source.base + first.start
        unknown = first.text not in STATEMENTS[where]
        if at_first and unknown and first.is_word and not mistake.character:
            return unknown_statement(mistake.span, first.text, where)
        if where == "carrier" and [word.text for word in chunk.words[:2]] == ["to", "registered"]:
            return no_user(self._span(first.start, chunk.words[1].end))
        last = chunk.words[-1]
        if mistake.found is None and last.text in (",", ".."):
            return dangling(tell(mistake, where), last.text, self._span(last.start, last.end))
        mistake = self._misread(mistake, where, chunk)
        told = tell(mistake, where)
        meant = self._advice(mistake, chunk)
        return told if meant is None else replace(told, hint=meant.hint, fix=told.fix or meant.fix)

    def _advice(self, mistake: Mistake, chunk: Chunk) -> Advice | None:
        """What the words around a mistake say of what was meant."""
        at = mistake.span.start - self._source.base
        i = bisect_left(chunk.words, at, key=lambda word: word.start)
        line = self._text[at : at + LINE].partition("\n")[0]
        return advise(mistake, chunk.words[:i], chunk.words[i + 1 : i + 1 + WORDS], line)

    def _misread(self, mistake: Mistake, where: str, chunk: Chunk) -> Mistake:
        """A keyword that is misspelt where a value may stand as well is read as the value, and
        the mistake shows a word later: `to rgion us`, `expect answred by …`."""
        at = mistake.span.start - self._source.base
        i = bisect_right(chunk.words, at, key=lambda word: word.end) - 1
        itself = mistake.found is not None and near(mistake.found, mistake.expected.keywords)
        if i < 1 or itself or mistake.character:
            return mistake
        word = chunk.words[i]
        rule = "file" if where == "file" else f"{where}_body"
        before = self._parse(chunk.start, word.start, rule)
        if not isinstance(before, Mistake) or before.found is not None or not word.is_word:
            return mistake
        expected = before.expected
        if is_assignment(word.text):
            span = self._span(word.start, word.end)
            return replace(mistake, span=span, found=word.text, expected=expected)
        keyword = word.text in expected.keywords or not near(word.text, expected.keywords)
        if keyword or (mistake.found is None and "NAME" in expected.values):
            return mistake
        span = self._span(word.start, word.end)
        return replace(mistake, span=span, found=word.text, expected=expected)

    def _lose(self, chunk: Chunk, mistake: Mistake) -> None:
        """Remember what a chunk that could not be read may have declared."""
        self._broken = True
        words = [part for word in chunk.words for part in _words_of(word)]
        first, second = chunk.words[0].text, words[1:2]
        nameless = first in BLOCKS and (not second or not second[0].is_word)
        imports = any(word.text == "import" for word in words) or near(first, ("import",))
        # What a stray character stands in may be the name.
        torn = mistake.character and mistake.found != '"'
        if imports or first in INNER or nameless or torn:
            self._imports = True
        self._lost.update(word.text for word in words[:3] if word.is_word)
        # A stray mark joins the statement before it to the blocks after it.
        for kind, name, brace in zip(words, words[1:], words[2:], strict=False):
            if kind.text in BLOCKS and brace.text == "{":
                self._lost.add(name.text)


def _words_of(lexeme: Lexeme) -> list[Lexeme]:
    """A token, or the words that a text which does not end on its line has swallowed."""
    unclosed = lexeme.text.startswith('"') and not lexeme.text.endswith('"', 1)
    return scan(lexeme.text, 1, len(lexeme.text)) if unclosed else [lexeme]


def _cut_short(statement: tree.Node, chunk: Chunk) -> tree.Node:
    """A block that may have ended too early, since what follows it belongs in such a block."""
    if not isinstance(statement, tree.Block):
        return statement
    inside = STATEMENTS[type(statement).__name__.lower()]
    return replace(statement, whole=statement.whole and chunk.words[0].text not in inside)
