"""Bytes to text: UTF-8, with or without a byte order mark, which is blanked out in place."""

from __future__ import annotations

from sipfo.grammar.diagnostic import Diagnostic
from sipfo.grammar.source import Source, Span

_MARK = "\ufeff"


def decode(text: str | bytes, path: str) -> tuple[Source, list[Diagnostic]]:
    """The source, and what is wrong with its encoding. Never raises."""
    if isinstance(text, str):
        return Source(_unmarked(text), path), []
    try:
        return Source(_unmarked(text.decode("utf-8")), path), []
    except UnicodeDecodeError as error:
        before = len(text[: error.start].decode("utf-8"))
        return Source(_unmarked(text.decode("utf-8", errors="replace")), path), [
            Diagnostic(
                "SF001",
                "error",
                "Unreadable text",
                f"the file is not UTF-8 text: byte 0x{text[error.start]:02x}",
                Span(before, before + 1),
                "not UTF-8",
                hint="save the file as UTF-8",
            )
        ]


def _unmarked(text: str) -> str:
    return " " + text[1:] if text.startswith(_MARK) else text
