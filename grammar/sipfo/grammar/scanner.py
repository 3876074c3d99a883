"""A rough reading of a text that did not parse: words, texts, braces and commas, line by line.

Only recovery uses it. It agrees with sipfo.lark on what a word, a text and a comment are, and
never fails: what is no token is a token of its own.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Lexeme(NamedTuple):
    """One token; `fresh` is true for the first of a line, `column` counts from the line's start."""

    text: str
    start: int
    end: int
    fresh: bool
    column: int

    @property
    def is_word(self) -> bool:
        return self.text not in ("{", "}", ",", "..") and not self.text.startswith('"')


_LEXEME: Final = re.compile(
    r"""
      (?P<line>  \n )
    | (?P<none>  [ \t\r\f]+ | \#[^\n]* )
    | (?P<token> "[^"\r\n]*"? | \.\. | (?:(?!\.\.)[^\s{},"\#\x00-\x1f\x7f])+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)


def scan(text: str, start: int, end: int) -> list[Lexeme]:
    """Every token of `text` from `start` to `end`, in one pass."""
    found: list[Lexeme] = []
    fresh, line = start == 0, start
    for match in _LEXEME.finditer(text, start, end):
        if match["line"]:
            fresh, line = True, match.end()
        elif match["token"]:
            found.append(
                Lexeme(match["token"], match.start(), match.end(), fresh, match.start() - line)
            )
            fresh = False
    return found
