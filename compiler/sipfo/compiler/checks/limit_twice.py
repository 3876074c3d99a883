"""A limit gives the same figure twice.

Avoid: `limit 200 calls, 100 calls`.
Prefer: `limit 200 calls, 20 per second`: at most one of each.
Why: which of the two holds would be a guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic, Label

CODE: Final = "SF308"
TITLE: Final = "Limit given twice"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each figure after the first of its kind."""
    for block in subject.file.statements:
        for item in block.items if isinstance(block, tree.Block) else ():
            first: dict[type[tree.Node], tree.Node] = {}
            for one in item.limits if isinstance(item, tree.Limit) else ():
                other = first.setdefault(type(one), one)
                if other is not one:
                    yield Diagnostic(
                        CODE,
                        "error",
                        TITLE,
                        "a limit has one figure of each kind",
                        one.span,
                        "given again",
                        (Label(other.span, "given first"),),
                        "write `limit 200 calls, 20 per second`",
                    )
