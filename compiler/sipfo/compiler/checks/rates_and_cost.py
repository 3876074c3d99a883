"""A carrier has rates from a file, and prefixes or a cost of its own.

Avoid: `rates "northstar.csv"` beside `prefixes +1` or `cost 0.0040`.
Prefer: the deck alone; `except +1900` leaves numbers out that it has rates for.
Why: the deck says which prefixes the carrier takes and what each costs; a second answer to the same
question is one too many.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted

CODE: Final = "SF522"
TITLE: Final = "Rates and cost"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each `prefixes` and `cost` beside `rates`."""
    for carrier in subject.policy.carriers:
        if carrier.rates is None:
            continue
        places = [("prefixes", one.span) for one in carrier.prefixes[:1]]
        if carrier.cost_span is not None:
            places.append(("cost", carrier.cost_span))
        for word, span in places:
            yield Diagnostic(
                CODE,
                "error",
                TITLE,
                f"{quoted(carrier.name.text)} has `rates`, and `{word}` as well",
                span,
                "said here again",
                (Label(carrier.rates.span, "its rates"),),
                f"remove `{word}`, or write what it says into the deck",
            )
