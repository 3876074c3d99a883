"""Cuts a text that did not parse into its statements, by braces, lines and opening words.

A statement begins on a new line (nobody writes two to a line and errs in between often), a block
ends at its brace; a line that opens a block inside of another shows that a `}` is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sipfo.grammar.scanner import Lexeme, scan
from sipfo.grammar.vocabulary import BLOCKS, CONNECTIVES, STATEMENTS

OPENERS = frozenset(STATEMENTS["file"])
_HEADED = frozenset(BLOCKS)
_ALWAYS_OUTSIDE = frozenset({"sipfo", "import"})
_MISPLACED = 4
"""Statements of the file that may stand in a block by mistake, one after the other."""
INNER = frozenset(word for block in BLOCKS for word in STATEMENTS[block]) - OPENERS
"""Words that open a statement in a block and none in a file."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Characters `start` to `end` of a text: one statement, as far as can be told.

    `words` are its first tokens (all of them in a body); `brace` is where its block opens.
    """

    start: int
    end: int
    words: tuple[Lexeme, ...]
    brace: int | None = None
    closed: bool = True

    @property
    def body_end(self) -> int:
        """Where the statements of the block end: before its `}`, if it has one."""
        return self.end - 1 if self.closed else self.end


def cut_file(text: str, start: int = 0, end: int | None = None) -> Iterator[Chunk]:
    """The statements of a file, or of the part of it that stands in a wrong place."""
    lexemes = scan(text, start, len(text) if end is None else end)
    first = depth = inside = 0
    brace: int | None = None
    for i, lexeme in enumerate(lexemes):
        if depth == 1 and i > max(first, inside) and lexeme.fresh and lexeme.text in OPENERS:
            inside = _misplaced_until(lexemes, first, i)
        outside = depth == 0 or (lexeme.fresh and i > inside)
        if i > first and outside and _opens(lexemes, first, i, depth, brace):
            yield _chunk(lexemes[first:i], brace, closed=depth == 0)
            first, depth, brace = i, 0, None
        if lexeme.text == "{":
            depth += 1
            brace = lexeme.start if brace is None else brace
        elif lexeme.text == "}" and not _torn(lexemes, i):
            depth -= 1
            if depth <= 0:
                yield _chunk(lexemes[first : i + 1], brace, closed=True)
                first, depth, brace = i + 1, 0, None
    if first < len(lexemes):
        yield _chunk(lexemes[first:], brace, closed=depth == 0)


def _opens(lexemes: list[Lexeme], first: int, i: int, depth: int, brace: int | None) -> bool:
    """Whether token `i` begins a new statement of the file."""
    word = lexemes[i]
    if not word.fresh or not word.is_word:
        return False
    if lexemes[i - 1].text in (",", ".."):
        return word.text in OPENERS and _is_header(lexemes, i)
    waits_for_brace = depth == 0 and brace is None and lexemes[first].text in _HEADED
    # What begins with an inner word is a block without its header, or past its end: one mistake.
    if depth > 0 or waits_for_brace or lexemes[first].text in INNER:
        return word.text in OPENERS and _is_header(lexemes, i)
    return word.text not in CONNECTIVES


def _misplaced_until(lexemes: list[Lexeme], first: int, i: int) -> int:
    """Where the block of `first` goes on after statements of the file that begin at `i`: they are
    in the wrong place, and no `}` is missing before them. 0 if it does not go on, or if they stand
    no further in than the block itself."""
    kind, inside = lexemes[first].text, lexemes[i].column > lexemes[first].column
    if kind not in BLOCKS or not inside or not _is_header(lexemes, i):
        return 0
    depth, statements = 0, 1
    for j in range(i + 1, len(lexemes)):
        lexeme = lexemes[j]
        if depth == 0 and lexeme.text == "}":
            return j
        if lexeme.fresh and lexeme.is_word:
            if lexeme.text in OPENERS and _is_header(lexemes, j):
                statements += 1
                if depth > 0 or statements > _MISPLACED:
                    return 0
            elif depth == 0:
                return j if lexeme.text in STATEMENTS[kind] else 0
        depth += (lexeme.text == "{") - (lexeme.text == "}")
    return 0


def _is_header(lexemes: list[Lexeme], i: int) -> bool:
    """Whether a statement of the file really stands here, and not `retry NAME` of a trunk."""
    after = [lexeme.text for lexeme in lexemes[i + 1 : i + 3]]
    if lexemes[i].text in _HEADED:
        return len(after) == 2 and after[1] == "{"
    if lexemes[i].text == "listen":
        return after[:1] in (["udp"], ["tcp"], ["tls"])
    return lexemes[i].text in _ALWAYS_OUTSIDE


def _torn(lexemes: list[Lexeme], i: int) -> bool:
    """Whether the `}` at `i` stands in the middle of a statement, which goes on after it."""
    after = lexemes[i + 1] if i + 1 < len(lexemes) else None
    return after is not None and not after.fresh and after.text not in (*OPENERS, "}")


def _chunk(lexemes: list[Lexeme], brace: int | None, *, closed: bool) -> Chunk:
    return Chunk(lexemes[0].start, lexemes[-1].end, tuple(lexemes), brace, closed)


def cut_body(text: str, start: int, end: int, kind: str) -> Iterator[Chunk]:
    """The statements between the braces of a `kind` block."""
    carried_on = CONNECTIVES - set(STATEMENTS[kind])
    first = depth = 0
    lexemes = scan(text, start, end)
    for i, lexeme in enumerate(lexemes):
        if (
            i > first
            and depth <= 0
            and lexeme.fresh
            and lexeme.is_word
            and lexeme.text not in carried_on
            and (lexemes[i - 1].text not in (",", "..") or _goes_on(lexemes, i, kind))
            and not _indented(lexeme, lexemes[first])
        ):
            yield _chunk(lexemes[first:i], None, closed=True)
            first = i
        depth += (lexeme.text == "{") - (lexeme.text == "}")
    if first < len(lexemes):
        yield _chunk(lexemes[first:], None, closed=True)


def _goes_on(lexemes: list[Lexeme], i: int, kind: str) -> bool:
    """Whether a line after a dangling `,` or `..` is a statement, and not the list's next part."""
    after = lexemes[i + 1] if i + 1 < len(lexemes) else None
    return (
        lexemes[i].text in STATEMENTS[kind]
        and after is not None
        and not after.fresh
        and after.text not in (",", "..")
    )


def _indented(lexeme: Lexeme, opener: Lexeme) -> bool:
    """Whether a line stands further in than the statement before it, and so belongs to it."""
    return opener.fresh and lexeme.column > opener.column
