"""All that can happen to one call, to a depth: every order of every event, on the real engine.

An engine cannot be copied, so each state is reached by playing its events again from the start.
States that are the same to `fingerprint` are gone on from once, for the greatest depth left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from runtime.model.fingerprint import fingerprint
from runtime.model.laws import Broken
from runtime.model.policies import Small
from runtime.model.stage import ANYTHING, Event, Stage


class Found(AssertionError):
    """A law is broken: by which events, on which plan."""

    def __init__(self, small: Small, path: Sequence[Event], law: str) -> None:
        self.law = law
        self.path = tuple(path)
        steps = ", ".join(map(str, path))
        super().__init__(f"{small}: {law}, after: {steps or 'nothing'}")


@dataclass(slots=True)
class Explored:
    """How much was looked at."""

    states: int = 0
    """Different states in which everything was let happen that could."""
    events: int = 0
    """Events that were let happen in them."""
    ends: int = 0
    """How often the depth was reached, and all the time there is was let pass."""

    def __str__(self) -> str:
        return f"{self.states} states, {self.events} events, {self.ends} ends"


@dataclass(slots=True)
class _Search:
    small: Small
    words: frozenset[str]
    found: Explored = field(default_factory=Explored)
    known: dict[bytes, int] = field(default_factory=dict)

    def play(self, path: Sequence[Event]) -> Stage:
        stage = Stage(self.small, self.words)
        for event in path:
            stage.take(event)
        return stage

    def from_here(self, stage: Stage, path: list[Event], depth: int) -> None:
        """Look at a state, and at all that can follow within `depth` events. Uses the stage up."""
        if depth == 0:
            self.found.ends += 1
            stage.run_out()
            return
        mark = fingerprint(stage.now, stage.engine, stage.watch, *stage.outside)
        before = self.known.get(mark, 0)
        if before >= depth:
            return
        self.found.states += not before
        self.known[mark] = depth
        events = stage.events()
        for event in events:
            path.append(event)
            self.found.events += 1
            if event is events[-1]:
                stage.take(event)  # nobody needs this one any more
                self.from_here(stage, path, depth - 1)
            else:
                self.from_here(self.play(path), path, depth - 1)
            path.pop()


def explore(small: Small, depth: int, words: frozenset[str] = ANYTHING) -> Explored:
    """Every order of events up to `depth` after the INVITE, of those in `words` if not of all.

    Raises Found for a law that breaks.
    """
    search, path = _Search(small, words), list[Event]()
    try:
        search.from_here(search.play(path), path, depth)
    except Broken as law:
        raise Found(small, path, str(law)) from None
    return search.found
