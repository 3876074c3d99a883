"""A carrier's number is the original with characters taken off its front and digits put before it.

`number strip 1 prepend "9011"` makes 9011442071838750 of +442071838750: the plus is a character.

Avoid: `number`, `number strip 20`, `number prepend "abc"`.
Prefer: `number strip 1`, `number prepend "0011"`.
Why: every carrier starts from the original number, so that the shape of one never reaches the next.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.compiler.values.count import count
from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import quoted
from sipfo.grammar.tree import Shaping
from sipfo.plan import model

CODE: Final = "SF117"
TITLE: Final = "Bad number shape"

LONGEST: Final = 16
"""Characters of the longest number, with its plus (E.164 §6)."""


def shaping(node: Shaping) -> model.Shaping:
    """The shape as the plan writes it. Raises Wrong."""
    if node.strip is None and node.prepend is None:
        hint = 'write `number strip 1`, `number prepend "9011"` or both'
        raise Wrong(CODE, TITLE, "`number` says nothing of the number", node.span, hint)
    strip = 0 if node.strip is None else count(node.strip, most=LONGEST)
    prepend = "" if node.prepend is None else node.prepend.text
    if not re.fullmatch(r"\+?[0-9A-Da-d*#]{0,31}", prepend):
        assert node.prepend is not None  # nothing is a fine prefix
        message = f"not what can stand before a number: {quoted(prepend)}"
        hint = "write digits, `*`, `#` or A to D; a `+` only at the front"
        raise Wrong(CODE, TITLE, message, node.prepend.span, hint)
    return model.Shaping(strip=strip, prepend=prepend)
