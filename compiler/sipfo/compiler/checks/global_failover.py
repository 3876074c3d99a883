"""Busy or a 6xx is to fail over.

Avoid: `failover on 486`, `failover on 4xx` without `stop on 486`, `otherwise failover`.
Prefer: `stop on 486, 6xx`; where a provider sends busy for a lack of circuits, its tag or cause:
`failover on 486 tagged "D5"`, `failover on cause 34`.
Why: 486 says that the callee is busy, and 6xx that it is the same everywhere (RFC 3261 §21.6); the
callee's telephone would ring once per route. It is allowed, since some providers misuse 603.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.contradicting_match import in_words
from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.policy import Retry
from sipfo.grammar.diagnostic import Diagnostic, one_of
from sipfo.grammar.source import Span
from sipfo.grammar.tree import LibraryName
from sipfo.plan.model import OnCode, OnRange

CODE: Final = "SF404"
TITLE: Final = "Refusal fails over"

REFUSALS: Final = (486, 600, 603, 604, 606, 607, 608)
"""RFC 3261 §21.4.24 and §21.6, RFC 8197 (607 Unwanted), RFC 8688 (608 Rejected)."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """A warning for each statement or match that makes a refusal fail over."""
    for retry in subject.policy.retries:
        if isinstance(retry.name, LibraryName):
            continue  # the provider's own choice, which the library's notes tell
        told: dict[Span, list[int]] = {}
        words: dict[Span, str] = {}
        for code in REFUSALS:
            verdict, span, word = _decides(retry, code)
            if verdict == "failover" and span is not None:
                told.setdefault(span, []).append(code)
                words[span] = word
        for span, codes in told.items():
            named = one_of([str(code) for code in codes], "and")
            message = f"{words[span]} makes {named} fail over: the callee may ring again"
            if words[span] == f"`{named}`":
                message = f"{named} fails over: the callee may ring again"
            yield Diagnostic(
                CODE, "warning", TITLE, message, span, "a refusal", hint="write `stop on 486, 6xx`"
            )


def _decides(retry: Retry, code: int) -> tuple[str | None, Span | None, str]:
    """What decides about a code: the code itself, else the narrowest range, else `otherwise`."""
    for rule in retry.rules:
        if isinstance(rule.match, OnCode) and rule.match.code == code:
            return rule.verdict, rule.span, in_words(rule.match)
    ranges = [
        (rule.match.last - rule.match.first, rule.span, rule)
        for rule in retry.rules
        if isinstance(rule.match, OnRange) and rule.match.first <= code <= rule.match.last
    ]
    if ranges:
        _, span, rule = min(ranges, key=lambda found: found[:2])
        return rule.verdict, span, in_words(rule.match)
    return retry.otherwise, retry.otherwise_span, "`otherwise failover`"
