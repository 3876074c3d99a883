"""A plan to each trunk's budget: the longest that a caller can wait for the call's result, what
causes it, and at which moments each attempt can start.

Found from the failover machine's own rules, not by trying calls. What would surprise: the patience
of whoever calls us does not shorten the wait (nothing is done about it); the deadline does. And the
turn of a round robin or a draw makes no difference to it: every step is gone through but the last,
whose last target is met, and an attempt may last as long at one as at another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sipfo.plan.ladder import Ladder
from sipfo.plan.model import Plan, Trunk
from sipfo.plan.numbering import Numbering
from sipfo.plan.order import Order, turn
from sipfo.plan.scenario import Scenario
from sipfo.verify.budget.dialled import number_of
from sipfo.verify.budget.expect import expecting
from sipfo.verify.budget.moves import Moves, moves_of
from sipfo.verify.budget.paths import Stop, longest_of, walk
from sipfo.verify.budget.places import Place, names_of
from sipfo.verify.budget.worst import worst_scenario
from sipfo.verify.simulate import TICKS, simulate

Tried = Literal["always", "not always", "not in silence", "never"]
Why = Literal["", "nothing fails over to it", "deadline", "patience", "no-response stops"]


@dataclass(frozen=True, slots=True)
class Start:
    """When an attempt can start, in seconds from the caller's INVITE: at the soonest, when every
    attempt before it is silent, and at the latest; None where it does not come about. The deadline
    shortens none of them: `tried` says what it and the caller's patience make of them, `why` which
    of the two, or what else."""

    number: int
    place: Place
    soonest: float | None
    silent: float | None
    latest: float | None
    tried: Tried
    why: Why


@dataclass(frozen=True, slots=True)
class Budget:
    """A trunk's longest wait in seconds, `unlimited` without the trunk's deadline, and the starts
    of its attempts in the usual turn.

    `scenario` is a call that waits as long and expects to, `ladder` what it does; None when no
    scenario can tell its targets apart. `names` are the host names among the destinations, `targets` what each counts.
    """

    trunk: Trunk
    longest: float
    unlimited: float
    starts: tuple[Start, ...]
    scenario: Scenario | None
    ladder: Ladder | None
    names: tuple[str, ...]
    targets: int

    @property
    def never(self) -> tuple[Start, ...]:
        """The attempts that can never be tried."""
        return tuple(start for start in self.starts if start.tried == "never")


def budgets(plan: Plan, trunk: str | None = None, targets: int = 1) -> Iterator[Budget]:
    """The budget of every trunk, or of one, with `targets` addresses for each host name."""
    order, numbering = Order(plan), Numbering(plan)
    moves = {retry.name: moves_of(retry) for retry in plan.retries}
    for one in plan.trunks:
        if trunk in (None, one.name):
            number = number_of(plan, one, numbering)
            yield _budget(plan, one, order, moves[one.retry], number, targets)


def _budget(
    plan: Plan, trunk: Trunk, order: Order, moves: Moves, number: str, targets: int
) -> Budget:
    steps = order.steps(trunk, number, turn(trunk))
    if not steps:  # no carrier takes what it always forwards: refused at once
        bare = Scenario(name="nobody is tried", trunk=trunk.name, number=number)
        refused = simulate(plan, bare)
        return Budget(trunk, 0.0, 0.0, (), expecting(bare, refused), refused, (), targets)
    stops = walk(steps, moves, targets)
    last = longest_of(stops)
    deadline = None if trunk.deadline is None else round(trunk.deadline * TICKS)
    unlimited = last.latest + moves.ending_ticks
    call = worst_scenario(trunk.name, number, moves, last, deadline)
    ladder = None if call is None else simulate(plan, call)
    return Budget(
        trunk=trunk,
        longest=(unlimited if deadline is None else min(unlimited, deadline)) / TICKS,
        unlimited=unlimited / TICKS,
        starts=tuple(_start(stop, trunk, moves) for stop in stops),
        scenario=None if call is None or ladder is None else expecting(call, ladder),
        ladder=ladder,
        names=names_of([stop.place.step for stop in stops]),
        targets=targets,
    )


def _start(stop: Stop, trunk: Trunk, moves: Moves) -> Start:
    silent = None
    if stop.number == 1 or moves.silence_fails_over:
        silent = (stop.number - 1) * moves.silence
    latest = None if stop.soonest is None else stop.latest
    tried, why = _tried(stop.soonest, silent, stop.latest, trunk)
    return Start(
        stop.number,
        stop.place,
        _seconds(stop.soonest),
        _seconds(silent),
        _seconds(latest),
        tried,
        why,
    )


def _seconds(ticks: int | None) -> float | None:
    return None if ticks is None else ticks / TICKS


def _tried(soonest: int | None, silent: int | None, latest: int, trunk: Trunk) -> tuple[Tried, Why]:
    """What the limits make of an attempt's starts (ticks); one that would start at a limit does
    not."""
    if soonest is None:
        return "never", "nothing fails over to it"
    if limit := _limit(soonest, trunk):
        return "never", limit
    if silent is None:
        return "not in silence", "no-response stops"
    if limit := _limit(silent, trunk):
        return "not in silence", limit
    if limit := _limit(latest, trunk):
        return "not always", limit
    return "always", ""


def _limit(start: int, trunk: Trunk) -> Why:
    """The trunk's limit that a start is not before; of two, the earlier."""
    limits: list[tuple[float, Why]] = []
    if trunk.deadline is not None:
        limits.append((trunk.deadline, "deadline"))
    if trunk.patience is not None:
        limits.append((trunk.patience, "patience"))
    passed = [limit for limit in limits if start >= round(limit[0] * TICKS)]
    return min(passed)[1] if passed else ""
