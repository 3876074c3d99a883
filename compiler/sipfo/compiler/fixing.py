"""Fixes to the text that they make of a file.

Two fixes that touch the same characters cannot both be made: the first in the order of the
diagnostics is, the other is left for another time.
"""

from __future__ import annotations

from collections.abc import Iterable

from sipfo.grammar.diagnostic import Diagnostic, Edit, Fix
from sipfo.grammar.source import Source


def fixable(source: Source, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics whose fixes can be made together in this file, in their order."""
    taken: list[Edit] = []
    chosen = []
    for one in diagnostics:
        if one.fix is None or not all(_inside(source, edit) for edit in one.fix.edits):
            continue
        if not any(_touch(edit, other) for edit in one.fix.edits for other in taken):
            taken += one.fix.edits
            chosen.append(one)
    return chosen


def fixed(source: Source, text: str, fixes: Iterable[Fix]) -> str:
    """`text`, which is the source's as it stands in the file, with all the fixes made.

    New lines get the line ends that the text has.
    """
    crlf = "\r\n" in text
    edits = sorted((edit for fix in fixes for edit in fix.edits), key=lambda edit: edit.span)
    for edit in reversed(edits):
        new = edit.replacement.replace("\n", "\r\n") if crlf else edit.replacement
        start, end = edit.span.start - source.base, edit.span.end - source.base
        text = text[:start] + new + text[end:]
    return text


def _inside(source: Source, edit: Edit) -> bool:
    whole = source.span
    return whole.start <= edit.span.start and edit.span.end <= whole.end


def _touch(edit: Edit, other: Edit) -> bool:
    """Whether two edits overlap; two at one place overlap as well, for their order is open."""
    if edit.span.start == other.span.start:
        return True
    return edit.span.start < other.span.end and other.span.start < edit.span.end
