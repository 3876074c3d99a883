"""An outcome is both to fail over and to stop.

Avoid: `failover on 408, 503` and `stop on 404, 503`; ranges that overlap in part.
Prefer: each match in one list. A code may stand beside the class that holds it (`failover on 5xx`,
`stop on 501`), and a range inside a wider one: the more specific decides.
Why: which list wins would depend on an order that nobody reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.policy import Retry, Rule
from sipfo.grammar.diagnostic import Diagnostic, Label
from sipfo.plan.model import Match, OnCause, OnCode, OnLocal, OnRange, OnTag

CODE: Final = "SF401"
TITLE: Final = "Contradicting outcomes"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each contradiction; both places are shown."""
    for retry in subject.policy.retries:
        yield from _same(retry)
        yield from _overlapping(retry)


def _same(retry: Retry) -> Iterator[Diagnostic]:
    first: dict[Match, Rule] = {}
    for rule in retry.rules:
        other = first.setdefault(rule.match, rule)
        if other.verdict != rule.verdict:
            message = f"{in_words(rule.match)} is to {other.verdict} and to {rule.verdict}"
            yield _finding(message, rule, other)


def _overlapping(retry: Retry) -> Iterator[Diagnostic]:
    """Ranges that share codes and neither of which lies inside the other.

    A range has at most 400 codes and each is looked at once, so that the cost is linear.
    """
    holder: dict[int, Rule] = {}
    for rule in retry.rules:
        if not isinstance(rule.match, OnRange):
            continue
        codes = range(rule.match.first, rule.match.last + 1)
        others = {id(holder[code]): holder[code] for code in codes if code in holder}
        for other in others.values():
            if other.verdict != rule.verdict and not _nested(rule, other):
                message = (
                    f"{in_words(rule.match)} and {in_words(other.match)} share codes, "
                    f"one is to {rule.verdict} and one to {other.verdict}"
                )
                yield _finding(message, rule, other)
        holder.update(dict.fromkeys(codes, rule))


def _nested(one: Rule, other: Rule) -> bool:
    a, b = one.match, other.match
    assert isinstance(a, OnRange) and isinstance(b, OnRange)
    inside = a.first >= b.first and a.last <= b.last
    around = a.first <= b.first and a.last >= b.last
    return inside or around


def in_words(match: Match) -> str:
    """A match as a policy writes it, between backticks."""
    match match:
        case OnLocal(outcome=outcome):
            return f"`{outcome}`"
        case OnCode(code=code):
            return f"`{code}`"
        case OnRange(first=first, last=last) if first % 100 == 0 and last == first + 99:
            return f"`{first // 100}xx`"
        case OnRange(first=first, last=last):
            return f"`{first}-{last}`"
        case OnTag(code=code, tag=tag):
            return f'`{code} tagged "{tag}"`'
        case OnCause(cause=cause):
            return f"`cause {cause}`"


def _finding(message: str, rule: Rule, other: Rule) -> Diagnostic:
    return Diagnostic(
        CODE,
        "error",
        TITLE,
        message,
        rule.span,
        f"{rule.verdict} here",
        (Label(other.span, f"{other.verdict} here"),),
        "keep it in one of the two lists",
    )
