"""Two statements listen on the same transport, address and port.

Avoid: `listen udp 192.0.2.10:5060` and `listen udp 192.0.2.10`.
Prefer: one of them; without a port, 5060 is meant.
Why: the second cannot be bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.lower import listen_port
from sipfo.grammar.diagnostic import Diagnostic, Label
from sipfo.grammar.source import Span

CODE: Final = "SF305"
TITLE: Final = "Address listened twice"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each after the first."""
    first: dict[tuple[str, str, int], Span] = {}
    for listen in subject.policy.listens:
        where = listen.endpoint
        key = (listen.transport, where.host, listen_port(listen))
        if key not in first:
            first[key] = listen.span
            continue
        yield Diagnostic(
            CODE,
            "error",
            TITLE,
            f"already listened on: `{listen.transport} {where.host}` port {key[2]}",
            listen.span,
            "listened on again",
            (Label(first[key], "listened on first"),),
            "remove one of them",
        )
