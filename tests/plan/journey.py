"""A fair executor of the failover machine, driven by a script: a whole call, frame by frame.

It answers every Locate, and lets every attempt end, with whatever the script picks. In between it
tells the machine strays: events that no executor owes at that moment. It keeps its own books, so
that what it calls stray does not depend on what the machine makes of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hypothesis import strategies as st

from plan.script import Script, seeds
from plan.strategies import TIMERS, itineraries
from sipfo.plan.action import Action, Arm, ArmDeadline, Finish, Invite, Locate, Over, Unreached
from sipfo.plan.event import (
    CallerLeft,
    DeadlinePassed,
    Event,
    Expired,
    Heard,
    Located,
    Placed,
)
from sipfo.plan.hunt import Hunt, Itinerary
from sipfo.plan.model import Timer

MOST_PROVISIONALS = 3
"""How many provisionals a destination sends before the executor insists on an ending."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One event told to the machine, and all that came of it."""

    before: Hunt
    event: Event
    after: Hunt
    actions: tuple[Action, ...]
    stray: bool


@dataclass(frozen=True, slots=True)
class Journey:
    """A call from its INVITE until the executor owes nothing, and some strays after that."""

    itinerary: Itinerary
    frames: tuple[Frame, ...]

    @property
    def actions(self) -> list[Action]:
        return [action for frame in self.frames for action in frame.actions]

    @property
    def last(self) -> Hunt:
        return self.frames[-1].after

    def after(self, index: int) -> Iterator[Action]:
        """The actions that follow those of a frame."""
        return (action for frame in self.frames[index + 1 :] for action in frame.actions)


@dataclass(slots=True)
class Executor:
    """What an executor must remember: the debt to the machine, and the timers it has armed."""

    hunt: Hunt
    frames: list[Frame] = field(default_factory=list)
    locating: bool = False
    attempt: int | None = None
    latest: int = 0
    timer: Timer | None = None
    provisionals: int = 0
    deadline: bool = False
    finished: bool = False

    @property
    def owes(self) -> bool:
        return self.locating or self.attempt is not None

    def tell(self, event: Event, *, stray: bool = False) -> None:
        """Advance the machine and carry out what it asks for."""
        before = self.hunt
        self.hunt, actions = before.advance(event)
        self.frames.append(Frame(before, event, self.hunt, actions, stray))
        if stray:
            return
        if isinstance(event, Located):
            self.locating = False
        if isinstance(event, Heard):
            self.provisionals += 1
        for action in actions:
            self._carry_out(action)

    def _carry_out(self, action: Action) -> None:
        match action:
            case ArmDeadline():
                self.deadline = True
            case Locate():
                self.locating = True
            case Unreached(attempt=attempt):
                self.latest = attempt
            case Invite(attempt=attempt):
                self.attempt = self.latest = attempt
                self.timer, self.provisionals = "no-response", 0
            case Arm(timer=timer):
                self.timer = timer
            case Over():
                self.attempt = self.timer = None
            case Finish():
                self.finished = True
                self.locating = self.deadline = False
            case _:
                return  # Relay and Abandon leave no debt

    def due(self, script: Script) -> Event:
        """What happens next to what is under way."""
        if self.locating:
            return script.located()
        assert self.attempt is not None and self.timer is not None
        if self.provisionals < MOST_PROVISIONALS and script.one_in(2):
            return script.heard(self.attempt)
        return script.ending(self.attempt, self.timer)

    def interruption(self, script: Script) -> Event:
        """What ends the whole set-up from outside."""
        return DeadlinePassed() if self.deadline and script.one_in(2) else CallerLeft()

    def stray(self, script: Script) -> Event:
        """An event that must change nothing now."""
        others = [n for n in range(self.latest + 3) if n != self.attempt]
        other = script.pick(others)
        known: list[Event] = [
            Placed(),
            script.heard(other),
            script.ending(other, script.pick(TIMERS)),
        ]
        if not self.locating:
            known.append(script.located())
        if self.attempt is not None:
            wrong = [timer for timer in TIMERS if timer != self.timer]
            known.append(Expired(self.attempt, script.pick(wrong)))
        if self.finished:
            known += [CallerLeft(), DeadlinePassed()]
        return script.pick(known)


def journey(route: Itinerary, seed: int) -> Journey:
    """The call that a seed makes of an itinerary."""
    script = Script(seed, route)
    call = Executor(Hunt(route))
    call.tell(Placed())
    # Two Located a step (all may be held), three targets, each with its provisionals and one ending.
    most = 1 + len(route.steps) * (2 + 3 * (MOST_PROVISIONALS + 1))
    told = 0
    while call.owes:
        assert told <= most, "the machine asks for more than its itinerary holds"
        if script.one_in(2):
            call.tell(call.stray(script), stray=True)
        told += 1
        call.tell(call.interruption(script) if script.one_in(32) else call.due(script))
    for _ in range(2):
        call.tell(call.stray(script), stray=True)
    return Journey(route, tuple(call.frames))


journeys = st.builds(journey, itineraries(), seeds)
"""Calls under a fair executor, with strays at any moment."""
