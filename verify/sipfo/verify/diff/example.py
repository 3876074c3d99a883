"""A divergence to the scenario that shows it, in the names of one of the two plans.

The machine is taken through the divergence once more to see which attempt each moment belongs to.
What would surprise: replies come after the nominal 0.1 s only where the timers and the deadline
leave room for it; else they come as fast as they must.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Literal

from sipfo.plan.event import Event, Failed, Heard, Located, Responded
from sipfo.plan.order import Step
from sipfo.plan.scenario import Behaviour, Holder, Reach, Reply, Scenario
from sipfo.verify.diff.divergence import Divergence, Moment, Wait
from sipfo.verify.diff.lockstep import Course, Side, ticks
from sipfo.verify.diff.search import REFUSAL
from sipfo.verify.simulate import TICKS

Which = Literal["old", "new"]

ROOM = 4
"""A reply comes within this part of the phase's timer."""


@dataclass(frozen=True, slots=True)
class Call:
    """Whose call it is: what a scenario says besides behaviours."""

    trunk: str
    number: str
    steps: tuple[Step, ...]
    calls_before: int = 0
    drawn: tuple[str, ...] = ()


@dataclass(slots=True)
class _Conduct:
    """What a destination was seen to do with one attempt."""

    step: Step
    level: str | None
    reach: Reach = "silent"
    replies: list[Reply] = field(default_factory=list)

    def behaviour(self) -> Behaviour:
        route = self.step.route if self.level is None else f"{self.step.route}.{self.level}"
        return Behaviour(
            route=route,
            egress=self.step.egress,
            reach="replies" if self.replies else self.reach,
            replies=tuple(self.replies),
        )


def scenario_of(divergence: Divergence, course: Course, which: Which, call: Call) -> Scenario:
    """The scenario in the names of the steps of `call`; `course` is that side's own."""
    nominal = _nominal(divergence)
    side = Side.placed(course)
    conducts: list[_Conduct] = []
    attempt = 0
    for moment in divergence.moments:
        event = moment.old if which == "old" else moment.new
        if event is None:
            continue
        if isinstance(event, Located):
            if not event.targets:
                step = call.steps[side.hunt.step]
                reach: Reach = "unregistered" if event.unregistered else "unresolvable"
                conducts.append(_Conduct(step, None, reach))
        else:
            if side.hunt.attempt != attempt:
                attempt = side.hunt.attempt
                conducts.append(_conduct(side, call.steps))
            _take_in(conducts[-1], event, moment, nominal)
        side = side.hear(event)
    if divergence.wait is not None:
        if side.hunt.attempt != attempt:
            conducts.append(_conduct(side, call.steps))
        after = _answer_between(divergence, divergence.wait, nominal)
        if after is not None:
            conducts[-1].replies.append(Reply(status=200, after=after))
    return Scenario(
        name="",
        trunk=call.trunk,
        number=call.number,
        calls_before=call.calls_before,
        drawn=call.drawn,
        holders=tuple(_holders(divergence, course, call.steps)),
        behaviours=tuple(conduct.behaviour() for conduct in conducts),
    )


def _conduct(side: Side, steps: Sequence[Step]) -> _Conduct:
    step = steps[side.hunt.step]
    place = int(side.hunt.targets[side.hunt.target].partition(" ")[0])
    level = step.levels[side.hop.places.index(place)] if step.levels else None
    return _Conduct(step, level)


def _take_in(conduct: _Conduct, event: Event, moment: Moment, nominal: float) -> None:
    after = nominal if moment.after is None else moment.after / TICKS
    match event:
        case Heard(status=status):
            conduct.replies.append(Reply(status=status, after=after))
        case Responded(final=final):
            reply = moment.answer.reply if moment.answer is not None else None
            conduct.replies.append(
                (reply or Reply(status=final.status)).model_copy(update={"after": after})
            )
        case Failed():
            conduct.reach = "refuses"
        case _:  # a timer: the destination goes on saying nothing
            return


def _answer_between(divergence: Divergence, wait: Wait, nominal: float) -> float | None:
    """Seconds after the last reply at which an answer is in time for one side and late for the
    other; None where silence alone tells them apart."""
    armed = wait.armed + ticks(nominal) * len(_hasty(divergence))
    deadlines = sorted(inf if one is None else one for one in wait.deadlines)
    early: float
    late: float
    if divergence.kind == "timer":
        early = armed + min(wait.timers)
        late = min(armed + max(wait.timers), deadlines[0])
    else:
        early, late = deadlines[0], min(armed + min(wait.timers), deadlines[1])
    if late <= early:
        return None
    between = early + max(1, min(late - early, 2 * TICKS) // 2)
    return (between - armed) / TICKS


def _hasty(divergence: Divergence) -> list[Moment]:
    """The replies that come as soon as can be."""
    return [
        one
        for one in divergence.moments
        if one.after is None and isinstance(one.old, Heard | Responded)
    ]


def _nominal(divergence: Divergence) -> float:
    """Seconds that each reply takes: as usual, or less where there is no time for that."""
    replies = _hasty(divergence)
    room = [one.limit // ROOM for one in replies if one.limit is not None]
    if divergence.bound is not None and replies:
        room.append(max(0, divergence.bound - divergence.at - 1) // len(replies))
    return min([REFUSAL, *room]) / TICKS


def _holders(divergence: Divergence, course: Course, steps: Sequence[Step]) -> dict[Holder, None]:
    """The instance that holds each registration."""
    found: dict[Holder, None] = {}
    for step, hop in zip(steps, course.hops, strict=True):
        if hop.registered and step.levels:
            place = sorted(hop.places)[min(divergence.world.holder, len(hop.places) - 1)]
            instance = step.levels[hop.places.index(place)]
            found[Holder(route=step.route, instance=instance)] = None
    return found
