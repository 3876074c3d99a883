"""A carrier takes as many characters off the number as it has, or more.

Avoid: `number strip 12` in a carrier of `forward to +13125550000`.
Prefer: fewer; the plus is one of the characters: `strip 2` makes 3125550000 of +13125550000.
Why: the carrier would be called without a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted

CODE: Final = "SF513"
TITLE: Final = "Number used up"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each carrier in a forward."""
    carriers = {one.name.text: one for one in subject.policy.carriers}
    for trunk in subject.policy.trunks:
        if trunk.forward is None or trunk.forward.number is None:
            continue
        number = trunk.forward.number
        for word in trunk.forward.carriers:
            carrier = carriers.get(word.text)
            if carrier is None or carrier.shaping is None or carrier.shaping_span is None:
                continue
            if carrier.shaping.strip >= len(number.digits):
                yield Diagnostic(
                    CODE,
                    "error",
                    TITLE,
                    f"nothing of {quoted(number.digits)} is left for {quoted(word.text)}",
                    carrier.shaping_span,
                    f"takes {carrier.shaping.strip} of {len(number.digits)} characters",
                    (Label(number.span, "the number"),),
                    "take fewer off",
                )
