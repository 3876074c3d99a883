"""A policy × a call that took place → what the policy would have done with it, as far as that can
be known.

The failover machine is driven by what each destination did in the recording. What would surprise: it
stops where the recording knows nothing more (a destination that was never tried, or was given up
sooner than this policy would have), and then the result is "not known", never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from heapq import heappop, heappush
from itertools import count
from typing import Final

from sipfo.plan.action import (
    Abandon,
    Action,
    Arm,
    ArmDeadline,
    Finish,
    Invite,
    Locate,
    Over,
    Relay,
    Skipped,
    Unreached,
)
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
from sipfo.plan.hunt import Hunt, Itinerary
from sipfo.plan.ladder import Attempt, Settled
from sipfo.plan.model import T1_64, Plan, Route, Trunk
from sipfo.plan.numbering import Numbering, normalise
from sipfo.plan.order import Order, Step, turn
from sipfo.plan.outcome import Judge
from sipfo.verify.replay.recorded import FOREVER, SOON, RecordedCall, RecordedTry
from sipfo.verify.targets import Place, place_of

TICKS: Final = 1_000_000
SLACK: Final = 0.05
"""Seconds by which a timer of the recording may have run late: what is known is known for as much
longer."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Where the recording knows nothing more, and when that was."""

    why: str
    at: float


@dataclass(frozen=True, slots=True)
class Replayed:
    """`result` and `elapsed` are None where `unknown` is not. `rings` counts attempts that would
    alert somebody, at least; `assumed` says what was taken to be as in another attempt."""

    call: RecordedCall
    trunk: str | None
    attempts: tuple[Attempt, ...] = ()
    result: Settled | None = None
    elapsed: float | None = None
    rings: int = 0
    unknown: Unknown | None = None
    assumed: tuple[str, ...] = ()


class Replay:
    """A policy made ready for many calls."""

    def __init__(self, plan: Plan, hosts: Mapping[str, str] | None = None) -> None:
        """`hosts` are addresses of host names of the policy."""
        self._numbering = Numbering(plan)
        self._terms = _Terms(
            order=Order(plan),
            judges={one.name: Judge(one) for one in plan.retries},
            routes={one.name: one for one in plan.routes},
            rated=frozenset(one.name for one in plan.carriers if one.rates is not None),
            hosts=hosts or {},
            egress={one.name: one.host for one in plan.egress},
        )

    def play(self, call: RecordedCall) -> Replayed:
        """One call, as this policy would have set it up."""
        trunk = self._numbering.trunk_of(normalise(call.number))
        if trunk is None:
            return Replayed(call, None, unknown=Unknown("no trunk has this number", 0.0))
        return _Playing(self._terms, trunk, call).played()


@dataclass(frozen=True, slots=True)
class _Terms:
    """A plan as its calls need it, so that the cost of a call does not grow with the plan."""

    order: Order
    judges: Mapping[str, Judge]
    routes: Mapping[str, Route]
    rated: frozenset[str]
    hosts: Mapping[str, str]
    egress: Mapping[str, str]


class _Kind(IntEnum):
    """The order of events at one instant. The end of what is known comes last: a timer that runs out
    at that moment still decides."""

    RESPONSE = 0
    CALLER = 1
    DEADLINE = 2
    TIMER = 3
    LOCATED = 4
    END = 5


@dataclass(slots=True)
class _Started:
    step: Step
    target: str | None
    began: int
    one: RecordedTry | None = None


@dataclass(slots=True)
class _Playing:
    terms: _Terms
    trunk: Trunk
    call: RecordedCall
    now: int = 0
    events: list[tuple[int, int, int, Event | int]] = field(default_factory=list)
    order: count[int] = field(default_factory=count)
    started: dict[int, _Started] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    attempts: list[Attempt] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    unknown: Unknown | None = None
    over: dict[int, int] = field(default_factory=dict)
    current: int = 0

    def played(self) -> Replayed:
        steps = self.terms.order.steps(self.trunk, self.call.number, self._turned())
        hunt = Hunt(Itinerary(steps, self._judge, self.trunk.deadline))
        forward = self.trunk.forward
        if forward is not None and not self.terms.rated.isdisjoint(forward.carriers):
            self.assumed.append("rates are not looked up: carriers come as they are listed")
        if self.call.gave_up is not None:
            self._after(self.call.gave_up, _Kind.CALLER, CallerLeft())
        hunt = self._tell(hunt, Placed())
        while hunt.result is None and self.unknown is None:
            self.now, _, _, event = heappop(self.events)
            if isinstance(event, int):
                self._end_of_knowledge(event)
            else:
                hunt = self._tell(hunt, event)
        found = hunt.result if self.unknown is None else None
        return Replayed(
            self.call,
            self.trunk.name,
            tuple(self.attempts),
            None if found is None else Settled(found.kind, found.code, found.by),
            None if found is None else self.now / TICKS,
            self._rings(),
            self.unknown,
            tuple(dict.fromkeys(self.assumed)),
        )

    def _turned(self) -> tuple[int, ...]:
        """The turn of the routes: it was that of the route that the recording tried first."""
        trunk = self.trunk
        usual = turn(trunk)
        if trunk.method == "sequential" or not self.call.tries:
            return usual
        first = self.call.tries[0]
        for place, name in enumerate(trunk.routes):
            places = [self._place(uri) for uri in self.terms.routes[name].destinations]
            if first.route == name or (first.place is not None and _among(first.place, places)):
                if trunk.method == "round-robin":
                    return turn(trunk, place)
                return (place, *(one for one in usual if one != place))
        self.assumed.append("whose turn it was is not known: the first route's")
        return usual

    def _tell(self, hunt: Hunt, event: Event) -> Hunt:
        hunt, actions = hunt.advance(event)
        for action in actions:
            if self.unknown is None:
                self._carry_out(action)
        return hunt

    def _carry_out(self, action: Action) -> None:
        match action:
            case ArmDeadline(seconds=seconds):
                self._after(seconds, _Kind.DEADLINE, DeadlinePassed())
            case Locate(step=step):
                self._locate(step)
            case Invite(attempt=attempt, step=step, target=target, seconds=seconds):
                self._after(seconds, _Kind.TIMER, Expired(attempt, "no-response"))
                self._invite(attempt, step, target)
            case Arm(attempt=attempt, timer=timer, seconds=seconds):
                self._after(seconds, _Kind.TIMER, Expired(attempt, timer))
            case Unreached(attempt=attempt, step=step):
                self.started[attempt] = _Started(step, None, self.now)
            case Over(attempt=attempt, outcome=outcome):
                self._over(attempt, outcome.word)
            case Relay() | Abandon() | Finish() | Skipped():
                return  # nobody here listens

    def _over(self, attempt: int, outcome: str) -> None:
        started = self.started[attempt]
        self.over[attempt] = self.now
        self.attempts.append(
            Attempt(
                egress=started.step.egress,
                route=started.step.route,
                target=started.target,
                outcome=outcome,
                at=started.began / TICKS,
                took=(self.now - started.began) / TICKS,
                level=started.step.level_of(started.target) if started.target else None,
            )
        )

    def _after(self, seconds: float, kind: _Kind, event: Event | int) -> None:
        when = self.now + round(max(0.0, seconds) * TICKS)
        heappush(self.events, (when, kind, next(self.order), event))

    def _locate(self, step: Step) -> None:
        """The targets of a step: addresses, or what the recording knows of its names."""
        targets: list[str] = []
        for uri in step.destinations:
            place = self._place(uri)
            if place.is_numeric:
                targets.append(str(place))
                continue
            tries = [one for one in self.call.tries if one.route == step.route]
            if not tries:
                self._know_nothing(f"{place.host} was not looked up in the recording")
                return
            targets += [str(one.place) for one in tries if one.place is not None]
        found = Located(tuple(dict.fromkeys(targets)))
        self._after(0.0, _Kind.LOCATED, found)

    def _place(self, uri: str) -> Place:
        place = place_of(uri)
        host = self.terms.hosts.get(place.host, place.host)
        return Place(place.transport, host, place.port)

    def _invite(self, attempt: int, step: Step, target: str) -> None:
        """Schedule what the destination did when the recording tried it."""
        started = self.started[attempt] = _Started(step, target, self.now)
        self.current = attempt
        found = self._find(step, target)
        if found is None:
            tried = sum(1 for one in self.call.tries if one.place and _is_at(one.place, target))
            often = {0: "was never tried", 1: "was tried once"}.get(
                tried, f"was tried {tried} times"
            )
            self._know_nothing(f"{step.egress} to {step.route} ({target}): {often}")
            return
        one = started.one = found
        if one.guess:
            self.assumed.append(f"{step.route} {one.guess}")
        if one.is_sparse and one.failed is None and one.first > SOON:
            # Who said something in the end said 100 before; of who was cut off nothing is known.
            has_spoken = one.final is not None or bool(one.heard)
            if has_spoken:
                self._after(SOON, _Kind.RESPONSE, Heard(attempt, 100))
            if one.first + SLACK >= self._patience():
                said = "100 at once" if has_spoken else "nothing"
                self.assumed.append(f"{step.route} is taken to have said {said}")
        if one.is_sparse and one.heard and self._is_choosy():
            self.assumed.append(f"{step.route} is taken to have said 180 when it rang")
        for at, status, has_body in one.heard:
            self._after(at, _Kind.RESPONSE, Heard(attempt, status, has_body))
        if one.failed is not None:
            self._after(one.failed, _Kind.RESPONSE, Failed(attempt))
        if one.final is not None:
            at, final = one.final
            self._after(at, _Kind.RESPONSE, Responded(attempt, final))
        elif one.failed is None and one.known != FOREVER:
            self._after(one.known + SLACK, _Kind.END, attempt)
        if one.rang is None and not one.heard:
            self.assumed.append(f"whether {step.route} rang is not known: not")

    def _patience(self) -> float:
        """How long the policy waits for a destination that says 100 at most."""
        retry = self._judge.retry
        return min(retry.no_response, SOON + retry.no_progress)

    def _is_choosy(self) -> bool:
        """Whether the policy tells one kind of ringing from another."""
        ways = ((180, False), (183, False), (183, True))
        return len({self._judge.commits(status, has_body) for status, has_body in ways}) > 1

    @property
    def _judge(self) -> Judge:
        return self.terms.judges[self.trunk.retry]

    def _find(self, step: Step, target: str) -> RecordedTry | None:
        """The recorded attempt that this one is: of those at the same place the next one from the
        same address, else the next one."""
        same = [
            (number, one)
            for number, one in enumerate(self.call.tries)
            if one.place is not None and _is_at(one.place, target)
        ]
        own = {step.egress, self.terms.egress.get(step.egress, "")}
        fresh = [(number, one) for number, one in same if number not in self.used]
        for number, one in fresh:
            if one.source in own:
                self.used.add(number)
                return one
        if fresh:
            number, one = fresh[0]
            self.used.add(number)
            said = f"{step.route} from {step.egress} as from {one.source}"
            self.assumed.append(said)
            return one
        return None

    def _end_of_knowledge(self, attempt: int) -> None:
        if attempt != self.current or attempt in self.over:
            return
        started = self.started[attempt]
        took = (self.now - started.began) / TICKS - SLACK
        self._know_nothing(
            f"what {started.step.route} does after {took:.3g} s, when the recording gave it up or"
            " ended, is not known"
        )

    def _know_nothing(self, why: str) -> None:
        self.unknown = Unknown(why, self.now / TICKS)

    def _rings(self) -> int:
        """Attempts that alert somebody: before they are over, or late, between that and the CANCEL
        that the late ring is met with."""
        rings = 0
        for attempt, started in self.started.items():
            if started.one is None:
                continue
            over = (self.over.get(attempt, self.now) - started.began) / TICKS
            for at, status, _ in started.one.heard:
                is_late = over < at <= T1_64 and not _was_told(started.one, over)
                if status > 100 and (at <= over or is_late):
                    rings += 1
                    break
        return rings


def _was_told(one: RecordedTry, over: float) -> bool:
    """Whether a destination had answered, or been heard at all, when it was given up: then a CANCEL
    has reached it (RFC 3261 §9.1), and it rings no more."""
    answered = one.final is not None and one.final[0] <= over
    return answered or any(at <= over for at, _, _ in one.heard)


def _is_at(place: Place, target: str) -> bool:
    """Whether a recorded place is a target; what is inside TLS may be recorded as UDP."""
    transport, _, where = target.partition(":")
    _, _, recorded = str(place).partition(":")
    if where != recorded:
        return False
    return place.transport == transport or transport == "tls" or place.transport == "tls"


def _among(place: Place, places: list[Place]) -> bool:
    return any(_is_at(place, str(one)) for one in places)
