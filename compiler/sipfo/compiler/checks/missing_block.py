"""A policy without a trunk carries no calls, and one without `listen` hears none.

Avoid: a file of routes and carriers alone.
Prefer: at least one `listen udp ADDRESS:PORT` and one `trunk NAME { … }`.
Why: the plan of such a policy would do nothing, in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic
from sipfo.grammar.source import Span

CODE: Final = "SF304"
TITLE: Final = "Nothing to run"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """An error each, unless a statement that could not be read may be the one."""
    if not subject.file.whole:
        return
    statements = subject.file.statements
    end = Span(subject.file.span.end, subject.file.span.end)
    place = statements[0].span if statements else end
    for kinds, word, write in (
        ((tree.Listen, tree.ListenTls), "listen", "listen udp ADDRESS:5060"),
        ((tree.Trunk,), "trunk", "trunk NAME { … }"),
    ):
        if not any(isinstance(one, kinds) for one in statements):
            message = f"the policy has no `{word}`"
            hint = f"add `{write}`"
            if word == "trunk" and any(isinstance(one, tree.Block) for one in statements):
                hint += ", or check the policy that imports this file"
            yield Diagnostic(CODE, "error", TITLE, message, place, "in this file", hint=hint)
