"""`no-response` is longer than SIP itself waits.

Avoid: `no-response 40s`.
Prefer: a few seconds: `no-response 4s`.
Why: an INVITE that hears nothing ends after 64·T1, 32 seconds (Timer B, RFC 3261 §17.1.1.2), and
that is the outcome `no-response`; a longer timer never runs out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar.diagnostic import Diagnostic
from sipfo.plan.model import T1_64

CODE: Final = "SF403"
TITLE: Final = "Timer never runs out"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each timer."""
    for retry in subject.policy.retries:
        for timer in retry.timers:
            if timer.phase == "no-response" and timer.seconds > T1_64:
                yield Diagnostic(
                    CODE,
                    "error",
                    TITLE,
                    f"`no-response` is more than {T1_64:g} seconds, after which Timer B ends the "
                    "attempt (RFC 3261 §17.1.1.2)",
                    timer.span,
                    "never runs out",
                    hint=f"write `{T1_64:g}s` or less; failover is quick with `4s`",
                )
