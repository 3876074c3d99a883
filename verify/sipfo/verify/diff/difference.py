"""What differs between two plans, as values that every form of the report is made from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sipfo.verify.diff.accept import Door
from sipfo.verify.diff.divergence import Kind
from sipfo.verify.diff.played import Played


@dataclass(frozen=True, slots=True)
class Claimed:
    """Numbers, of which `number` is an example, that are no trunk's in one of the two plans."""

    number: str
    last: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Changed:
    """A call that goes another way: the same outside world under both plans.

    `headline` says what decides and how. `before` and `after` are None for what no scenario can
    hold; then `story`, what happens to the call, is all there is.
    """

    kind: Kind
    headline: str
    story: str
    before: Played | None
    after: Played | None


@dataclass(frozen=True, slots=True)
class Shares:
    """A destination's part of a weighted trunk's calls, 0 to 1."""

    destination: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class TrunkChange:
    """All that changes for the numbers of which `number` is one. `old` and `new` are the trunks'
    names."""

    old: str
    new: str
    number: str
    calls: tuple[Changed, ...] = ()
    doors: tuple[Door, ...] = ()
    shares: tuple[Shares, ...] = ()


def alike(trunks: Iterable[TrunkChange]) -> list[tuple[TrunkChange, tuple[str, ...]]]:
    """Each trunk that changes in a way of its own, with the names of those that change just like
    it: a policy is often shared by many."""
    groups: dict[object, tuple[TrunkChange, list[str]]] = {}
    for place, trunk in enumerate(trunks):
        own = trunk.doors or trunk.shares or any(change.kind == "steps" for change in trunk.calls)
        key = place if own else tuple(change.headline for change in trunk.calls)
        if key in groups:
            groups[key][1].append(trunk.old)
        else:
            groups[key] = trunk, []
    return [(trunk, tuple(others)) for trunk, others in groups.values()]


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that differs; `notes` are no difference of behaviour."""

    claimed: tuple[Claimed, ...]
    trunks: tuple[TrunkChange, ...]
    service: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def calls_change(self) -> bool:
        """Whether some call goes another way, is taken or is not, or goes more or less often."""
        return bool(self.claimed or self.trunks)

    @property
    def same(self) -> bool:
        """Whether nothing changes, neither calls nor the service."""
        return not self.calls_change and not self.service
