"""A `from` on the line of `on failure forward` looks like the forward's own and is the trunk's.

Avoid: `on failure forward to +13125550000 via northstar from eu`.
Prefer: nothing: carriers are called from the trunk's first address in this version.
Why: the trunk's own calls would silently be sent from the carriers' region.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic, Label

CODE: Final = "SF306"
TITLE: Final = "Not supported yet"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """An error when the trunk's `from` follows its forward on the same line."""
    line = subject.source.position
    for trunk in subject.file.statements:
        if not isinstance(trunk, tree.Trunk):
            continue
        for before, item in zip(trunk.items, trunk.items[1:], strict=False):
            if (
                isinstance(before, tree.Forward)
                and isinstance(item, tree.SendFrom)
                and line(before.span.end).line == line(item.span.start).line
            ):
                yield Diagnostic(
                    CODE,
                    "error",
                    TITLE,
                    "a forward has no `from` of its own in this version",
                    item.span,
                    "would be the whole trunk's `from`",
                    (Label(before.span, "after this forward"),),
                    "remove it: carriers are called from the trunk's first address; if it is the "
                    "trunk's own, write it on a line of its own, before `on failure`",
                )
