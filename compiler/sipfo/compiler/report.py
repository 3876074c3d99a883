"""Diagnostics for people and for tools: text with the lines underlined, and JSON.

The text needs no colour to be understood; colour is added only when asked for. Lines and columns
are 1-based and count characters.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple, TypedDict

from sipfo.grammar.diagnostic import Diagnostic
from sipfo.grammar.source import Source, Span

MOST: Final = 50
"""Diagnostics that the text shows; the rest are counted."""

_WIDTH: Final = 160
"""Characters of a source line that are shown; a longer one is cut around the place."""

_COLOURS: Final = {"error": "31;1", "warning": "33;1", "hint": "36", "place": "34"}


class Place(TypedDict):
    line: int
    column: int
    end_line: int
    end_column: int


class LabelJson(Place):
    text: str


class DiagnosticJson(Place):
    code: str
    severity: str
    title: str
    message: str
    file: str
    label: str
    hint: str | None
    labels: list[LabelJson]


def to_json(source: Source, diagnostics: Sequence[Diagnostic]) -> list[DiagnosticJson]:
    """The diagnostics as JSON values, all of them."""
    return [
        {
            "code": one.code,
            "severity": one.severity,
            "title": one.title,
            "message": one.message,
            "file": source.path,
            **_place(source, one.span),
            "label": one.label,
            "hint": one.hint,
            "labels": [
                {"text": label.text, **_place(source, label.span)} for label in one.secondary
            ],
        }
        for one in diagnostics
    ]


def render_json(source: Source, diagnostics: Sequence[Diagnostic]) -> str:
    """The diagnostics as a JSON list, with a final newline."""
    return json.dumps(to_json(source, diagnostics), indent=2, ensure_ascii=False) + "\n"


def render(source: Source, diagnostics: Sequence[Diagnostic], *, colour: bool = False) -> str:
    """The diagnostics as text, with a last line that counts them; "" if there are none."""
    if not diagnostics:
        return ""
    shown = [_one(source, one, colour) for one in diagnostics[:MOST]]
    return "\n".join([*shown, _summary(diagnostics), ""])


def _one(source: Source, one: Diagnostic, colour: bool) -> str:
    at = source.position(one.span.start)
    marks = sorted(
        [_mark(source, one.span, one.label, "^")]
        + [_mark(source, label.span, label.text, "-") for label in one.secondary]
    )
    width = len(str(max(mark.line for mark in marks)))
    gutter = " " * width
    lines = [
        _paint(f"{one.severity}[{one.code}]", one.severity, colour)
        + f" {one.title}: {one.message}",
        _paint(f"{gutter} ┌─ {source.path}:{at.line}:{at.column}", "place", colour),
        _paint(f"{gutter} │", "place", colour),
    ]
    before = None
    for mark in marks:
        if mark.line != before:
            number = _paint(f"{mark.line:>{width}} │", "place", colour)
            lines.append(f"{number} {mark.excerpt}".rstrip())
        before = mark.line
        pointer = f"{mark.pointer} {mark.text}".rstrip()
        kind = one.severity if mark.pointer.endswith("^") else "place"
        lines.append(_paint(f"{gutter} │", "place", colour) + " " + _paint(pointer, kind, colour))
    if one.hint:
        lines.append(_paint("hint", "hint", colour) + f": {one.hint}")
    return "\n".join(lines) + "\n"


class Mark(NamedTuple):
    """An underlined place: what is shown of its line, what is drawn below, what is said."""

    line: int
    column: int
    excerpt: str
    pointer: str
    text: str


def _mark(source: Source, span: Span, text: str, sign: str) -> Mark:
    """A place that spans lines is underlined to the end of its first."""
    at = source.position(span.start)
    whole = source.line(at.line)
    start = at.column - 1
    end = min(max(start + span.end - span.start, start + 1), max(len(whole), start + 1))
    cut = max(0, start - _WIDTH // 2) if len(whole) > _WIDTH else 0
    part = whole[cut : cut + _WIDTH]
    excerpt = "".join(c if c.isprintable() else " " for c in part)
    end = min(end, cut + _WIDTH)
    indent = " " * _columns(excerpt[: start - cut])
    return Mark(
        at.line,
        at.column,
        excerpt,
        indent + sign * max(1, _columns(excerpt[start - cut : end - cut])),
        text,
    )


def _columns(text: str) -> int:
    """Terminal columns: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _summary(diagnostics: Sequence[Diagnostic]) -> str:
    parts = []
    for severity in ("error", "warning"):
        count = sum(one.severity == severity for one in diagnostics)
        if count:
            parts.append(f"{count} {severity}{'s' if count > 1 else ''}")
    more = f", the first {MOST} shown" if len(diagnostics) > MOST else ""
    return ", ".join(parts) + more


def _place(source: Source, span: Span) -> Place:
    start, end = source.position(span.start), source.position(span.end)
    return {
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
    }


def _paint(text: str, kind: str, colour: bool) -> str:
    return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if colour else text
