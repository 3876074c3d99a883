"""How a value's reader says that a word is none: it raises, and the statement is read on."""

from __future__ import annotations

from sipfo.grammar.diagnostic import Diagnostic
from sipfo.grammar.source import Span


class Wrong(Exception):
    """A word that is not the value it should be; `diagnostic` says why."""

    def __init__(
        self, code: str, title: str, message: str, span: Span, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(code, "error", title, message, span, "here", hint=hint)
