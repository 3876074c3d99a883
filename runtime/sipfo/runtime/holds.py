"""Targets that asked to be left alone: Retry-After on a 503, per target and capped.

"If possible, ... it SHOULD NOT forward any other requests to that server for the duration"
(RFC 3261 §21.5.4). The peer chooses the figure, so it is capped here.
"""

from __future__ import annotations

RETRY_AFTER_CAP = 60.0
"""Most seconds that one 503 can keep calls away from a target."""


class Holds:
    """Until when which target is held."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def hold(self, target: str, seconds: float, now: float) -> None:
        """Leave a target alone for so long, or for the cap."""
        self._until[target] = now + min(seconds, RETRY_AFTER_CAP)

    def holds(self, target: str, now: float) -> bool:
        """Whether a target is to be left alone."""
        until = self._until.get(target)
        if until is None:
            return False
        if now >= until:
            del self._until[target]
            return False
        return True
