"""A timer is longer than the deadline of every trunk that it is for.

Avoid: `no-answer 60s` under `deadline 20s`.
Prefer: a timer shorter than the deadline, or a longer deadline.
Why: the deadline ends the call first, with a 408, so that the timer's outcome is never seen and
nothing fails over because of it. A telephone that rings is cut off by the deadline, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.policy import Trunk
from sipfo.grammar.diagnostic import Diagnostic, Label

CODE: Final = "SF705"
TITLE: Final = "Timer after deadline"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """A warning for each timer that is written in the policy."""
    trunks: dict[str, list[Trunk]] = {}
    for trunk in subject.policy.trunks:
        if trunk.retry is not None:
            trunks.setdefault(trunk.retry.text, []).append(trunk)
    for retry in subject.policy.retries:
        limits = [trunk.deadline for trunk in trunks.get(retry.name.text, [])]
        present = [limit for limit in limits if limit is not None]
        if not present or len(present) < len(limits):
            continue  # unused, or one of its trunks has no deadline
        longest = max(present, key=lambda limit: limit.seconds)
        for timer in retry.timers:
            if timer.seconds >= longest.seconds:
                yield Diagnostic(
                    CODE,
                    "warning",
                    TITLE,
                    f"`{timer.phase}` never runs out: the deadline comes first",
                    timer.span,
                    "too long to be seen",
                    (Label(longest.span, "ends the call"),),
                    "write a shorter timer or a longer deadline",
                )
