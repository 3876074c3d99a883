"""A carrier costs more than its forward allows.

Avoid: `via cheapest northstar at most 0.01` when `northstar` has `cost 0.02`.
Prefer: a ceiling that it is below, or a forward without it.
Why: the carrier is never tried, whatever happens to the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted

CODE: Final = "SF523"
TITLE: Final = "Above the ceiling"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """A warning for each carrier in a forward."""
    carriers = {one.name.text: one for one in subject.policy.carriers}
    for trunk in subject.policy.trunks:
        forward = trunk.forward
        if forward is None or forward.at_most is None or forward.at_most_span is None:
            continue
        for word in forward.carriers:
            carrier = carriers.get(word.text)
            if carrier is None or carrier.cost is None or carrier.cost_span is None:
                continue
            if Decimal(carrier.cost) > Decimal(forward.at_most):
                yield Diagnostic(
                    CODE,
                    "warning",
                    TITLE,
                    f"{quoted(word.text)} costs {carrier.cost}, and at most {forward.at_most} is paid",
                    word.span,
                    "never tried",
                    (
                        Label(forward.at_most_span, "the most"),
                        Label(carrier.cost_span, "its cost"),
                    ),
                    "remove it from this forward, or raise the ceiling",
                )
