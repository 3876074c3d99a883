"""A `when` says what no destination can do.

Avoid: `answers 503, rings`; `rings, silent`; `silent after 2s`; two `when` for one destination.
Prefer: provisionals first, a final answer last; `silent`, `refuses` or `unresolvable` alone.
Why: nothing follows a final answer, and who does not reply does not reply later. Who rings and
never answers is written `rings`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.policy import Behaviour
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted
from sipfo.plan.scenario import Reply

CODE: Final = "SF604"
TITLE: Final = "Impossible behaviour"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Errors in each `when`, and for each that repeats another's destination."""
    for test in subject.policy.tests:
        first: dict[tuple[str, str | None], Behaviour] = {}
        for behaviour in test.behaviours:
            yield from order_of_steps(behaviour)
            yield from _needs_a_name(subject, behaviour)
            egress = behaviour.egress.text if behaviour.egress else None
            other = first.setdefault((behaviour.destination.text, egress), behaviour)
            if other is not behaviour:
                yield Diagnostic(
                    CODE,
                    "error",
                    TITLE,
                    f"already said what it does: {quoted(behaviour.destination.text)}",
                    behaviour.span,
                    "said again",
                    (Label(other.span, "said first"),),
                    "write one `when` with `,` between the steps",
                )


def _needs_a_name(subject: Subject, behaviour: Behaviour) -> Iterator[Diagnostic]:
    """`unresolvable` where there is nothing to resolve."""
    place = subject.scope.destination_of(behaviour.destination.text)
    if place is None or not place.is_address:
        return
    for step in behaviour.steps:
        if step.does == "unresolvable":
            yield Diagnostic(
                CODE,
                "error",
                TITLE,
                f"{quoted(behaviour.destination.text)} needs no name to be resolved",
                step.span,
                "cannot happen",
                (Label(place.span, "an address"),),
                "a dead address `refuses`, or is `silent`",
            )


def order_of_steps(behaviour: Behaviour) -> Iterator[Diagnostic]:
    """The first step that cannot be where it is."""
    for before, step in zip((None, *behaviour.steps), behaviour.steps, strict=False):
        if not isinstance(step.does, Reply):
            if len(behaviour.steps) > 1 or step.delayed:
                message = f"{quoted(step.does)} stands alone"
                hint = "who rings and never answers is written `rings`"
                yield Diagnostic(CODE, "error", TITLE, message, step.span, "not alone", hint=hint)
                return
        elif before is not None and isinstance(before.does, Reply) and before.does.status >= 200:
            yield Diagnostic(
                CODE,
                "error",
                TITLE,
                f"nothing follows a final answer: {before.does.status}",
                step.span,
                "follows it",
                (Label(before.span, "the final answer"),),
                "put the final answer last",
            )
            return
