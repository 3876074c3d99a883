"""What engines that share their addresses have in common: counts that must be right for all of
them together, and what one of them learns of targets.

An engine by itself has an `Alone`. What would surprise: with several of them one alone probes
(`leads`), and the others are told what is down; calls of all of them count.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Literal, Protocol

Party = Literal["trunk", "carrier"]


class Usage(Protocol):
    """What is used of one limit: calls under way, and a bucket of tokens as it was left at `since`
    (seconds of the machine's monotonic clock)."""

    left: float
    since: float

    @property
    def calls(self) -> int:
        """Calls under way, of every engine."""

    def add(self, calls: int) -> None:
        """So many more of this engine's."""

    def still(self) -> AbstractContextManager[object]:
        """While this is entered, no other engine changes it."""


class Turns(Protocol):
    """How many calls each trunk has placed."""

    def take(self, trunk: str) -> int:
        """One more; how many there were before."""

    def placed(self, trunk: str) -> int:
        """How many there were."""

    def go_on(self, placed: Mapping[str, int]) -> None:
        """So many were placed before."""


class Commons(Protocol):
    """What one engine says to the others, and shares with them."""

    @property
    def leads(self) -> bool:
        """Whether this one probes, and says what is down."""

    @property
    def turns(self) -> Turns:
        """For round robin."""

    def usage(self, party: Party, name: str) -> Usage:
        """What is used of a limit."""

    def held(self, target: str, until: float) -> None:
        """A target asked this engine to be left alone."""

    def proven(self, source: str) -> None:
        """A caller at this address has proven a password, and is no stranger for a while."""

    def met(self, path: tuple[str, str, bool], target: str, event: str) -> None:
        """A call met this at a target: said by an engine that does not lead."""

    def turned(self, path: tuple[str, str, bool], target: str, is_down: bool) -> None:
        """A target is down, or up again: said by the engine that leads."""


class Own:
    """What one engine by itself uses of a limit."""

    __slots__ = ("calls", "left", "since")

    def __init__(self) -> None:
        self.calls = 0
        self.left = 0.0
        self.since = -math.inf  # full

    def add(self, calls: int) -> None:
        """See Usage."""
        self.calls += calls

    def still(self) -> AbstractContextManager[object]:
        """See Usage: there is no other engine."""
        return _STILL


class OwnTurns:
    """The turns of one engine by itself."""

    __slots__ = ("_placed",)

    def __init__(self, placed: Mapping[str, int] | None = None) -> None:
        self._placed = dict(placed or {})

    def take(self, trunk: str) -> int:
        """See Turns."""
        before = self._placed.get(trunk, 0)
        self._placed[trunk] = before + 1
        return before

    def placed(self, trunk: str) -> int:
        """See Turns."""
        return self._placed.get(trunk, 0)

    def go_on(self, placed: Mapping[str, int]) -> None:
        """See Turns."""
        self._placed.update(placed)


class Alone:
    """There is no other engine."""

    leads: Final = True

    def __init__(self, placed: Mapping[str, int] | None = None) -> None:
        """`placed`: where each trunk's round robin goes on."""
        self.turns: Turns = OwnTurns(placed)

    def usage(self, party: Party, name: str) -> Usage:
        """See Commons."""
        return Own()

    def held(self, target: str, until: float) -> None:
        """Nobody needs to know."""

    def proven(self, source: str) -> None:
        """Nobody needs to know."""

    def met(self, path: tuple[str, str, bool], target: str, event: str) -> None:
        """An engine that leads says none of it."""

    def turned(self, path: tuple[str, str, bool], target: str, is_down: bool) -> None:
        """Nobody needs to know."""


_STILL: Final = nullcontext()
