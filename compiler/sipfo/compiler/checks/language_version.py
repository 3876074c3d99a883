"""A policy begins with the version of the language that it is written in: `sipfo 1`.

Avoid: a file that begins with anything else.
Prefer: `sipfo 1` as the first statement, of an imported file as well.
Why: a later version may give a word another meaning; a call must not go elsewhere because the
compiler became newer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic, Edit, Fix, Label, quoted, remove
from sipfo.grammar.source import Span

CODE: Final = "SF301"
TITLE: Final = "Language version"

VERSION: Final = "1"


def other_version(file: tree.File) -> Diagnostic | None:
    """The error of a policy in another version; nothing else about it can be said."""
    for one in file.statements:
        if isinstance(one, tree.Version) and one.number.text != VERSION:
            message = f"this compiler reads version {VERSION}, not {quoted(one.number.text)}"
            return _error(message, one.number.span, f"write `sipfo {VERSION}`")
    return None


def misplaced(file: tree.File) -> Iterator[Diagnostic]:
    """An error where the version of one file is missing, late or repeated."""
    statements = file.statements
    versions = [one for one in statements if isinstance(one, tree.Version)]
    if not versions:
        if file.whole:
            first = statements[0].span.start if statements else file.span.start
            place = Span(first, first)
            fix = Fix((Edit(place, f"sipfo {VERSION}\n\n"),), f"insert `sipfo {VERSION}`")
            message, hint = "a policy begins with its version", f"write `sipfo {VERSION}`"
            yield _error(message, place, hint, fix)
        return
    if file.whole and statements[0] is not versions[0]:
        hint = f"move `sipfo {VERSION}` to the top"
        yield _error("the version stands after another statement", versions[0].span, hint)
    for again in versions[1:]:
        yield Diagnostic(
            CODE,
            "error",
            TITLE,
            "the version is given twice",
            again.span,
            "given again",
            (Label(versions[0].span, "given first"),),
            "remove it",
            remove(again.span),
        )


def _error(message: str, span: Span, hint: str, fix: Fix | None = None) -> Diagnostic:
    return Diagnostic(CODE, "error", TITLE, message, span, "here", hint=hint, fix=fix)
