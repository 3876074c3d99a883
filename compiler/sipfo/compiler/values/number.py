"""A telephone number is written in E.164 form: `+`, country code, number, at most 15 digits.

Avoid: `numbers 13125550100`, `numbers +1-312-555-0100`.
Prefer: `numbers +13125550100`; the beginning of numbers, `+1312`, stands for all that begin so.
Why: a number without `+` means something else in each country and on each trunk; called numbers
are compared in this one form.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.compiler.policy import Telephone
from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import quoted
from sipfo.grammar.tree import Word

CODE: Final = "SF107"
TITLE: Final = "Bad number"


DIALLED: Final = "dialled"
"""What a forward to the very number that was dialled says in place of one."""


def forwarded_to(word: Word) -> Telephone:
    """A number, where the dialled one could be meant as well. Raises Wrong."""
    if re.fullmatch(r"(?i)dial+e?d?|called|original|same", word.text):
        message = f"not a telephone number: {quoted(word.text)}"
        raise Wrong(CODE, TITLE, message, word.span, f"write `{DIALLED}` for the called number")
    return telephone(word)


def telephone(word: Word) -> Telephone:
    """A number, or the beginning of one. Raises Wrong."""
    if not re.fullmatch(r"\+[1-9][0-9]{0,14}", word.text):
        message = f"not a telephone number: {quoted(word.text)}"
        raise Wrong(CODE, TITLE, message, word.span, _hint(word.text))
    return Telephone(word.text, word.span)


def _hint(text: str) -> str:
    digits = re.sub(r"[-.()/]", "", text)
    international = re.sub("^(00|011)", "+", digits)
    if re.fullmatch(r"\+[1-9][0-9]{0,14}", international):
        return f"write `{international}`"
    if re.fullmatch("[1-9][0-9]{0,14}", digits):
        return f"write the country code: `+{digits}` if it begins with one"
    if re.match(r"\+?0", international):
        return "write the country code first; none begins with 0"
    if re.fullmatch(r"\+[0-9]{16,64}", digits):
        return "a number has at most 15 digits"
    return "write a number such as `+13125550100`"
