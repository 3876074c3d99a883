"""One finding for all places of a name: told at the first, the others pointed at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, TypeVar

from sipfo.compiler.values.address import parse_ip
from sipfo.grammar.diagnostic import Diagnostic, Label
from sipfo.grammar.tree import Node, SendFrom, Word

T = TypeVar("T")

SHOWN: Final = 2
"""Other places that are pointed at; the rest are counted."""


def is_address(word: Word) -> bool:
    """Whether somebody wrote an address or network where the name of a region belongs."""
    return parse_ip(word.text.partition("/")[0]) is not None


def is_networks(statement: Node) -> bool:
    """Whether a trunk's `from` names networks: who may call, and its `accept` is missing."""
    return isinstance(statement, SendFrom) and all(map(is_address, statement.egresses))


def by_name(uses: Iterable[tuple[str, T]]) -> list[list[T]]:
    """The uses of each name, in the order of the first."""
    places: dict[str, list[T]] = {}
    for name, use in uses:
        places.setdefault(name, []).append(use)
    return list(places.values())


def everywhere(finding: Diagnostic, words: list[Word]) -> Diagnostic:
    """The finding about the first of `words`, with the others."""
    others = words[1:]
    labels = tuple(Label(word.span, "also here") for word in others[:SHOWN])
    more = len(others) - len(labels)
    label = f"{finding.label}; used in {more} more places" if more > 1 else finding.label
    return replace(finding, secondary=(*finding.secondary, *labels), label=label)
