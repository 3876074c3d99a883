"""Two calls side by side: both failover machines hear the same, and what they do is compared as it
is on the wire.

Time is whole microseconds since the caller's INVITE. What would surprise: a side that still looks
for its next target when its own deadline has come hears of the deadline first, as in the simulator.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from sipfo.plan.action import Action, Finish, Invite, Unreached
from sipfo.plan.best import best
from sipfo.plan.event import DeadlinePassed, Event, Located, Placed
from sipfo.plan.hunt import Hunt, Itinerary
from sipfo.plan.model import Retry, Timer
from sipfo.plan.order import Step
from sipfo.plan.outcome import Judge
from sipfo.plan.table import State
from sipfo.verify.diff.answers import group_of
from sipfo.verify.diff.wire import Hop, Hops
from sipfo.verify.simulate import TICKS

PHASES: Final[dict[State, Timer]] = {
    State.CALLING: "no-response",
    State.PROCEEDING: "no-progress",
    State.RINGING: "no-answer",
    State.COMMITTED: "no-answer",
}
"""The timer that runs in each phase of an attempt."""

SECOND_TARGET: Final = "again"
"""Marks the second of two targets that a host name is taken to stand for."""

Fact = tuple[str, tuple[int, ...]]
"""Something that the outside world decides when targets are looked for: of which places, whether
the name resolves, or whether anybody is registered."""


def ticks(seconds: float) -> int:
    """Seconds as the simulator counts them."""
    return round(seconds * TICKS)


@dataclass(frozen=True, slots=True)
class World:
    """What stays as it is during a call: which instance holds registrations (its place in the
    order of their addresses), and how many targets a host name stands for."""

    holder: int = 0
    targets_of_name: int = 1


@dataclass(frozen=True, slots=True)
class Course:
    """One side's steps on the wire, its policy and its deadline in ticks."""

    hops: Hops
    retry: Retry
    deadline: int | None

    def timer(self, timer: Timer) -> int:
        """A timer of the policy, in ticks."""
        match timer:
            case "no-response":
                return ticks(self.retry.no_response)
            case "no-progress":
                return ticks(self.retry.no_progress)
            case "no-answer":
                return ticks(self.retry.no_answer)

    def itinerary(self) -> Itinerary:
        """The course as the machine takes it; a step's route is its place in the order."""
        steps = tuple(
            Step(
                str(hop.egress), str(at), "", tuple(map(str, hop.places)), registered=hop.registered
            )
            for at, hop in enumerate(self.hops)
        )
        return Itinerary(steps, Judge(self.retry), None)


class Sent(NamedTuple):
    """An INVITE on the wire."""

    egress: int
    place: int
    second: bool
    diverted: bool
    auth: int


class Missed(NamedTuple):
    """An attempt without an INVITE, because there was no target."""

    egress: int
    places: tuple[int, ...]


class Ended(NamedTuple):
    """The caller's result; `attempt` is the one whose response is passed on."""

    kind: str
    code: int
    attempt: int | None


Seen = Sent | Missed | Ended


@dataclass(frozen=True, slots=True)
class Side:
    """One call under one plan, and what it has shown since the last comparison."""

    course: Course
    hunt: Hunt
    shown: tuple[Seen, ...] = ()

    @staticmethod
    def placed(course: Course) -> Side:
        """The call as its INVITE arrives."""
        return Side(course, Hunt(course.itinerary())).hear(Placed())

    @property
    def hop(self) -> Hop:
        """The hop at which the call stands."""
        return self.course.hops[self.hunt.step]

    @property
    def is_late(self) -> bool:
        """Whether the deadline ended the call."""
        result = self.hunt.result
        return result is not None and result.outcome is None and result.kind == "refused"

    def hear(self, event: Event) -> Side:
        """The side after an event. Of the attempts that ended only the best is kept, since it
        alone can still matter."""
        hunt, actions = self.hunt.advance(event)
        if len(hunt.ended) > 1 and hunt.result is None:
            hunt = replace(hunt, ended=(best(hunt.ended),))
        return Side(self.course, hunt, (*self.shown, *self._seen(actions)))

    def seen(self) -> Side:
        """The same, with nothing left to compare."""
        return replace(self, shown=())

    def _seen(self, actions: tuple[Action, ...]) -> Iterator[Seen]:
        for action in actions:
            match action:
                case Invite(step=step, target=target):
                    hop = self.course.hops[int(step.route)]
                    place, _, second = target.partition(" ")
                    yield Sent(hop.egress, int(place), bool(second), hop.diverted, hop.auth)
                case Unreached(step=step):
                    hop = self.course.hops[int(step.route)]
                    yield Missed(hop.egress, hop.places)
                case Finish(result=result):
                    yield Ended(result.kind, result.code, result.attempt)
                case _:
                    continue

    def fact(self) -> Fact | None:
        """What the outside world has to decide before this side can go on, if anything."""
        if self.hunt.state is not State.LOCATING:
            return None
        if self.hop.registered:
            return "registered", tuple(sorted(self.hop.places))
        return ("resolves", self.hop.places) if self.hop.named else None

    def locate(self, at: int, holds: bool, world: World) -> tuple[Side, Event | None]:
        """The side after its targets were found, or not; as it is when it looks for none."""
        if self.hunt.state is not State.LOCATING:
            return self, None
        event: Event
        if self.course.deadline is not None and at >= self.course.deadline:
            event = DeadlinePassed()
        elif not holds:
            event = Located((), unregistered=self.hop.registered)
        else:
            event = Located(self._targets(world))
        return self.hear(event), event

    def _targets(self, world: World) -> tuple[str, ...]:
        places = list(self.hop.places)
        if self.hop.registered:
            holder = sorted(places)[min(world.holder, len(places) - 1)]
            places = [holder, *(one for one in places if one != holder)]
        texts = [str(one) for one in places]
        if self.hop.named and world.targets_of_name > 1:
            texts = [text for one in texts for text in (one, f"{one} {SECOND_TARGET}")]
        return tuple(texts)

    def rank(self) -> int:
        """How the best response so far stands among others (RFC 3261 §16.7), the higher the better;
        0 when nothing was heard yet."""
        if not self.hunt.ended:
            return 0
        outcome = best(self.hunt.ended).outcome
        highest, lowest_class, preferred = group_of(outcome.code)
        came_in = outcome.final is not None
        return ((highest * 8 + 8 + lowest_class) * 2 + preferred) * 2 + came_in
