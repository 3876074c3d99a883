"""Reading what was read before: most of what messages say, they say again and again.

One call names its parties, its hosts and its numbers in every message. What would surprise: only
short texts that could be read are kept, and so many of them, so that nobody can fill memory with
long ones; what they are read to is frozen.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, TypeVar

MOST: Final = 4096
"""Texts that one reader remembers; the one that was not asked for longest goes first."""

LONGEST: Final = 192
"""Bytes of a text that is remembered."""

Text = TypeVar("Text", bytes, str)
Read = TypeVar("Read")


def remembered(read: Callable[[Text], Read]) -> Callable[[Text], Read]:
    """The same function of one text; what it raises is not remembered."""
    known = lru_cache(maxsize=MOST)(read)

    @wraps(read)
    def recall(text: Text) -> Read:
        return known(text) if len(text) <= LONGEST else read(text)

    return recall
