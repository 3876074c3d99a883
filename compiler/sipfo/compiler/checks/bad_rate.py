"""A line of a rate deck cannot be used: the file, the line and the field are shown.

Avoid: `44,"0,0040"`; a first line that does not name the columns; two costs of a prefix on one day.
Prefer: `prefix,cost,from,until` in the first line, then `4420,0.0040,2026-12-01,2026-12-31`; a date
may be missing; `stop` in place of a cost says that this prefix does not go to the carrier.
Why: a line that is passed over in silence sends calls to the wrong carrier, at a price that nobody
looked at.
"""

from __future__ import annotations

from typing import Final

from sipfo.grammar.diagnostic import Diagnostic, Label
from sipfo.grammar.source import Span

CODE: Final = "SF521"
TITLE: Final = "Bad rate"


def row_error(message: str, span: Span, hint: str | None) -> Diagnostic:
    """What is wrong with a line, or a field of it."""
    return Diagnostic(CODE, "error", TITLE, message, span, "here", hint=hint)


def overlap(span: Span, first: Span) -> Diagnostic:
    """Two lines say what one prefix costs at one time."""
    return Diagnostic(
        CODE,
        "error",
        TITLE,
        "this prefix has a cost for that time already",
        span,
        "given again",
        (Label(first, "given first"),),
        "let the first end before the second begins: `until` names its last day",
    )


def too_many(most: int, span: Span) -> Diagnostic:
    """More lines than a deck may have."""
    return row_error(f"a deck has at most {most} rates", span, "leave out what never costs less")
