"""A trunk accepts anyone and asks for something as well.

Avoid: `accept anyone` beside `accept from 203.0.113.0/24` or `accept credential …`.
Prefer: the networks and credentials alone; either of the two lets a caller in.
Why: `anyone` makes the other statement useless, and who wrote that one did not mean everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic, Label

CODE: Final = "SF307"
TITLE: Final = "Anyone and somebody"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each trunk."""
    for trunk in subject.file.statements:
        if not isinstance(trunk, tree.Trunk):
            continue
        anyone = [item for item in trunk.items if isinstance(item, tree.AcceptAnyone)]
        asked = [
            item
            for item in trunk.items
            if isinstance(item, tree.AcceptFrom | tree.AcceptCredential)
        ]
        if anyone and asked:
            yield Diagnostic(
                CODE,
                "error",
                TITLE,
                "who accepts anyone asks for nothing",
                anyone[0].span,
                "accepts everybody",
                (Label(asked[0].span, "would be of no use"),),
                "remove one of the two",
            )
