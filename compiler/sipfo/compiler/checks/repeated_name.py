"""A route, carrier, region or number is listed twice in one list.

Avoid: `routes sequential pbx-east, pbx-west, pbx-east`; `from us, us.primary`.
Prefer: each once, in the order to try them.
Why: the same attempt would be made twice in a row of failures; to try a route again, `from` a
region makes the second pass. A number or prefix that stands twice does no harm, so that it is a
warning; often one of the two was meant to be another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.policy import Trunk
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted
from sipfo.grammar.source import Span
from sipfo.grammar.tree import Word
from sipfo.plan.model import Numbers

CODE: Final = "SF502"
TITLE: Final = "Listed twice"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One finding for each place after the first."""
    for trunk in subject.policy.trunks:
        carriers = trunk.forward.carriers if trunk.forward is not None else ()
        for words in (trunk.routes, carriers):
            yield from _repeated([(word.text, word) for word in words])
        yield from _repeated(_addresses(subject, trunk))
        yield from _repeated_numbers([(one.numbers, one.span) for one in trunk.claims])
    for carrier in subject.policy.carriers:
        both = (*carrier.prefixes, *carrier.excluded)
        yield from _repeated_numbers([(one.digits, one.span) for one in both])
    for test in subject.policy.tests:
        if test.call is not None:
            yield from _repeated([(word.text, word) for word in test.call.drawn])


def _addresses(subject: Subject, trunk: Trunk) -> list[tuple[str, Word]]:
    """The addresses of a trunk's `from`, each with the word that stands for it."""
    regions = subject.scope.declared["region"]
    return [
        (address, word)
        for word in trunk.egresses
        for address in (
            (f"{word.text}.primary", f"{word.text}.secondary")
            if word.text in regions
            else (word.text,)
        )
    ]


def _repeated_numbers(listed: list[tuple[Numbers | str, Span]]) -> Iterator[Diagnostic]:
    """Warnings, for it makes no difference."""
    first: dict[Numbers | str, Span] = {}
    for numbers, span in listed:
        other = first.setdefault(numbers, span)
        if other is not span:
            yield Diagnostic(
                CODE,
                "warning",
                TITLE,
                "these numbers are in the list already",
                span,
                "listed again",
                (Label(other, "listed first"),),
                "remove one of them, or correct it",
            )


def _repeated(listed: list[tuple[str, Word]]) -> Iterator[Diagnostic]:
    first: dict[str, Word] = {}
    told: set[int] = set()
    for key, word in listed:
        other = first.setdefault(key, word)
        if other is not word and id(word) not in told:
            told.add(id(word))
            yield Diagnostic(
                CODE,
                "error",
                TITLE,
                f"already in this list: {quoted(word.text)}",
                word.span,
                "listed again",
                (Label(other.span, "listed first"),),
                "remove one of them",
            )
