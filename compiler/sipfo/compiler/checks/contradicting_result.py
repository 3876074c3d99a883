"""A test expects two results, or one that cannot come about.

Avoid: `expect answered` and `expect refused 486`; `expect cancelled` when nobody cancels.
Prefer: one result, and `when caller cancels after T` where the caller gives up.
Why: a call has one result; the test could never pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar.diagnostic import Diagnostic, Label

CODE: Final = "SF603"
TITLE: Final = "Contradicting results"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each result after the first, and for one that no call can have."""
    for test in subject.policy.tests:
        for again in test.results[1:]:
            yield Diagnostic(
                CODE,
                "error",
                TITLE,
                "a call has one result",
                again.span,
                "expected again",
                (Label(test.results[0].span, "expected first"),),
                "keep one; to test the other, write another test",
            )
        for result in test.results[:1]:
            if result.kind == "cancelled" and not test.cancels and subject.clean:
                yield Diagnostic(
                    CODE,
                    "error",
                    TITLE,
                    "nobody cancels this call",
                    result.span,
                    "cannot come about",
                    hint="add `when caller cancels after 3s`",
                )
            if result.code == 503:
                yield Diagnostic(
                    CODE,
                    "error",
                    TITLE,
                    "no caller gets a 503: it leaves as 500 (RFC 3261 §16.7)",
                    result.span,
                    "cannot come about",
                    hint="write `expect refused 500`",
                )
