"""A route, carrier or region is listed twice in one list.

Avoid: `routes sequential pbx-east, pbx-west, pbx-east`; `from us, us.primary`.
Prefer: each once, in the order to try them.
Why: the same attempt would be made twice in a row of failures; to try a route again, `from` a
region makes the second pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.policy import Trunk
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted
from sipfo.grammar.tree import Word

CODE: Final = "SF502"
TITLE: Final = "Listed twice"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each place after the first."""
    for trunk in subject.policy.trunks:
        carriers = trunk.forward.carriers if trunk.forward is not None else ()
        for words in (trunk.routes, carriers):
            yield from _repeated([(word.text, word) for word in words])
        yield from _repeated(_addresses(subject, trunk))
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
