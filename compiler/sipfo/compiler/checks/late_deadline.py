"""The deadline is longer than who calls us waits.

Avoid: `patience 8s` with `deadline 20s`.
Prefer: a deadline that is shorter than the patience.
Why: the caller's side gives up first and may go elsewhere, while attempts still go on here; with a
shorter deadline it gets a 408 in time to do something about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted

CODE: Final = "SF704"
TITLE: Final = "Deadline after patience"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """A warning for each trunk."""
    for trunk in subject.policy.trunks:
        if trunk.deadline is None or trunk.patience is None:
            continue
        if trunk.deadline.seconds > trunk.patience.seconds:
            yield Diagnostic(
                CODE,
                "warning",
                TITLE,
                f"who calls trunk {quoted(trunk.name.text)} is gone before its deadline",
                trunk.deadline.span,
                "longer than they wait",
                (Label(trunk.patience.span, "they wait this long"),),
                "write a deadline that is shorter than the patience",
            )
