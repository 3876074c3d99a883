"""A count of calls is a whole number from 0 to a million.

Avoid: `call acme to +13125550123 after three calls`.
Prefer: `call acme to +13125550123 after 3 calls`.
Why: it says how far round robin has turned before the tested call.
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


def count(word: Word) -> int:
    """A number of calls. Raises Wrong."""
    if not re.fullmatch("[0-9]{1,7}", word.text) or int(word.text) > _MOST:
        raise Wrong(CODE, TITLE, f"not a number of calls: {quoted(word.text)}", word.span)
    return int(word.text)
