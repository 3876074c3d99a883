"""A name begins with a letter or `_`, goes on with letters, digits, `-` and `_`: at most 50.

Avoid: `route pbx.east { … }`, `trunk 1st { … }`.
Prefer: `route pbx-east { … }`, `trunk first { … }`.
Why: names are written into plans, ladders, logs and other engines' configurations; a dot is for a
region's addresses, `us.primary`.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import quoted
from sipfo.grammar.tree import Word

CODE: Final = "SF109"
TITLE: Final = "Bad name"

LONGEST: Final = 50
"""Characters of a name; with `.secondary` after it, it is still a name of the plan."""


def name_fault(word: Word) -> Wrong | None:
    """What is wrong with a declared name, or None."""
    text = word.text
    if re.fullmatch(rf"[A-Za-z_][A-Za-z0-9_-]{{0,{LONGEST - 1}}}", text):
        return None
    if len(text) > LONGEST:
        message = f"a name longer than {LONGEST} characters: {quoted(text)}"
        return Wrong(CODE, TITLE, message, word.span)
    seen = "".join(c for c in text if c.isprintable())
    clean = re.sub(r"[^A-Za-z0-9_-]+", "-", seen).strip("-")
    hint = f"write `{clean}`" if re.match("[A-Za-z_]", clean) else "begin it with a letter"
    return Wrong(CODE, TITLE, f"not a name: {quoted(text)}", word.span, hint)
