"""Where in the order of its trunk each attempt of a call stood, and what was passed over.

The records do not say which turn a round robin or a draw had come to: it is the one that fits the
attempts with the fewest steps passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sipfo.plan.ladder import Attempt
from sipfo.plan.model import Plan, Trunk
from sipfo.plan.order import Order, Step, turn


@dataclass(frozen=True, slots=True)
class Track:
    """`places` has each attempt's place in `steps`, None where the order has no such step; `skipped`
    what was passed over before it; `left` what comes after the last.

    An attempt whose place is before its predecessor's began the order anew, because everything had
    been passed over.
    """

    steps: tuple[Step, ...]
    places: tuple[int | None, ...]
    skipped: tuple[tuple[Step, ...], ...]
    left: tuple[Step, ...]

    @property
    def misfit(self) -> tuple[int, int]:
        """How badly the steps fit: attempts without a place, then steps passed over."""
        return self.places.count(None), sum(map(len, self.skipped))


def track(plan: Plan, trunk: Trunk, number: str, attempts: Sequence[Attempt]) -> Track:
    """The way that fits best."""
    order = Order(plan)
    steps = (order.steps(trunk, number, turned) for turned in _turns(trunk, attempts))
    return min((_fit(one, attempts) for one in steps), key=lambda one: one.misfit)


def _turns(trunk: Trunk, attempts: Sequence[Attempt]) -> Iterator[tuple[int, ...]]:
    match trunk.method:
        case "sequential":
            yield turn(trunk)
        case "round-robin":
            yield from (turn(trunk, calls) for calls in range(len(trunk.routes)))
        case "weighted":
            seen = [one.route for one in attempts if one.route in trunk.routes]
            drawn = dict.fromkeys([*seen, *trunk.routes])
            yield tuple(trunk.routes.index(route) for route in drawn)


def _fit(steps: tuple[Step, ...], attempts: Sequence[Attempt]) -> Track:
    pairs = [(step.egress, step.route) for step in steps]
    places: list[int | None] = []
    skipped: list[tuple[Step, ...]] = []
    at = -1
    for attempt in attempts:
        pair = (attempt.egress, attempt.route)
        place = _next(pairs, pair, at)
        places.append(place)
        is_later = place is not None and place > at
        skipped.append(steps[at + 1 : place] if is_later else ())
        at = at if place is None else place
    return Track(steps, tuple(places), tuple(skipped), steps[at + 1 :])


def _next(pairs: list[tuple[str, str]], pair: tuple[str, str], at: int) -> int | None:
    """The same step's next target, a later step, or else, in a second pass, an earlier one."""
    if at >= 0 and pairs[at] == pair:
        return at
    later = (place for place in range(at + 1, len(pairs)) if pairs[place] == pair)
    earlier = (place for place in range(at) if pairs[place] == pair)
    return next(later, next(earlier, None))
