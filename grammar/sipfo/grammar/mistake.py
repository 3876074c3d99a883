"""A syntax error as the parser meets it: a place, what is there, what could have been there.

syntax_error.py puts it into words; keywords are as written, values are terminal names of
sipfo.lark.
"""

from __future__ import annotations

from dataclasses import dataclass

from sipfo.grammar.source import Span


@dataclass(frozen=True, slots=True)
class Expected:
    """What the grammar could have gone on with; `end` is the end of the text parsed."""

    keywords: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()
    end: bool = False


@dataclass(frozen=True, slots=True)
class Mistake:
    """`found` is None at the end of the text; `character` is true when it begins no word at all."""

    span: Span
    found: str | None
    expected: Expected
    start: str
    character: bool = False
