"""A span as tools name places: a file, and 1-based lines and columns that count characters."""

from __future__ import annotations

from typing import TypedDict

from sipfo.grammar.source import Source, Sources, Span

Texts = Source | Sources
"""What diagnostics are about: one text, or the files of a policy."""


class Place(TypedDict):
    """The end is the first character that is no part of it."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


def place_of(texts: Texts, span: Span) -> Place:
    """Where a span is."""
    file = texts.of(span.start)
    start, end = file.position(span.start), file.position(span.end)
    return {
        "file": file.path,
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
    }
