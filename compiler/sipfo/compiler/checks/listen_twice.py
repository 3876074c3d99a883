"""Two statements listen on the same transport, address and port.

Avoid: `listen udp 192.0.2.10:5060` and `listen udp 192.0.2.10`.
Prefer: one of them; without a port, 5060 is meant.
Why: the second cannot be bound. TLS runs over TCP, and needs a port of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.lower import listen_port
from sipfo.compiler.policy import Listen
from sipfo.grammar.diagnostic import Diagnostic, Label, remove

CODE: Final = "SF305"
TITLE: Final = "Address listened twice"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each after the first."""
    first: dict[tuple[str, str, int], Listen] = {}
    for listen in subject.policy.listens:
        where = listen.endpoint
        stream = "udp" if listen.transport == "udp" else "tcp"  # TLS runs over TCP
        key = (stream, where.host, listen_port(listen))
        if key not in first:
            first[key] = listen
            continue
        other = first[key]
        same = replace(listen, endpoint=other.endpoint, span=other.span) == other
        yield Diagnostic(
            CODE,
            "error",
            TITLE,
            f"already listened on: `{other.transport} {where.host}` port {key[2]}",
            listen.span,
            "listened on again",
            (Label(other.span, "listened on first"),),
            "remove one of them"
            if listen.transport == other.transport
            else "TLS runs over TCP: give it a port of its own, such as 5061",
            remove(listen.span) if same else None,
        )
