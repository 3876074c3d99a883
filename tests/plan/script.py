"""A seed as the choices of an executor: which targets, which responses, which ending.

What would surprise: hypothesis draws the seed alone. Drawing every choice makes it prefer the first
of everything, and most calls would end before they have failed over once. It also repeats a seed
with other itineraries, so the itinerary is part of what makes the choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from hypothesis import strategies as st

from plan.strategies import CAUSES, CODES, PHRASES, REASONS, TIMERS
from sipfo.plan.event import (
    CallerLeft,
    DeadlinePassed,
    Event,
    Expired,
    Failed,
    Heard,
    Located,
    Placed,
    Responded,
)
from sipfo.plan.hunt import Itinerary
from sipfo.plan.model import Timer
from sipfo.plan.outcome import Final

T = TypeVar("T")

TARGETS = (("a", "b"), ("a",), ("c", "a", "b"), ())


class Script:
    """Even choices, the same for the same seed and itinerary."""

    def __init__(self, seed: int, route: Itinerary) -> None:
        self._random = Random(f"{seed} {route}")

    def pick(self, options: Sequence[T]) -> T:
        return self._random.choice(options)

    def one_in(self, chances: int) -> bool:
        return self.pick(range(chances)) == chances - 1

    def located(self) -> Located:
        targets = self.pick(TARGETS)
        return Located(targets, self.one_in(4), unregistered=not targets and self.one_in(2))

    def heard(self, attempt: int) -> Heard:
        return Heard(attempt, self.pick((100, 180, 181, 183, 199)), has_body=self.one_in(2))

    def final(self) -> Final:
        reasons = self.pick(((), REASONS[:1], REASONS[1:]))
        return Final(
            self.pick((503, 480, *CODES)), self.pick(PHRASES), reasons, self.pick(((), CAUSES[:2]))
        )

    def ending(self, attempt: int, timer: Timer) -> Event:
        """One of the ways in which an attempt ends."""
        ways: list[Event] = [
            Responded(attempt, self.final()),
            Failed(attempt),
            Expired(attempt, timer),
            Responded(attempt, self.final()),
            Responded(attempt, self.final()),
            Responded(attempt, Final(200)),
        ]
        return self.pick(ways)

    def anything(self) -> Event:
        """Any event at all, whether or not it can happen now."""
        attempt = self.pick((1, 2, 0, 3))
        ways: list[Event] = [
            self.ending(attempt, self.pick(TIMERS)),
            self.located(),
            self.heard(attempt),
            Placed(),
        ]
        rare: list[Event] = [CallerLeft(), DeadlinePassed()]
        return self.pick(rare if self.one_in(16) else ways)


seeds = st.integers(0, 2**32)
