"""What is wrong with a policy, as data: what, where, why, and what to write instead.

Nothing here is text for a terminal; `sipfo.compiler.report` renders it. A finding that is about
two places (a duplicate, a contradiction) carries both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from sipfo.grammar.source import Span

Severity = Literal["error", "warning", "note"]
"""An error leaves no plan; a note says something about what is right."""

SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "note")
"""The worst first."""


class Label(NamedTuple):
    """A place and what is to be said about it."""

    span: Span
    text: str


class Edit(NamedTuple):
    """Characters to replace; an empty span is a place to insert at."""

    span: Span
    replacement: str


class Fix(NamedTuple):
    """A change that cannot alter what the policy means; all of its edits belong together."""

    edits: tuple[Edit, ...]
    title: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `title` has at most four words; `message` is lower-case, without a period."""

    code: str
    severity: Severity
    title: str
    message: str
    span: Span
    label: str = ""
    secondary: tuple[Label, ...] = ()
    hint: str | None = None
    fix: Fix | None = None


def remove(span: Span) -> Fix:
    """The fix that takes out what `span` covers."""
    return Fix((Edit(span, ""),), "remove it")


def by_place(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Diagnostics in the order of their places."""
    return tuple(sorted(found, key=lambda one: (one.span, one.code)))


SHOWN = 48


def quoted(text: str) -> str:
    """`text` between backticks, printable and of bounded length, for use in a message."""
    cut = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    return "`" + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in cut) + "`"


def one_of(choices: list[str] | tuple[str, ...], last: str = "or") -> str:
    """A list in words: "a", "a or b", "a, b or c"."""
    if len(choices) < 2:
        return "".join(choices)
    return f"{', '.join(choices[:-1])} {last} {choices[-1]}"
