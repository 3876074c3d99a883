"""A date is a year, a month or a day, as ISO 8601 writes them: `2026`, `2026-07`, `2026-07-30`.

Avoid: `source "https://example.com" 30/07/2026`.
Prefer: `source "https://example.com" 2026-07-30`.
Why: a fact of a provider is worth as much as its date, and 07/08 is a day in July or in August.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import quoted
from sipfo.grammar.tree import Word

CODE: Final = "SF119"
TITLE: Final = "Bad date"

_DATE: Final = re.compile("([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


def day(word: Word) -> str:
    """The date as written. Raises Wrong."""
    found = _DATE.fullmatch(word.text)
    if found is not None and _is_one(found[1], found[2] or "01", found[3] or "01"):
        return word.text
    message = f"not a date: {quoted(word.text)}"
    raise Wrong(CODE, TITLE, message, word.span, "write `2026-07-30`, `2026-07` or `2026`")


def _is_one(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True
