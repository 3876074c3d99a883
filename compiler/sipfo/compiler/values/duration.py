"""A duration is a number and a unit: `500ms`, `4s`, `1.5s`, `2m`.

Avoid: `no-response 4` — four of what?
Prefer: `no-response 4s`.
Why: SIP's timers are milliseconds in some configurations and seconds in others, so that a bare
number is wrong by a thousand sooner or later. A timer of zero would end an attempt before it
began, and nothing here lasts longer than a day.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import quoted
from sipfo.grammar.tree import Word

CODE: Final = "SF105"
TITLE: Final = "Bad duration"

_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]{1,6})?)(ms|s|m)")
_SPELLED: Final = re.compile(r"([0-9]{1,9})(sec|second|min|minute|msec|millisecond)s?")
_UNIT: Final = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60)}
_DAY: Final = 86400
_LONGEST: Final = 32
"""Characters of a number that is looked at; more of them are longer than a day."""


def duration(word: Word, *, zero: bool = False) -> float:
    """Seconds; 0 only where `zero` allows it. Raises Wrong."""
    found = _DURATION.fullmatch(word.text)
    if found is None:
        raise Wrong(CODE, TITLE, f"not a duration: {quoted(word.text)}", word.span, _hint(word))
    huge = len(found[1]) > _LONGEST
    seconds = Decimal(_DAY + 1) if huge else Decimal(found[1]) * _UNIT[found[2]]
    if seconds == 0 and not zero:
        message = f"a duration of nothing: {quoted(word.text)}"
        raise Wrong(CODE, TITLE, message, word.span, "leave the statement out, or write how long")
    if seconds > _DAY:
        message = f"longer than a day: {quoted(word.text)}"
        raise Wrong(CODE, TITLE, message, word.span, f"write `{_DAY // 60}m` or less")
    return float(seconds)


def _hint(word: Word) -> str:
    if re.fullmatch(r"[0-9]{1,9}", word.text):
        return f"write the unit: `{word.text}s` or `{word.text}ms`"
    if hours := re.fullmatch("([1-9]|1[0-9]|2[0-4])h", word.text):
        return f"write minutes: `{int(hours[1]) * 60}m`"
    if spelled := _SPELLED.fullmatch(word.text.lower()):
        unit = {"s": "s", "m": "m"}[spelled[2][0]] if spelled[2][:2] in ("se", "mi") else "ms"
        return f"write `{spelled[1]}{'ms' if spelled[2].startswith('milli') else unit}`"
    return "write a number and `ms`, `s` or `m`, such as `500ms`, `4s` or `1m`"
