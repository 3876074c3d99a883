"""Reads values one by one and keeps what is wrong with each, so that no mistake hides the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import Diagnostic
from sipfo.grammar.tree import Block, Node

N = TypeVar("N", bound=Node)
T = TypeVar("T")


class Reader:
    """What was wrong so far, in `found`."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []

    def value(self, read: Callable[[N], T], node: N | None) -> T | None:
        """What `read` makes of the node; None if there is none or it is wrong."""
        if node is None:
            return None
        try:
            return read(node)
        except Wrong as wrong:
            self.found.append(wrong.diagnostic)
            return None

    def values(self, read: Callable[[N], T], nodes: Iterable[N]) -> tuple[T, ...]:
        """What `read` makes of each node, without those that are wrong."""
        made = (self.value(read, node) for node in nodes)
        return tuple(value for value in made if value is not None)


def all_of(kind: type[N], block: Block) -> tuple[N, ...]:
    """The statements of one kind in a block, in order."""
    return tuple(item for item in block.items if isinstance(item, kind))


def first_of(kind: type[N], block: Block) -> N | None:
    """The statement of a kind that counts: one given twice is told by a check."""
    return next(iter(all_of(kind, block)), None)
