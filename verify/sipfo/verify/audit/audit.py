"""A plan to its audit: every single thing fails in turn, and with a depth of 2 every pair.

All that has not failed answers at once. What would surprise: a pair is tried only of things that
lose nothing alone, so that each loss is told once, by the fewest things.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from sipfo.plan.model import Plan, Trunk
from sipfo.plan.numbering import Numbering
from sipfo.verify.audit.failure import Failure
from sipfo.verify.audit.inventory import Part
from sipfo.verify.audit.things import Mode, Thing, things_of
from sipfo.verify.audit.trial import Trial, Trials
from sipfo.verify.budget.dialled import number_of


@dataclass(frozen=True, slots=True)
class TrunkAudit:
    """What a trunk's calls do when things fail: for every thing that the trunk uses its worst trial;
    the `pairs` that lose calls; the slowest pair that loses none."""

    trunk: Trunk
    singles: tuple[Trial, ...]
    pairs: tuple[Trial, ...] = ()
    slowest: Trial | None = None

    @property
    def lost(self) -> tuple[Trial, ...]:
        """The single things whose loss loses calls."""
        return tuple(trial for trial in self.singles if trial.loss)


@dataclass(frozen=True, slots=True)
class Audit:
    """The things of the trunks that were asked for, and what their failures do to each trunk."""

    things: tuple[Thing, ...]
    trunks: tuple[TrunkAudit, ...]
    depth: int

    @property
    def has_single_point(self) -> bool:
        """Whether a single thing can lose calls."""
        return any(trunk.lost for trunk in self.trunks)


def audit(plan: Plan, trunk: str | None = None, depth: int = 1) -> Audit:
    """Fail the things of every trunk, or of one: each alone, and with `depth` 2 each pair."""
    numbering, things = Numbering(plan), things_of(plan)
    routes = {route.name: route for route in plan.routes}
    places: dict[Part, list[int]] = {}
    for place, thing in enumerate(things):
        for part in thing.parts:
            places.setdefault(part, []).append(place)
    trunks = []
    found: set[int] = set()
    for one in plan.trunks:
        if trunk in (None, one.name):
            trials = Trials(plan, one, number_of(plan, one, numbering), routes)
            used = sorted({place for part in trials.parts() for place in places[part]})
            found.update(used)
            trunks.append(_audit(one, trials, [things[place] for place in used], depth))
    return Audit(tuple(things[place] for place in sorted(found)), tuple(trunks), depth)


def _audit(trunk: Trunk, trials: Trials, things: list[Thing], depth: int) -> TrunkAudit:
    singles = tuple(
        max(
            (trials.worst([Failure(thing, mode)]) for mode in trials.modes(thing)),
            key=lambda trial: trial.badness,
        )
        for thing in things
    )
    if depth < 2:
        return TrunkAudit(trunk, singles)
    harmless = [trial.failures[0].thing for trial in singles if not trial.loss]
    pairs = list(_pairs(trials, harmless))
    answered = [trial for trial in pairs if not trial.loss]
    return TrunkAudit(
        trunk,
        singles,
        _fewest(trials, [trial for trial in pairs if trial.loss]),
        max(answered, key=lambda trial: trial.badness, default=None),
    )


def _pairs(trials: Trials, things: list[Thing]) -> Iterator[Trial]:
    """The worst trial of every two things of which neither is a part of the other."""
    footprints = [(thing, trials.footprint(thing)) for thing in things]
    for (first, here), (second, there) in combinations(footprints, 2):
        if not here <= there and not there <= here:
            yield max(
                (
                    trials.worst([Failure(first, one), Failure(second, two)])
                    for one, two in _modes(trials, first, second)
                ),
                key=lambda trial: trial.badness,
            )


def _fewest(trials: Trials, lost: list[Trial]) -> tuple[Trial, ...]:
    """Without the pairs that another pair is a part of: they lose the calls that it loses."""
    found: dict[frozenset[Part], Trial] = {}
    for trial in lost:
        parts = (trials.footprint(failure.thing) for failure in trial.failures)
        found.setdefault(frozenset().union(*parts), trial)
    return tuple(
        trial for parts, trial in found.items() if not any(other < parts for other in found)
    )


def _modes(trials: Trials, first: Thing, second: Thing) -> Iterator[tuple[Mode, Mode]]:
    """How two things may fail together: what is a part of both fails in one way."""
    together = first.overlaps(second)
    for one in trials.modes(first):
        for two in trials.modes(second):
            if one == two or not together:
                yield one, two
