"""A policy begins with the version of the language that it is written in: `sipfo 1`.

Avoid: a file that begins with anything else.
Prefer: `sipfo 1` as the first statement.
Why: a later version may give a word another meaning; a call must not go elsewhere because the
compiler became newer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted
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


def check(subject: Subject) -> Iterator[Diagnostic]:
    """An error where it is missing, late or repeated."""
    statements = subject.file.statements
    versions = [one for one in statements if isinstance(one, tree.Version)]
    if not versions:
        if subject.file.whole:
            first = statements[0].span.start if statements else 0
            yield _error("a policy begins with its version", Span(first, first), "write `sipfo 1`")
        return
    if subject.file.whole and statements[0] is not versions[0]:
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
        )


def _error(message: str, span: Span, hint: str) -> Diagnostic:
    return Diagnostic(CODE, "error", TITLE, message, span, "here", hint=hint)
