"""Extensions of the dialplan as Asterisk matches them (pbx.c), for the patterns that we write."""

from __future__ import annotations

import re


def matches(extension: str, dialled: str) -> bool:
    """Whether an extension, or a pattern, is what was dialled."""
    if not extension.startswith("_"):
        return extension == dialled
    known = extension[1:].replace("[3-6]", "C")
    signs = {"X": "[0-9]", "C": "[3-6]", ".": ".+"}
    pattern = "".join(signs.get(one, re.escape(one)) for one in known)
    return re.fullmatch(pattern, dialled) is not None


def width(extension: str) -> int:
    """How many codes a pattern of three signs stands for: Asterisk takes the least (pbx.c)."""
    wide = extension.count("X")
    return int(10**wide) * (4 if "[" in extension else 1)
