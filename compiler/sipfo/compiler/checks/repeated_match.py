"""An outcome or commit point is listed twice with the same meaning.

Avoid: `failover on 503, 504, 503`.
Prefer: `failover on 503, 504`.
Why: it does no harm, but often one of the two was meant to be another code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar.diagnostic import Diagnostic, Fix, Label, quoted, remove
from sipfo.grammar.source import Span

CODE: Final = "SF402"
TITLE: Final = "Repeated outcome"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """A warning for each place after the first."""
    for retry in subject.policy.retries:
        rules = (((rule.match, rule.verdict), rule.span) for rule in retry.rules)
        commits = ((commit.point, commit.span) for commit in retry.commits)
        for listed in (rules, commits):
            yield from _repeated(subject, listed)


def _repeated(subject: Subject, listed: Iterable[tuple[object, Span]]) -> Iterator[Diagnostic]:
    first: dict[object, Span] = {}
    for key, span in listed:
        place = first.setdefault(key, span)
        if place is not span:
            text = quoted(subject.source.excerpt(span))
            yield Diagnostic(
                CODE,
                "warning",
                TITLE,
                f"already listed: {text}",
                span,
                "listed again",
                (Label(place, "listed first"),),
                "remove one, or correct it",
                _without(subject, span),
            )


def _without(subject: Subject, span: Span) -> Fix | None:
    """The list without this part, and without the comma before or after it; the only part stays."""
    file = subject.source.of(span.start)
    start, end = span.start - file.base, span.end - file.base
    before, after = file.text[:start].rstrip(), file.text[end:]
    if before.endswith(","):
        return remove(Span(file.base + len(before) - 1, span.end))
    comma = len(after) - len(after.lstrip())
    if after[comma : comma + 1] == ",":
        rest = after[comma + 1 :]
        gap = len(rest) - len(rest.lstrip())
        return remove(Span(span.start, span.end + comma + 1 + gap))
    return None
