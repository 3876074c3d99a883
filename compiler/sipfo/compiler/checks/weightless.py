"""All routes of a weighted trunk have the weight 0.

Avoid: `routes weighted a 0, b 0`.
Prefer: `routes weighted a 50, b 50`; a 0 beside other weights is a route for when those fail.
Why: RFC 2782's draw between weights of 0 always gives the first, which is `sequential` in disguise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic

CODE: Final = "SF512"
TITLE: Final = "Weights of nothing"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each trunk."""
    for trunk in subject.file.statements:
        for item in trunk.items if isinstance(trunk, tree.Trunk) else ():
            if isinstance(item, tree.Weighted) and all(
                set(share.weight.text) == {"0"} for share in item.shares
            ):
                yield Diagnostic(
                    CODE,
                    "error",
                    TITLE,
                    "no route has a weight to be drawn by",
                    item.span,
                    "all are 0",
                    hint="write `routes weighted a 50, b 50`, or `routes sequential a, b`",
                )
