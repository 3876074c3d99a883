"""A library has something to say about a fact of it that the policy uses.

Avoid: nothing; a note is no mistake.
Prefer: a look at the provider's pages that the note names, and at your own account.
Why: providers' pages contradict each other, leave things open and change; a library says so beside
the fact, and whoever relies on the fact should know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted
from sipfo.grammar.source import Span

CODE: Final = "SF208"
TITLE: Final = "Library note"


def about_block(block: tree.Block, name: str, used: Span) -> Iterator[Diagnostic]:
    """What a library says about a block, told where the policy first uses it."""
    declared = Label(block.name.span, "declared here")
    yield from _note(block.items, used, f"uses {quoted(name)}", (declared,))


def about_library(statements: Iterable[tree.Node], imported: Span) -> Iterator[Diagnostic]:
    """What a library says about all of itself, told where it is imported."""
    yield from _note(statements, imported, "imported here", ())


def _note(
    statements: Iterable[tree.Node], place: Span, label: str, declared: tuple[Label, ...]
) -> Iterator[Diagnostic]:
    lines: list[str] = []
    for one in statements:
        if isinstance(one, tree.Note):
            lines.append(one.note.text)
        elif isinstance(one, tree.Source) and lines:  # those before a note are of the facts
            lines.append(f"  {_cited(one)}")
    if lines:
        yield Diagnostic(CODE, "note", TITLE, "\n".join(lines), place, label, declared)


def _cited(source: tree.Source) -> str:
    return source.place.text if source.date is None else f"{source.place.text} ({source.date.text})"
