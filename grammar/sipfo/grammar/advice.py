"""What to write instead of a mistake of syntax, from the words around it.

syntax_error.py knows what could have stood in the place; here it is what people write who come from
another language: a space inside a value, a text in other quotes, the parts of a statement in
another order. Nothing is told twice: there is one hint, and the nearest one wins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sipfo.grammar.diagnostic import Edit, Fix, quoted
from sipfo.grammar.mistake import Mistake
from sipfo.grammar.scanner import Lexeme
from sipfo.grammar.source import Span

FORMS: Final = {
    "call": "`call acme to +13125550123 after 3 calls drawing pbx-east`",
    "when": '`when pbx-east from us.primary answers 486 tagged "D5" cause 17 after 1s`',
    "expect": "`expect answered by pbx-east within 2s` or `expect refused 486 by pbx-east within 2s`",
    "probe": "`probe every 30s down after 3 up after 2`",
    "number": '`number strip 1 prepend "9011"`',
}
"""Statements with parts that can be left out, each with all of them, in order."""

_UNITS: Final = {
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
}
_QUOTES: Final = {"'": "'", "‘": "’", "“": "”", "„": "”", "«": "»", "`": "`", "’": "’", "”": "”"}
_ASSIGNS: Final = ("=", ":", ":=", "=>", "->")
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Advice:
    """What to write, and a change to the text where one is safe."""

    hint: str
    fix: Fix | None = None


def is_assignment(word: str) -> bool:
    """Whether a word stands between a name and its value in other languages, and never here."""
    return word in _ASSIGNS


def advise(
    mistake: Mistake, before: tuple[Lexeme, ...], after: tuple[Lexeme, ...], line: str
) -> Advice | None:
    """What to write where `mistake` is; `before` and `after` are the words of its statement on
    either side of it, `line` is the text from it to the end of its line."""
    found, expected = mistake.found, mistake.expected
    first = before[0].text if before else ""
    last = before[-1] if before else None
    if found is None or last is None:
        return None
    if is_assignment(found) and expected.values:
        return Advice(f"remove `{found}`: a value follows its word", _removal(mistake.span))
    if "STRING" in expected.values and found[0] in _QUOTES:
        return Advice(f"write the text in double quotes: {_in_quotes(line)}")
    if found in _UNITS and re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", last.text):
        return Advice(f"write `{last.text}{_UNITS[found]}`, without a space")
    if re.fullmatch(r"\+[0-9]{1,15}", last.text) and found.isdigit():
        return Advice(f"write a number without spaces: {_joined(last.text, found, after)}")
    if found == "," and last.text == "," and not expected.end:
        return Advice("write one `,` between the parts of a list", _removal(mistake.span))
    if found == ",":
        return _comma(expected.values)
    if found == ".." and "NUMBER" in expected.values:
        return Advice("write the first number of the range before `..`")
    if found == "..":
        return Advice("`..` stands between the first and the last number of a range")
    if expected.keywords == {"{"}:
        return _brace(last, found)
    if found == "{" and "NAME" in expected.values and len(before) == 1:
        return Advice(f"name it: `{first} NAME {{ … }}`")
    if first == "when" and last.text == ",":
        return Advice("write a `when` for each destination")
    if first in FORMS and f" {found} " in FORMS[first]:
        return Advice(f"the parts stand in this order: {FORMS[first]}")
    return None


def _comma(values: frozenset[str]) -> Advice | None:
    if values == {"COUNT"}:
        return Advice("write each route with its weight: `routes weighted a 70, b 30`")
    if values:
        return Advice("write something before the `,`, or remove it")
    return None


def _brace(last: Lexeme, found: str) -> Advice:
    """A block whose `{` is another mark, or is missing."""
    if found[0].isalpha():
        return Advice(f"write `{{` after {quoted(last.text)}")
    return Advice("the statements of a block stand between `{` and `}`")


def _joined(first: str, second: str, after: tuple[Lexeme, ...]) -> str:
    digits = first + second
    for word in after:
        if not word.text.isdigit() or word.fresh or len(digits) > _SHOWN:
            break
        digits += word.text
    return quoted(digits)


def _in_quotes(line: str) -> str:
    """A text in other quotes, up to the one that closes it, in the quotes of the language."""
    inside = line[1:].partition(_QUOTES[line[0]])[0].partition("{")[0].strip()
    return '"' + "".join(c for c in inside[:_SHOWN] if c.isprintable() and c != '"') + '"'


def _removal(span: Span) -> Fix:
    return Fix((Edit(span, ""),), "remove it")
