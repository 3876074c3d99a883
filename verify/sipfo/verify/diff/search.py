"""Two courses to the shortest calls that set them apart: the product of the two machines.

Breadth first by attempts, then by time. What would surprise: of a state only the arrivals that no
other beats are kept (earlier, with a better response in hand), since whatever can still happen from
a later or poorer one can happen from them too; a second pass turns that round, to ask how long
a call can be pending.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from heapq import heappop, heappush
from itertools import count, product
from typing import Final

from sipfo.plan.event import Event, Expired, Failed, Heard, Responded
from sipfo.plan.model import Timer
from sipfo.plan.outcome import TRANSPORT_ERROR, UNREGISTERED, Judge, Outcome, timed_out
from sipfo.plan.scenario import NOMINAL_DELAY
from sipfo.plan.table import State
from sipfo.verify.diff.answers import Answer, Answers
from sipfo.verify.diff.divergence import Divergence, Kind, Moment, Path, Wait
from sipfo.verify.diff.lockstep import PHASES, Course, Fact, Side, World, ticks
from sipfo.verify.simulate import TICKS
from sipfo.verify.words import duration

LATENESS: Final = (Fraction(9, 10), Fraction(1))
"""When responses come that keep a call pending, as parts of the timer that waits for them: with
time to spare, then at the last moment, where a response goes before the timer."""

REFUSAL: Final = ticks(NOMINAL_DELAY)
"""How long a refused connection takes to show, in a scenario."""


@dataclass(frozen=True, slots=True)
class _Node:
    old: Side
    new: Side
    at: int
    path: Path | None
    committed_by: str = ""

    @property
    def key(self) -> tuple[object, ...]:
        old, new = self.old.hunt, self.new.hunt
        return old.state, old.step, old.target, new.state, new.step, new.target

    @property
    def attempts(self) -> int:
        return self.old.hunt.attempt


_Arrival = tuple[int, int]
"""When, and with how good a response in hand: the lower, the better for what may still happen."""


@dataclass(frozen=True, slots=True)
class _Move:
    """A moment that may come next, when it is, and the outcome that it gives the attempt, if any;
    `words` and `also` say what it is, and what else would do the same."""

    moment: Moment
    at: int
    outcome: Outcome | None
    words: str
    also: tuple[str, ...] = ()


class Search:
    """The product of two courses in one world."""

    def __init__(self, old: Course, new: Course, answers: Answers, world: World) -> None:
        self._courses = old, new
        self._answers = answers
        self._world = world
        both = [one for one in (old.deadline, new.deadline) if one is not None]
        self._bound = min(both, default=None)
        self._judges = Judge(old.retry), Judge(new.retry)
        self._lateness = Fraction(0)
        self._order = count()
        self._found: dict[tuple[Kind, object], Divergence] = {}
        self._arrivals: dict[tuple[object, ...], list[_Arrival]] = {}
        self._queue: list[tuple[int, int, int, int, _Node]] = []

    def divergences(self) -> tuple[Divergence, ...]:
        """One divergence for each thing that decides differently, the shortest first."""
        self._explore()
        old, new = self._courses
        for lateness in LATENESS if old.deadline != new.deadline else ():
            if ("deadline", "deadline") not in self._found:
                self._lateness = lateness
                self._explore()
        return tuple(self._found.values())

    def _explore(self) -> None:
        self._arrivals.clear()
        start = _Node(Side.placed(self._courses[0]), Side.placed(self._courses[1]), 0, None)
        self._settle(start, None, None)
        while self._queue:
            *_, node = heappop(self._queue)
            if node.old.hunt.state is State.LOCATING:
                self._settle(node, None, None)
                continue
            for move in self._moves(node):
                self._hear(node, move)

    def _moves(self, node: _Node) -> Iterator[_Move]:
        """What may happen to the attempt under way; a timer that differs is a divergence."""
        timer = PHASES[node.old.hunt.state]
        old, new = (course.timer(timer) for course in self._courses)
        runs = min(old, new)
        deadlines = self._courses[0].deadline, self._courses[1].deadline
        wait = Wait(node.at, (old, new), deadlines)
        if not self._before_bound(node.at + runs):
            if deadlines[0] != deadlines[1]:  # the attempt can outlast the earlier one
                self._add("deadline", "deadline", self._deadlines(), node.path, node.at, wait=wait)
        elif old != new:
            words = _seconds(old), _seconds(new)
            self._add("timer", timer, words, node.path, node.at + runs, wait=wait)
        yield from self._provisionals(node, timer, runs)
        if self._is_telling(node):
            yield from self._endings(node, runs)
        if old == new and self._before_bound(node.at + runs):
            expired = Expired(node.old.hunt.attempt, timer)
            moment = Moment(expired, expired)
            yield _Move(moment, node.at + runs, timed_out(timer), timer)

    def _is_telling(self, node: _Node) -> bool:
        """Whether a response that ends the attempt here can do what it could not do before: nothing
        is new about it as long as neither side, or once both, have committed."""
        old, new = node.old.hunt.state, node.new.hunt.state
        return self._lateness > 0 or old is State.CALLING or old is not new

    def _endings(self, node: _Node, runs: int) -> Iterator[_Move]:
        """What the destination may say, or its host's kernel, to end the attempt."""
        for answer in self._answers.telling:
            yield self._message(
                node, runs, Outcome("response", answer.final), answer.words, answer=answer
            )
        refusal = 0 if self._answers.unscripted else REFUSAL
        in_time = refusal <= runs and (self._bound is None or node.at + refusal <= self._bound)
        if in_time and (node.old.hunt.state is State.CALLING or self._answers.unscripted):
            failed = Failed(node.old.hunt.attempt)
            moment = Moment(failed, failed)
            yield _Move(moment, node.at + refusal, TRANSPORT_ERROR, "transport-error")

    def _provisionals(self, node: _Node, timer: Timer, runs: int) -> Iterator[_Move]:
        attempt = node.old.hunt.attempt
        after: int | None = None
        if self._lateness:  # while it rings the timer goes on, and a provisional changes no time
            after = 0 if timer == "no-answer" else int(runs * self._lateness)
        at = node.at + (after or 0)
        if timer == "no-response":
            heard = Heard(attempt, 100)
            yield _Move(Moment(heard, heard, after, runs), at, None, "100")
        for one in self._answers.provisionals:
            heard = Heard(attempt, one.status, one.body)
            words = str(one.status)
            if not one.scripted:
                words += " with a body" if one.body else " without a body"
            yield _Move(Moment(heard, heard, after, runs), at, None, words)

    def _message(
        self, node: _Node, runs: int, outcome: Outcome, words: str, answer: Answer | None = None
    ) -> _Move:
        assert outcome.final is not None  # it came over the wire
        event = Responded(node.old.hunt.attempt, outcome.final)
        after = int(runs * self._lateness) if self._lateness else None
        moment = Moment(event, event, after, runs, answer)
        also = answer.also if answer is not None else ()
        return _Move(moment, node.at + (after or 0), outcome, words, also)

    def _hear(self, node: _Node, move: _Move) -> None:
        event = move.moment.old
        assert event is not None
        old, new = node.old.hear(event), node.new.hear(event)
        committed_by = node.committed_by
        if move.outcome is None and (old.hunt.state is new.hunt.state):
            committed_by = ""
        elif move.outcome is None and not committed_by:
            committed_by = move.words
        path = Path(move.moment, node.path)
        self._settle(_Node(old, new, move.at, path, committed_by), move, node)

    def _settle(self, node: _Node, move: _Move | None, before: _Node | None) -> None:
        """Let both sides find their targets, compare what they did, and go on where it is equal."""
        facts = dict.fromkeys(fact for fact in (node.old.fact(), node.new.fact()) if fact)
        for holding in product((True, False), repeat=len(facts)):
            holds = dict(zip(facts, holding, strict=True))
            old, heard_old = self._locate(node.old, node.at, holds)
            new, heard_new = self._locate(node.new, node.at, holds)
            path = node.path
            if heard_old is not None or heard_new is not None:
                path = Path(Moment(heard_old, heard_new), path)
            settled = _Node(old.seen(), new.seen(), node.at, path, node.committed_by)
            if old.shown == new.shown:
                self._keep(settled)
            else:
                nowhere = UNREGISTERED if settled.old.hop.registered else TRANSPORT_ERROR
                self._diverge(settled, move, before, None if all(holding) else nowhere)

    def _locate(self, side: Side, at: int, holds: dict[Fact, bool]) -> tuple[Side, Event | None]:
        fact = side.fact()
        return side.locate(at, holds[fact] if fact is not None else True, self._world)

    def _keep(self, node: _Node) -> None:
        """Queue a node, unless it is over or another arrival at the same state beats it."""
        if node.old.hunt.state is State.ENDED or not self._before_bound(node.at):
            return
        arrival = self._arrival(node)
        arrivals = self._arrivals.setdefault(node.key, [])
        if any(_beats(other, arrival) for other in arrivals):
            return
        arrivals.append(arrival)
        # Of equally early arrivals the poorer first: it got there by what is heard every day.
        at, rank = arrival
        heappush(self._queue, (node.attempts, at, -rank, next(self._order), node))

    def _arrival(self, node: _Node) -> _Arrival:
        """How well a node stands, the lower the better."""
        return (-node.at, 0) if self._lateness else (node.at, -node.old.rank())

    def _before_bound(self, at: int) -> bool:
        return self._bound is None or at < self._bound

    def _deadlines(self) -> tuple[str, str]:
        old, new = (course.deadline for course in self._courses)
        return _seconds(old), _seconds(new)

    def _diverge(
        self, node: _Node, move: _Move | None, before: _Node | None, missed: Outcome | None
    ) -> None:
        """Name what made the two sides differ."""
        if self._lateness:
            return
        outcome = move.outcome if move is not None else None
        if node.old.is_late != node.new.is_late:
            self._add("deadline", "deadline", self._deadlines(), node.path, node.at)
        elif before is not None and before.old.hunt.state is not before.new.hunt.state:
            old, new = (side.hunt.state is State.COMMITTED for side in (before.old, before.new))
            words = _commits(old), _commits(new)
            self._add("commit", before.committed_by, words, node.path, node.at)
        elif move is not None and outcome is not None and self._disagree(outcome):
            self._judged(outcome, (move.words, *move.also), node)
        elif missed is not None and self._disagree(missed):
            self._judged(missed, (missed.ending,), node)
        else:
            self._add("steps", "attempts", ("", ""), node.path, node.at)

    def _judged(self, outcome: Outcome, words: tuple[str, ...], node: _Node) -> None:
        """The two policies disagree about an outcome. What goes by the same two rules is told as
        one: a rule that was removed changes 408, and the timers that count as 408."""
        rules = tuple(judge.deciding(outcome) for judge in self._judges)
        told = self._found.get(("verdict", rules))
        if told is None:
            subject, *also = words
            verdicts = self._verdicts(outcome)
            self._add("verdict", subject, verdicts, node.path, node.at, tuple(also), key=rules)
        else:
            known = {told.subject, *told.also}
            more = tuple(word for word in words if word not in known)
            self._found["verdict", rules] = replace(told, also=(*told.also, *more))

    def _verdicts(self, outcome: Outcome) -> tuple[str, str]:
        old, new = (judge.verdict(outcome) for judge in self._judges)
        return old, new

    def _disagree(self, outcome: Outcome) -> bool:
        old, new = self._verdicts(outcome)
        return old != new

    def _add(
        self,
        kind: Kind,
        subject: str,
        words: tuple[str, str],
        path: Path | None,
        at: int,
        also: tuple[str, ...] = (),
        wait: Wait | None = None,
        key: object = None,
    ) -> None:
        moments = path.moments() if path is not None else ()
        found = Divergence(kind, subject, *words, also, moments, at, self._bound, self._world, wait)
        self._found.setdefault((kind, key or subject), found)


def _seconds(count: int | None) -> str:
    return "none" if count is None else duration(count / TICKS)


def _beats(one: _Arrival, other: _Arrival) -> bool:
    """Whether whatever can happen from the other arrival can happen from this one."""
    return one[0] <= other[0] and one[1] <= other[1]


def _commits(does: bool) -> str:
    return "commits" if does else "does not commit"
