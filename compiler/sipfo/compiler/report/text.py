"""Diagnostics for people: the lines with the places underlined, file by file.

The text needs no colour to be understood; colour is added only when asked for. Lines and columns
are 1-based and count characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from sipfo.compiler.fixing import fixed
from sipfo.compiler.report.place import Texts
from sipfo.grammar.diagnostic import SEVERITIES, Diagnostic, Fix
from sipfo.grammar.source import Source, Span

MOST: Final = 50
"""Diagnostics that the text shows; the rest are counted."""

_WIDTH: Final = 160
"""Characters of a source line that are shown; a longer one is cut around the place."""

_COLOURS: Final = {
    "error": "31;1",
    "warning": "33;1",
    "note": "34;1",
    "hint": "36",
    "place": "34",
    "-": "31",
    "+": "32",
}


def render(texts: Texts, diagnostics: Sequence[Diagnostic], *, colour: bool = False) -> str:
    """The diagnostics as text, with a last line that counts them; "" if there are none."""
    if not diagnostics:
        return ""
    shown = [_one(texts, one, colour) for one in diagnostics[:MOST]]
    return "\n".join([*shown, _summary(diagnostics), ""])


def _one(texts: Texts, one: Diagnostic, colour: bool) -> str:
    main = texts.of(one.span.start)
    marks = [_mark(texts, one.span, one.label, "^")]
    marks += [_mark(texts, label.span, label.text, "-") for label in one.secondary]
    marks.sort(key=lambda mark: (mark.file is not main, mark.file.base, mark.line, mark.column))
    width = len(str(max(mark.line for mark in marks)))
    lines = [_head(one, colour)]
    for file, group in groupby(marks, key=lambda mark: mark.file):
        listed = list(group)
        first = next((mark for mark in listed if mark.pointer.endswith("^")), listed[0])
        place = f"{' ' * width} ┌─ {file.path}:{first.line}:{first.column}"
        lines += [_paint(place, "place", colour), _paint(f"{' ' * width} │", "place", colour)]
        lines += _excerpts(listed, width, one.severity, colour)
    if one.hint:
        lines.append(_paint("hint", "hint", colour) + f": {one.hint}")
    if one.fix is not None:
        lines.append(_paint("fix", "hint", colour) + f": {one.fix.title}")
        lines += [_paint(line, line[2], colour) for line in _change(texts, one.fix)]
    return "\n".join(lines) + "\n"


def _head(one: Diagnostic, colour: bool) -> str:
    """The first line; a message of several lines stands below it."""
    head = _paint(f"{one.severity}[{one.code}]", one.severity, colour) + f" {one.title}:"
    parts = one.message.split("\n")
    if len(parts) == 1:
        return f"{head} {one.message}"
    return "\n".join([head, *(f"  {part}" for part in parts)])


class Mark(NamedTuple):
    """An underlined place: what is shown of its line, what is drawn below, what is said."""

    file: Source
    line: int
    column: int
    excerpt: str
    pointer: str
    text: str


def _excerpts(marks: Iterable[Mark], width: int, severity: str, colour: bool) -> list[str]:
    """The lines of one file, each with what is underlined in it."""
    lines: list[str] = []
    before = None
    for mark in marks:
        if mark.line != before:
            number = _paint(f"{mark.line:>{width}} │", "place", colour)
            lines.append(f"{number} {mark.excerpt}".rstrip())
        before = mark.line
        pointer = f"{mark.pointer} {mark.text}".rstrip()
        kind = severity if mark.pointer.endswith("^") else "place"
        gutter = _paint(f"{' ' * width} │", "place", colour)
        lines.append(f"{gutter} {_paint(pointer, kind, colour)}")
    return lines


def _mark(texts: Texts, span: Span, text: str, sign: str) -> Mark:
    """A place that spans lines is underlined to the end of its first."""
    file = texts.of(span.start)
    at = file.position(span.start)
    whole = file.line(at.line)
    start = at.column - 1
    end = min(max(start + span.end - span.start, start + 1), max(len(whole), start + 1))
    cut = max(0, start - _WIDTH // 2) if len(whole) > _WIDTH else 0
    excerpt = _printable(whole[cut : cut + _WIDTH])
    end = min(end, cut + _WIDTH)
    indent = " " * _columns(excerpt[: start - cut])
    return Mark(
        file,
        at.line,
        at.column,
        excerpt,
        indent + sign * max(1, _columns(excerpt[start - cut : end - cut])),
        text,
    )


def _change(texts: Texts, fix: Fix) -> list[str]:
    """The lines that a fix takes away and puts in their place."""
    file = texts.of(fix.edits[0].span.start)
    old = file.text.split("\n")
    new = fixed(file, file.text, [fix]).split("\n")
    before = 0
    while before < min(len(old), len(new)) and old[before] == new[before]:
        before += 1
    after = 0
    while after < min(len(old), len(new)) - before and old[-1 - after] == new[-1 - after]:
        after += 1
    gone, come = old[before : len(old) - after], new[before : len(new) - after]
    signed = [("-", line) for line in gone] + [("+", line) for line in come]
    return [f"  {sign} {_short(line)}" for sign, line in signed if line.strip()]


def _short(line: str) -> str:
    line = line.strip()
    return _printable(line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _columns(text: str) -> int:
    """Terminal columns: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _summary(diagnostics: Sequence[Diagnostic]) -> str:
    parts = []
    for severity in SEVERITIES:
        count = sum(one.severity == severity for one in diagnostics)
        if count:
            parts.append(f"{count} {severity}{'s' if count > 1 else ''}")
    more = f", the first {MOST} shown" if len(diagnostics) > MOST else ""
    return ", ".join(parts) + more


def _paint(text: str, kind: str, colour: bool) -> str:
    return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if colour else text
