"""Fixes to the text that they make of a file.

Two fixes that touch the same characters cannot both be made: the first in the order of the
diagnostics is, the other is left for another time.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from sipfo.grammar.diagnostic import Diagnostic, Edit, Fix
from sipfo.grammar.source import Source, Span


def fixable(source: Source, diagnostics: Iterable[Diagnostic]) -> Iterator[tuple[Diagnostic, Fix]]:
    """The diagnostics whose fixes can be made together in this file, in order, with the fixes."""
    taken: list[Span] = []
    for one in diagnostics:
        if one.fix is None or not all(_inside(source, edit) for edit in one.fix.edits):
            continue
        if not any(_touches(edit.span, taken) for edit in one.fix.edits):
            for edit in one.fix.edits:
                insort(taken, edit.span)
            yield one, one.fix


def fixed(source: Source, text: str, fixes: Iterable[Fix]) -> str:
    """`text`, which is the source's as it stands in the file, with all the fixes made.

    New lines get the line ends that the text has; a line that a removal leaves empty goes with it.
    """
    edits = sorted((edit for fix in fixes for edit in fix.edits), key=lambda edit: edit.span)
    mark = text.startswith("\ufeff")
    crlf = "\r\n" in text
    for edit in reversed(edits):
        start, end = max(edit.span.start - source.base, mark), edit.span.end - source.base
        new = edit.replacement.replace("\n", "\r\n") if crlf else edit.replacement
        if not new:
            start, end = _with_blanks(text, start, end)
        text = text[:start] + new + text[max(start, end) :]
    return text


def _with_blanks(text: str, start: int, end: int) -> tuple[int, int]:
    """What to remove so that no line is left empty or with blanks at its end, and no two blanks
    stand where one did."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    last = len(text) if last < 0 else last + 1
    if text[end:last].strip():
        between = text[start - 1 : start] in (" ", "\t") and text[end] in " \t"
        return (start - 1 if between else start), end
    before = text[first:start].rstrip()
    return (first + len(before), end) if before else (first, last)


def _inside(source: Source, edit: Edit) -> bool:
    whole = source.span
    return whole.start <= edit.span.start and edit.span.end <= whole.end


def _touches(span: Span, taken: list[Span]) -> bool:
    """Whether a place overlaps one of those taken, which are in order and do not overlap each
    other; two at one place overlap as well, for their order is open."""
    place = bisect_left(taken, span)
    near = taken[max(0, place - 1) : place + 1]
    return any(
        other.start == span.start or (span.start < other.end and other.start < span.end)
        for other in near
    )
