"""A count is a whole number, at most a million; of a weight, at most 65535.

Avoid: `call acme to +13125550123 after three calls`, `limit 0 calls`, `weighted a 70%, b 30%`.
Prefer: `call acme to +13125550123 after 3 calls`, `limit 200 calls`, `weighted a 70, b 30`.
Why: it counts calls, failed probes or parts of the traffic; weights are relative (RFC 2782), and a
limit of nothing would be a trunk that is switched off, which is better said by removing it.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import quoted
from sipfo.grammar.tree import Word

CODE: Final = "SF112"
TITLE: Final = "Bad count"
_MOST: Final = 1_000_000


def count(word: Word, *, least: int = 0, most: int = _MOST) -> int:
    """A whole number from `least` to `most`. Raises Wrong."""
    if not re.fullmatch("[0-9]{1,7}", word.text):
        digits = re.match("[0-9]+", word.text)
        hint = f"write `{digits[0]}`" if digits and len(digits[0]) < 8 else "write a whole number"
        message = f"not a whole number: {quoted(word.text)}"
        raise Wrong(CODE, TITLE, message, word.span, hint)
    if not least <= int(word.text) <= most:
        message = f"not from {least} to {most}: {quoted(word.text)}"
        raise Wrong(CODE, TITLE, message, word.span)
    return int(word.text)
