"""Which caller's call a leg of ours belongs to: our Call-ID to the caller's.

Each attempt has a Call-ID of its own, so that without this nobody who looks at the wire could tell
that two legs are one call. Legs of calls that are over are remembered a little longer, for a phone that picks up
late. The table is bounded; the leg heard of least recently goes first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

MOST: Final = 262_144
"""Legs remembered: each of the most calls may have made four attempts."""


MOST_OVER: Final = 8192
"""Legs of calls that are over."""


class Origins:
    """The caller's Call-ID of every leg that we made lately."""

    __slots__ = ("_callers", "_most", "_most_over", "_over")

    def __init__(self, most: int = MOST, most_over: int = MOST_OVER) -> None:
        self._most = most
        self._most_over = most_over
        self._over: dict[bytes, None] = {}  # the one that has been over for longest first
        self._callers: dict[bytes, bytes] = {}  # in the order in which they were heard of last

    def __len__(self) -> int:
        return len(self._callers)

    def note(self, leg: bytes, caller: bytes) -> None:
        """A leg with the Call-ID `leg` is made for the call whose caller has `caller`."""
        if len(self._callers) >= self._most:
            del self._callers[next(iter(self._callers))]
        self._callers[leg] = caller

    def of(self, call_id: bytes) -> bytes:
        """The caller's Call-ID of a leg; what is no leg of ours is a caller's own."""
        caller = self._callers.pop(call_id, None)
        if caller is None:
            return call_id
        self._callers[call_id] = caller
        return caller

    def over(self, legs: Iterable[bytes]) -> None:
        """The call of these legs is over."""
        self._over.update(dict.fromkeys(legs))
        while len(self._over) > self._most_over:
            oldest = next(iter(self._over))
            del self._over[oldest]
            self._callers.pop(oldest, None)
