"""Counts by labels, with a bound on how many there can be.

What a peer says must not be able to make series without end: beyond `MOST_SERIES` a new set of
labels is counted under `other` (each label), and a status code that nobody has registered under
its class.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from sipfo.runtime.exposition import Labels, Sample
from sipfo.runtime.sip.build import REASON_PHRASES

MOST_SERIES: Final = 1000
"""Series of one family; a plan with more routes than this loses detail, not counts."""

OTHER: Final = "other"

_CODE: Final = re.compile(r"[1-6][0-9]{2}")
_REGISTERED: Final = frozenset(map(str, REASON_PHRASES))


class Tally:
    """One family's counts."""

    __slots__ = ("_counts", "_names", "_other")

    def __init__(self, *names: str) -> None:
        """`names` are the labels'."""
        self._names = names
        self._other = (OTHER,) * len(names)
        self._counts: dict[tuple[str, ...], float] = {}

    def add(self, *values: str, by: float = 1.0) -> None:
        """Count for these values of the labels."""
        counts = self._counts
        count = counts.get(values)
        if count is None:
            if len(counts) >= MOST_SERIES - 1:
                values = self._other
            count = counts.get(values, 0.0)
        counts[values] = count + by

    def samples(self) -> tuple[Sample, ...]:
        """As they stand."""
        return tuple(
            Sample(labels(self._names, values), count) for values, count in self._counts.items()
        )


class Histogram:
    """Spans of time by one label, each in all the buckets that it is not too long for."""

    __slots__ = ("_bounds", "_counts", "_name", "_sums")

    def __init__(self, name: str, bounds: Sequence[float]) -> None:
        """`bounds` are the buckets' upper ones, in seconds, rising."""
        self._name = name
        self._bounds = tuple(bounds)
        self._counts: dict[str, list[int]] = {}
        """Of each bucket those that are too long for the one before."""
        self._sums: dict[str, float] = {}

    def observe(self, value: str, seconds: float) -> None:
        """One span, under this value of the label."""
        counts = self._counts.get(value)
        if counts is None:
            if len(self._counts) >= MOST_SERIES // len(self._bounds):
                value = OTHER
            counts = self._counts.setdefault(value, [0] * (len(self._bounds) + 1))
        counts[bisect_left(self._bounds, seconds)] += 1
        self._sums[value] = self._sums.get(value, 0.0) + seconds

    def samples(self) -> Iterator[Sample]:
        """As they stand."""
        for value, counts in self._counts.items():
            of = ((self._name, value),)
            bounds = (*map(_bound, self._bounds), "+Inf")
            for bound, count in zip(bounds, accumulate(counts), strict=True):
                yield Sample((*of, ("le", bound)), count, "_bucket")
            yield Sample(of, self._sums[value], "_sum")
            yield Sample(of, sum(counts), "_count")


def labels(names: Sequence[str], values: Sequence[str]) -> Labels:
    """A label with an empty value is the same as none, and is left out."""
    return tuple((name, value) for name, value in zip(names, values, strict=True) if value)


def bounded_code(word: str) -> str:
    """A status code as a label: itself where it is registered, else its class; other words pass."""
    if word not in _REGISTERED and _CODE.fullmatch(word):
        return f"{word[0]}xx"
    return word


def _bound(seconds: float) -> str:
    return f"{seconds:g}"
