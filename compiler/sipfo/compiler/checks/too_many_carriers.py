"""A forward lists more than ten carriers.

Avoid: `via` with eleven names.
Prefer: the ten that matter.
Why: each carrier is an attempt that the caller waits for; ten is the limit of the service that this
language is modelled on, too ("up to 10 termination carriers", Telnyx).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar.diagnostic import Diagnostic, Label
from sipfo.plan.model import MAX_CARRIERS

CODE: Final = "SF501"
TITLE: Final = "Too many carriers"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each forward, at its eleventh carrier."""
    for trunk in subject.policy.trunks:
        if trunk.forward is not None and len(trunk.forward.carriers) > MAX_CARRIERS:
            carriers = trunk.forward.carriers
            yield Diagnostic(
                CODE,
                "error",
                TITLE,
                f"a forward has at most {MAX_CARRIERS} carriers: {len(carriers)}",
                carriers[MAX_CARRIERS].span,
                f"the {MAX_CARRIERS + 1}th",
                (Label(carriers[0].span, "the first"),),
                "remove those that matter least",
            )
