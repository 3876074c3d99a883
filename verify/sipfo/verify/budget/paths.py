"""The steps of a call and the moves of its policy to when each place is reached, soonest and latest.

One pass in the order of the attempts, since the hunt only goes forward: the soonest and the latest
start of a place come from those of the places before it. The deadline is not looked at here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sipfo.plan.order import Step
from sipfo.verify.budget.moves import Move, Moves
from sipfo.verify.budget.places import Place, places_of


@dataclass(slots=True, eq=False)
class Stop:
    """A place on the way, with its soonest and latest start in ticks; `before` is the place and the
    move that lead there at the latest, None at the first. Unreachable while `soonest` is None."""

    place: Place
    number: int
    soonest: int | None = None
    latest: int = 0
    before: tuple[Stop, Move] | None = None

    def reach(self, source: Stop, move: Move) -> None:
        """Take note of a way to here."""
        assert source.soonest is not None  # only reachable places lead anywhere
        soonest, latest = source.soonest + move.shortest, source.latest + move.longest
        if self.soonest is None or latest > self.latest:
            self.latest, self.before = latest, (source, move)
        if self.soonest is None or soonest < self.soonest:
            self.soonest = soonest


def walk(steps: Sequence[Step], moves: Moves, targets: int = 1) -> tuple[Stop, ...]:
    """Every place of the steps in order, reached or not."""
    by_step: list[list[Stop]] = []
    number = 0
    for step in steps:
        by_step.append([])
        for place in places_of(step, targets):
            number += 1
            by_step[-1].append(Stop(place, number))
    by_step[0][0].soonest = 0
    for here, stops in enumerate(by_step):
        after = by_step[here + 1][0] if here + 1 < len(by_step) else None
        for nth, stop in enumerate(stops):
            if stop.soonest is None:
                continue
            for move in moves.failovers:
                following = _following(stops, nth, move, after)
                if following is not None:
                    following.reach(stop, move)
    return tuple(stop for stops in by_step for stop in stops)


def _following(stops: Sequence[Stop], nth: int, move: Move, after: Stop | None) -> Stop | None:
    """Where a move leads from a step's `nth` target, as `Hunt._failure` has it."""
    if move.whole_step:
        return after if nth == 0 and stops[0].place.named else None
    onward = move.next_target or stops[nth].place.step.registered
    return stops[nth + 1] if onward and nth + 1 < len(stops) else after


def longest_of(stops: Sequence[Stop]) -> Stop:
    """The place that can be reached last; every attempt may end the call after the same time."""
    return max((one for one in stops if one.soonest is not None), key=lambda one: one.latest)


def way_to(stop: Stop) -> tuple[tuple[Stop, Move], ...]:
    """The places and moves that lead to a place at the latest, in order."""
    return tuple(reversed(list(_back_from(stop))))


def _back_from(stop: Stop) -> Iterator[tuple[Stop, Move]]:
    while stop.before is not None:
        yield stop.before
        stop = stop.before[0]
