"""A rate deck has no prefix for the number that a forward goes to, at any time.

Avoid: `forward to +13125550000 via baltic` when no line of its deck begins the number.
Prefer: carriers whose rates have the number.
Why: the carrier is passed over on every call.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted
from sipfo.plan.decks import held
from sipfo.plan.model import Plan

CODE: Final = "SF524"
TITLE: Final = "No such rate"


def check(subject: Subject, plan: Plan) -> Iterator[Diagnostic]:
    """A warning for each carrier in a forward."""
    decks = {one.file: held(one).rates for one in plan.decks or ()}
    called = {one.name: one.rates for one in plan.carriers if one.rates is not None}
    places = {one.name.text: one.rates for one in subject.policy.carriers}
    for trunk in subject.policy.trunks:
        forward = trunk.forward
        if forward is None or forward.number is None:
            continue
        number = forward.number.digits
        for word in forward.carriers:
            deck, rates = called.get(word.text), places.get(word.text)
            if deck is None or rates is None or decks[deck].ever(number):
                continue
            yield Diagnostic(
                CODE,
                "warning",
                TITLE,
                f"{quoted(deck)} has no prefix of {quoted(number)}",
                word.span,
                "never tried",
                (Label(rates.span, "its rates"),),
                "remove it from this forward, or add the prefix to the deck",
            )
