"""Targets that asked to be left alone: Retry-After on a 503, per target and capped.

"If possible, ... it SHOULD NOT forward any other requests to that server for the duration"
(RFC 3261 §21.5.4). The peer chooses the figure, so it is capped here; and it tells everybody the
same one, so each hold is up to a tenth shorter or longer: a herd must not return at once.
"""

from __future__ import annotations

from collections.abc import Callable

RETRY_AFTER_CAP = 60.0
"""Most seconds that one 503 can keep calls away from a target."""

JITTER = 0.1
"""How far a hold may be from what was asked for, as a part of it."""

_PARTS = 1000


class Holds:
    """Until when which target is held."""

    __slots__ = ("_draw", "_told", "_until")

    def __init__(
        self, draw: Callable[[int], int], told: Callable[[str, float], None] | None = None
    ) -> None:
        """`draw(n)` gives a random integer from 0 to n; `told` hears of each target that is held
        from now on, and until when."""
        self._draw = draw
        self._told = told
        self._until: dict[str, float] = {}

    def hold(self, target: str, seconds: float, now: float) -> None:
        """Leave a target alone for about so long; the cap is for the longest that comes of it."""
        about = min(seconds, RETRY_AFTER_CAP / (1 + JITTER))
        factor = 1 - JITTER + 2 * JITTER * self._draw(_PARTS) / _PARTS
        self._until[target] = now + about * factor
        if self._told is not None:
            self._told(target, self._until[target])

    def until(self, now: float) -> dict[str, float]:
        """Every target that is held, and the moment until which it is."""
        return {target: until for target, until in self._until.items() if now < until}

    def go_on(self, until: dict[str, float]) -> None:
        """Leave targets alone that another engine was asked to."""
        self._until.update(until)

    def holds(self, target: str, now: float) -> bool:
        """Whether a target is to be left alone."""
        until = self._until.get(target)
        if until is None:
            return False
        if now >= until:
            del self._until[target]
            return False
        return True
