"""Two plans to the numbers that each pair of their trunks shares, with an example of each.

Exact: for every length of number the claims' ends cut the numbers into stretches within which both
plans give one trunk; one number of each stretch is looked up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from sipfo.plan.model import NumberPrefix, NumberRange, Plan, Trunk
from sipfo.plan.numbering import Numbering

LONGEST: Final = 15
"""Digits of the longest telephone number (E.164 §6.2.1)."""

USUAL: Final = 11
"""Digits of the number that is shown as an example, where there is a choice."""

NO_NUMBER: Final = "operator"
"""A called party that is no telephone number: only `any` claims it."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Numbers that `old` had and `new` has, None for nobody; `first` to `last` are some of them, of
    equal length."""

    old: Trunk | None
    new: Trunk | None
    first: str
    last: str


def shared_numbers(old: Plan, new: Plan) -> tuple[Shared, ...]:
    """Each pair of trunks that some number goes to, in the order of the old plan and then of the
    new one; numbers that nobody claims in either are left out."""
    before, after = Numbering(old), Numbering(new)
    found: dict[tuple[str | None, str | None], Shared] = {}
    for first, last in _stretches(old, new):
        was, now = before.trunk_of(first), after.trunk_of(first)
        if was is None and now is None:
            continue
        key = was.name if was else None, now.name if now else None
        if key not in found:
            found[key] = Shared(was, now, first, last)
    places_old = {trunk.name: place for place, trunk in enumerate(old.trunks)}
    places_new = {trunk.name: place for place, trunk in enumerate(new.trunks)}

    def place(key: tuple[str | None, str | None]) -> tuple[int, int]:
        was, now = key
        return (
            len(places_old) if was is None else places_old[was],
            len(places_new) if now is None else places_new[now],
        )

    return tuple(found[key] for key in sorted(found, key=place))


def _stretches(old: Plan, new: Plan) -> Iterator[tuple[str, str]]:
    """First and last number of each stretch, those of a usual length first."""
    ranges: dict[int, set[int]] = {}
    prefixes: set[str] = set()
    for claim in {claim for plan in (old, new) for trunk in plan.trunks for claim in trunk.numbers}:
        match claim:
            case NumberRange(first=first, last=last):
                cuts = ranges.setdefault(len(first) - 1, set())
                cuts.update((int(first[1:]), int(last[1:]) + 1))
            case NumberPrefix(prefix=prefix):
                prefixes.add(prefix[1:])
            case _:
                continue
    for plan in (old, new):
        forwards = [one.forward for one in plan.trunks if one.forward is not None]
        called = {name for one in forwards if one.number is None for name in one.carriers}
        for carrier in plan.carriers if called else ():
            if carrier.name in called:
                both = (*carrier.prefixes, *(carrier.excluded or ()))
                prefixes |= {one[1:] for one in both}
    for length in _lengths(set(ranges), {len(prefix) for prefix in prefixes}):
        cuts = {0, 10**length} | ranges.get(length, set())
        for prefix in prefixes:
            if len(prefix) <= length:
                scale = 10 ** (length - len(prefix))
                cuts.update((int(prefix) * scale, (int(prefix) + 1) * scale))
        ends = sorted(cuts)
        for start, end in pairwise(ends):
            yield f"+{start:0{length}d}", f"+{end - 1:0{length}d}"
    yield NO_NUMBER, NO_NUMBER


def _lengths(ranges: set[int], prefixes: set[int]) -> list[int]:
    """The lengths that must be looked at: with ranges each by itself, else one for each set of
    prefixes that is short enough for it."""
    found: dict[object, int] = {}
    for length in sorted(range(1, LONGEST + 1), key=lambda one: (abs(one - USUAL), one)):
        short_enough = frozenset(one for one in prefixes if one <= length)
        found.setdefault(length if length in ranges else short_enough, length)
    return list(found.values())
