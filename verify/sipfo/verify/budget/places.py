"""A call's steps to its places: each egress, destination and target at which an attempt may be made.

A host name is as many targets as the caller of this says, since no policy tells how many addresses
a name has (RFC 3263); a region or a registrar is as many as it has levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sipfo.plan.order import Step
from sipfo.verify.targets import place_of


@dataclass(frozen=True, slots=True)
class Place:
    """One target of one step. `level` names it where the route's destinations have names; `nth`
    counts the targets of a name from 1, and is 0 where there is but one; `named` says that there is
    a name, which may not resolve."""

    step: Step
    target: str
    level: str | None = None
    nth: int = 0
    named: bool = False

    @property
    def destination(self) -> str:
        """The destination as a test block writes it: `pbx-east`, `telnyx.primary`."""
        return self.step.route if self.level is None else f"{self.step.route}.{self.level}"


def places_of(step: Step, targets: int = 1) -> tuple[Place, ...]:
    """A step's places in the order in which they are tried, with `targets` for a host name."""
    found = []
    for place, destination in enumerate(step.destinations):
        level = step.levels[place] if step.levels else None
        where = place_of(destination)
        named = not where.is_numeric
        count = targets if named else 1
        found += [
            Place(step, str(where), level, nth if count > 1 else 0, named)
            for nth in range(1, count + 1)
        ]
    return tuple(found)


def names_of(steps: Sequence[Step]) -> tuple[str, ...]:
    """The host names among the steps' destinations, each once."""
    hosts = [place_of(destination) for step in steps for destination in step.destinations]
    return tuple(dict.fromkeys(host.host for host in hosts if not host.is_numeric))


def is_sayable(places: Sequence[Place]) -> bool:
    """Whether a scenario can say what each of these does, by itself: it goes by the level that a
    target's address belongs to."""
    said = {(one.step.egress, one.step.route, one.step.level_of(one.target)) for one in places}
    return len(said) == len(places)
