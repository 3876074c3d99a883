"""A carrier of a forward does not terminate the number that is forwarded to.

Avoid: `forward to +13125550000 via baltic` when `baltic` has `prefixes +44`.
Prefer: carriers whose prefixes begin the number, or that have none.
Why: the carrier is passed over, in silence; with no other carrier the forward does nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.policy import Telephone
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted

CODE: Final = "SF503"
TITLE: Final = "Carrier never tried"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """A warning for each carrier in a forward."""
    carriers = {one.name.text: one for one in subject.policy.carriers}
    for trunk in subject.policy.trunks:
        if trunk.forward is None or trunk.forward.number is None:
            continue
        number = trunk.forward.number
        for word in trunk.forward.carriers:
            carrier = carriers.get(word.text)
            if carrier is None:
                continue
            barred = _longest(carrier.excluded, number)
            own = _longest(carrier.prefixes, number)
            if barred is not None and carrier.rates is None:
                if own is None or len(own.digits) < len(barred.digits):
                    yield Diagnostic(
                        CODE,
                        "warning",
                        TITLE,
                        f"{quoted(number.digits)} is not for {quoted(word.text)}",
                        word.span,
                        "never tried",
                        (Label(barred.span, "left out here"),),
                        "remove it from this forward, or from the `except`",
                    )
            elif carrier.prefixes and own is None:
                yield Diagnostic(
                    CODE,
                    "warning",
                    TITLE,
                    f"{quoted(word.text)} has no prefix of {quoted(number.digits)}",
                    word.span,
                    "never tried",
                    (Label(carrier.prefixes[0].span, "its prefixes"),),
                    "remove it from this forward, or add the prefix",
                )


def _longest(prefixes: tuple[Telephone, ...], number: Telephone) -> Telephone | None:
    fit = [one for one in prefixes if number.digits.startswith(one.digits)]
    return max(fit, key=lambda one: len(one.digits), default=None)
