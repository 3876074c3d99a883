"""A call that two plans take two ways, as a value: what happens until they part, and why they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sipfo.plan.event import Event
from sipfo.verify.diff.answers import Answer
from sipfo.verify.diff.lockstep import World

Kind = Literal["verdict", "commit", "timer", "deadline", "steps"]


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happens to both calls. `old` and `new` are the event as each machine is told
    it, None when one is not; `after` are ticks since the timer of the phase was armed, None for as
    soon as can be; `limit` is the timer that ran meanwhile; `answer` is the final response."""

    old: Event | None
    new: Event | None
    after: int | None = None
    limit: int | None = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Silence since `armed`: the phase's timer is one or the other, and so is the call's deadline
    (None: there is none), all in ticks."""

    armed: int
    timers: tuple[int, int]
    deadlines: tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Divergence:
    """A call that goes two ways. `subject` names what decides: a timer, an outcome, a provisional;
    `before` and `after` are what each plan makes of it, in words; `also` are outcomes that the two
    read in the same way.

    `at` is when the two part, in ticks and without the time that replies take. With kind `timer`
    or `deadline` the call waits after the last moment, as `wait` says.
    """

    kind: Kind
    subject: str
    before: str
    after: str
    also: tuple[str, ...]
    moments: tuple[Moment, ...]
    at: int
    bound: int | None
    world: World
    wait: Wait | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """What happened so far, latest first."""

    moment: Moment
    before: Path | None

    def moments(self) -> tuple[Moment, ...]:
        found: list[Moment] = []
        path: Path | None = self
        while path is not None:
            found.append(path.moment)
            path = path.before
        return tuple(reversed(found))
