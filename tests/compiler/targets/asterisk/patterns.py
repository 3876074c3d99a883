"""Extensions of the dialplan as Asterisk matches them (pbx.c), for the patterns that we write."""

from __future__ import annotations

import re


def matches(extension: str, dialled: str) -> bool:
    """Whether an extension, or a pattern, is what was dialled."""
    if not extension.startswith("_"):
        return extension == dialled
    pattern = "".join({"X": "[0-9]", "!": ".*"}.get(one, re.escape(one)) for one in extension[1:])
    return re.fullmatch(pattern, dialled) is not None
