"""A set of numbers is a range, a beginning or `any`: `+13125550100 .. +13125550199`, `+1312`.

Avoid: `numbers +13125550199 .. +13125550100`, `numbers +13125550100 .. +199`.
Prefer: `numbers +13125550100 .. +13125550199`.
Why: the two ends of a range are whole numbers of the same length, the smaller one first; any other
range would hold nothing, or numbers that nobody meant.
"""

from __future__ import annotations

from typing import Final

from sipfo.compiler.values.number import CODE as NUMBER
from sipfo.compiler.values.number import telephone
from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import quoted
from sipfo.grammar.near import near
from sipfo.grammar.tree import NumberSet
from sipfo.plan.model import AnyNumber, NumberPrefix, NumberRange, Numbers

CODE: Final = "SF108"
TITLE: Final = "Bad number range"


def number_set(node: NumberSet) -> Numbers:
    """The numbers as the plan writes them. Raises Wrong."""
    if node.last is None:
        if node.first.text == "any":
            return AnyNumber()
        if near(node.first.text, ("any",)):
            message = f"not a telephone number: {quoted(node.first.text)}"
            raise Wrong(NUMBER, "Bad number", message, node.first.span, "did you mean `any`?")
        return NumberPrefix(prefix=telephone(node.first).digits)
    first, last = telephone(node.first).digits, telephone(node.last).digits
    if len(first) != len(last):
        message = (
            f"the ends of a range have {len(first) - 1} and {len(last) - 1} digits: "
            f"{quoted(f'{first} .. {last}')}"
        )
        hint = f"write the whole number: `{first} .. {first[: -len(last) + 1]}{last[1:]}`"
        raise Wrong(CODE, TITLE, message, node.span, hint if len(last) < len(first) else None)
    if first > last:
        message = f"the range ends before it begins: {quoted(f'{first} .. {last}')}"
        raise Wrong(CODE, TITLE, message, node.span, f"write `{last} .. {first}`")
    return NumberRange(first=first, last=last)
