"""A forward takes the cheapest carrier, and one of its carriers has no cost.

Avoid: `via cheapest northstar, baltic` when `baltic` has no `cost`.
Prefer: a `cost` in each carrier that such a forward lists, or `via listed`.
Why: a carrier without a cost would come first or last by a rule that nobody wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted

CODE: Final = "SF511"
TITLE: Final = "Cost missing"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each carrier in a forward."""
    if not subject.clean:
        return
    carriers = {one.name.text: one for one in subject.policy.carriers}
    for trunk in subject.policy.trunks:
        if trunk.forward is None or trunk.forward.choice != "cheapest":
            continue
        for word in trunk.forward.carriers:
            carrier = carriers.get(word.text)
            if carrier is not None and carrier.cost is None:
                yield Diagnostic(
                    CODE,
                    "error",
                    TITLE,
                    f"carrier {quoted(word.text)} has no cost to compare",
                    word.span,
                    "cheapest of what?",
                    (Label(carrier.name.span, "declared without `cost`"),),
                    "add `cost AMOUNT` to it, or write `via listed`",
                )
