"""A registrar has more than three instances.

Avoid: four `instance` statements.
Prefer: the three that matter, in the order in which they are to be tried.
Why: the one that holds the registration is tried first, then the others, "three levels of internal
failover" (Telnyx); each more is an attempt that the caller waits for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar.diagnostic import Diagnostic, Label
from sipfo.plan.model import MAX_INSTANCES

CODE: Final = "SF509"
TITLE: Final = "Too many instances"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each registrar, at its fourth instance."""
    for registrar in subject.policy.registrars:
        instances = registrar.instances
        if len(instances) > MAX_INSTANCES:
            yield Diagnostic(
                CODE,
                "error",
                TITLE,
                f"a registrar has at most {MAX_INSTANCES} instances: {len(instances)}",
                instances[MAX_INSTANCES].name.span,
                f"the {MAX_INSTANCES + 1}th",
                (Label(instances[0].name.span, "the first"),),
                "remove those that matter least",
            )
