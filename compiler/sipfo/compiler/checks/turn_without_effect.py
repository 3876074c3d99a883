"""A test says whose turn it is, and the trunk takes no turns.

Avoid: `drawing pbx-west` in a test of a sequential trunk, `after 3 calls` of any but round robin.
Prefer: `drawing` for `routes weighted`, `after N calls` for `routes round-robin`.
Why: the line has no effect, so that the test does not show what it seems to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.scope import Use
from sipfo.grammar.diagnostic import Diagnostic, Label, one_of, quoted

CODE: Final = "SF607"
TITLE: Final = "No turns here"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """An error for a draw that cannot be, a warning for calls that change nothing."""
    for test in subject.policy.tests:
        call = test.call
        trunk = subject.scope.trunks.get(call.trunk.text) if call else None
        if call is None or trunk is None or trunk.method is None:
            continue
        routes = [word.text for word in trunk.routes]
        known = all(subject.scope.has(Use(word, ("route",))) for word in trunk.routes)
        place = (Label(call.trunk.span, f"its routes are {trunk.method}"),)
        for word in call.drawn:
            if trunk.method != "weighted":
                message = f"nothing is drawn on trunk {quoted(call.trunk.text)}"
                hint = "leave `drawing` out; only `routes weighted` draws"
                yield Diagnostic(CODE, "error", TITLE, message, word.span, "drawn", place, hint)
                break
            if known and word.text not in routes and word.text in subject.scope.routes:
                message = f"{quoted(word.text)} is no route of trunk {quoted(call.trunk.text)}"
                hint = f"it has {one_of([quoted(name) for name in routes[:8]], 'and')}"
                yield Diagnostic(CODE, "error", TITLE, message, word.span, "drawn", place, hint)
        if call.calls_before and call.calls_before_span and trunk.method != "round-robin":
            message = f"calls before this one change nothing on trunk {quoted(call.trunk.text)}"
            yield Diagnostic(
                CODE,
                "warning",
                TITLE,
                message,
                call.calls_before_span,
                "no effect",
                place,
                "leave `after` out; only `routes round-robin` counts calls",
            )
