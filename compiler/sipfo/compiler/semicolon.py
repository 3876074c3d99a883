"""A `;` after a statement, as other languages have it, told as what it is.

The grammar takes `20s;` for one word, and its reader says that this is no duration. Such errors
get the hint and the fix that the user needs, whichever reader or check found them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from sipfo.grammar.diagnostic import Diagnostic, Edit, Fix
from sipfo.grammar.source import Source, Sources, Span

_END: Final = re.compile(r"[ \t]*(?:[\r\n}#]|$)")
"""What follows the last word of a statement that ends its line or its block."""


def semicolons(sources: Sources, found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The same errors; those about a last word that ends in `;` say so."""
    for one in found:
        mark = _semicolon(sources.of(one.span.start), one)
        if mark is None:
            yield one
        else:
            fix = Fix((Edit(mark, ""),), "remove the `;`")
            yield replace(one, hint="remove the `;`: a statement ends by itself", fix=fix)


def _semicolon(file: Source, one: Diagnostic) -> Span | None:
    """The place of the `;` that ends the word which an error is about."""
    text = file.excerpt(one.span)
    if one.severity != "error" or one.fix is not None or not re.fullmatch(r"[^\s;]+;", text):
        return None
    if not _END.match(file.text, one.span.end - file.base):
        return None
    return Span(one.span.end - 1, one.span.end)
