"""A test expects nothing.

Avoid: a `test` with `call` and `when` alone.
Prefer: at least `expect answered`, `expect refused CODE` or `expect cancelled`.
Why: it passes whatever happens.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar.diagnostic import Diagnostic

CODE: Final = "SF605"
TITLE: Final = "Nothing expected"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """A warning for each test."""
    for test in subject.policy.tests:
        if not test.results and not test.attempts:
            message = "this test passes whatever happens"
            hint = "add `expect answered`, `expect refused 486` or `expect cancelled`"
            yield Diagnostic(
                CODE, "warning", TITLE, message, test.span, "expects nothing", hint=hint
            )
