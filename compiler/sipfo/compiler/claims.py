"""Which trunk claims a number, among the claims of a policy: a range before any prefix, a longer
prefix before a shorter one, `any` last. The same order as `sipfo.plan.numbering`, with the places.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import NamedTuple

from sipfo.compiler.policy import Claim, Policy, Trunk
from sipfo.plan.model import AnyNumber, NumberPrefix, NumberRange


class Claimed(NamedTuple):
    """A trunk and the part of its `numbers` that decides."""

    trunk: Trunk
    claim: Claim


Range = tuple[str, str, Claimed]
"""First and last number, and who claims them."""


class Claims:
    """All claims of a policy, each findable without looking at the others."""

    def __init__(self, policy: Policy) -> None:
        self.ranges: dict[int, list[Range]] = {}
        self.prefixes: dict[str, list[Claimed]] = {}
        self.anys: list[Claimed] = []
        for trunk in policy.trunks:
            for claim in trunk.claims:
                self._add(Claimed(trunk, claim))
        for claims in self.ranges.values():
            claims.reverse()  # of two that begin alike, the first in the file is found
            claims.sort(key=lambda one: one[0])
        # Of the ranges that begin at or before each, the one that reaches furthest: one trunk's
        # ranges may overlap.
        self._reach: dict[int, list[Range]] = {
            length: list(accumulate(claims, _further)) for length, claims in self.ranges.items()
        }

    def _add(self, claimed: Claimed) -> None:
        match claimed.claim.numbers:
            case NumberRange(first=first, last=last):
                self.ranges.setdefault(len(first), []).append((first, last, claimed))
            case NumberPrefix(prefix=prefix):
                self.prefixes.setdefault(prefix, []).append(claimed)
            case AnyNumber():
                self.anys.append(claimed)

    def of(self, number: str) -> Claimed | None:
        """Who gets a call to this number."""
        found = self.in_range(number)
        if found is not None:
            return found
        for length in range(len(number), 1, -1):
            if number[:length] in self.prefixes:
                return self.prefixes[number[:length]][0]
        return self.anys[0] if self.anys else None

    def in_range(self, number: str) -> Claimed | None:
        """The range that holds this number, if one does."""
        ranges = self.ranges.get(len(number), [])
        place = bisect_right(ranges, number, key=lambda one: one[0]) - 1
        if place < 0:
            return None
        _, last, claimed = self._reach[len(number)][place]
        return claimed if number <= last else None


def _further(one: Range, other: Range) -> Range:
    return other if other[1] > one[1] else one
