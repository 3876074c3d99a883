"""Bytes to text: UTF-8, with or without a byte order mark, and with any line ends.

What the grammar does not know is blanked out in place, so that offsets are those of the file: the
mark is a space, and a carriage return that ends a line by itself (an old Mac's) is a line feed.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE

from sipfo.grammar.diagnostic import Diagnostic
from sipfo.grammar.source import Source, Span

_MARK = "\ufeff"


def decode(text: str | bytes, path: str, base: int = 0) -> tuple[Source, list[Diagnostic]]:
    """The source, and what is wrong with its encoding. Never raises."""
    if isinstance(text, str):
        return Source(_plain(text), path, base), []
    try:
        return Source(_plain(text.decode("utf-8")), path, base), []
    except UnicodeDecodeError as error:
        before = base + len(text[: error.start].decode("utf-8"))
        return Source(_plain(text.decode("utf-8", errors="replace")), path, base), [
            Diagnostic(
                "SF001",
                "error",
                "Unreadable text",
                f"the file is not UTF-8 text: byte 0x{text[error.start]:02x}",
                Span(before, before + 1),
                "not UTF-8",
                hint="it looks like UTF-16: save it as UTF-8"
                if text.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
                else "save the file as UTF-8",
            )
        ]


def _plain(text: str) -> str:
    if text.startswith(_MARK):
        text = " " + text[1:]
    return re.sub(r"\r(?!\n)", "\n", text) if "\r" in text else text
