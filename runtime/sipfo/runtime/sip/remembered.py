"""Reading what was read before: most of what messages say, they say again and again.

One call names its parties, its hosts and its numbers in every message. What would surprise: only
short texts that could be read are kept, and so many of them, so that nobody can fill memory with
long ones; what they are read to is frozen.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final, TypeVar

MOST: Final = 4096
"""Texts that one reader remembers; then all are forgotten, and it begins anew."""

LONGEST: Final = 192
"""Bytes of a text that is remembered."""

Text = TypeVar("Text", bytes, str)
Read = TypeVar("Read")


def remember(known: dict[Text, Read], text: Text, read: Read) -> Read:
    """Keep in `known` what a text was read to, and give it back."""
    if len(text) <= LONGEST:
        if len(known) >= MOST:
            known.clear()
        known[text] = read
    return read


def remembered(read: Callable[[Text], Read]) -> Callable[[Text], Read]:
    """The same function of one text; what it raises is not remembered."""
    known: dict[Text, Read] = {}

    @wraps(read)
    def recall(text: Text) -> Read:
        found = known.get(text)
        if found is not None:
            return found
        return known[text] if text in known else remember(known, text, read(text))

    return recall
