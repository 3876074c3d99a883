"""An amount is a decimal number: `0.0040`. The currency is the policy's own, the same everywhere.

Avoid: `cost $0.004`, `cost 0,004`, `cost 4e-3`.
Prefer: `cost 0.0040`.
Why: amounts are only compared with each other, so that the cheapest carrier goes first; a comma is
a decimal sign in one country and separates thousands in the next.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import quoted
from sipfo.grammar.tree import Word

CODE: Final = "SF114"
TITLE: Final = "Bad amount"


def amount(word: Word) -> str:
    """The decimal as written. Raises Wrong."""
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", word.text):
        bare = re.sub("^[^0-9]+|[^0-9.]+$", "", word.text)
        good = re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", bare)
        hint = f"write `{bare}`" if good else "write a decimal number such as `0.0040`"
        raise Wrong(CODE, TITLE, f"not an amount: {quoted(word.text)}", word.span, hint)
    return word.text
