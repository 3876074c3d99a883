"""A forward compares what its carriers cost, and one of them has no cost.

Avoid: `via cheapest northstar, baltic` when `baltic` has no `cost`.
Prefer: a `cost` or `rates` in each carrier that such a forward lists, or `via listed`.
Also avoid: `at most 0.01` with such a carrier.
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
        forward = trunk.forward
        if forward is None or (forward.choice != "cheapest" and forward.at_most_span is None):
            continue
        for word in forward.carriers:
            carrier = carriers.get(word.text)
            if carrier is not None and carrier.cost is None and carrier.rates is None:
                yield Diagnostic(
                    CODE,
                    "error",
                    TITLE,
                    f"carrier {quoted(word.text)} has no cost to compare",
                    word.span,
                    "cheapest of what?" if forward.choice == "cheapest" else "at most of what?",
                    (Label(carrier.name.span, "declared without `cost`"),),
                    "add `cost AMOUNT` to it, or write `via listed`"
                    if forward.at_most_span is None
                    else "add `cost AMOUNT` to it, or remove `at most`",
                )
