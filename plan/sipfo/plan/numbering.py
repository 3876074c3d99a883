"""Called number to trunk: the most specific claim wins, in a time that does not grow with claims.

Ranges are looked up by bisection, prefixes by length (at most fifteen digits), then `any`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from sipfo.plan.model import AnyNumber, NumberPrefix, NumberRange, Plan, Trunk

MOST_DIGITS: Final = 15
"""Of a number (ITU-T E.164)."""

_DIALLED = re.compile(r"\+?[0-9]{1,15}")
_SEPARATORS = str.maketrans("", "", "-.() ")


def normalise(user: str) -> str:
    """A URI's user part as E.164 with `+`: no visual separators, no parameters (RFC 3966 §3).

    What is no telephone number is returned as it is.
    """
    plain = user[1:] if user[:1] == "+" else user
    if len(plain) <= MOST_DIGITS and plain.isdigit() and plain.isascii():
        return "+" + plain  # as nearly everybody writes it
    digits = user.partition(";")[0].translate(_SEPARATORS)
    if not _DIALLED.fullmatch(digits):
        return user
    return digits if digits.startswith("+") else "+" + digits


_Range = tuple[int, int, Trunk]
"""First and last number, and who claims them."""


class Numbering:
    """Which trunk claims which number."""

    def __init__(self, plan: Plan) -> None:
        self._prefixes: dict[str, Trunk] = {}
        self._any: Trunk | None = None
        ranges: dict[int, list[_Range]] = {}
        for trunk in plan.trunks:
            for claim in trunk.numbers:
                match claim:
                    case NumberRange(first=first, last=last):
                        ranges.setdefault(len(first), []).append(
                            (int(first[1:]), int(last[1:]), trunk)
                        )
                    case NumberPrefix(prefix=prefix):
                        self._prefixes[prefix] = trunk
                    case AnyNumber():
                        self._any = trunk
        self._ranges = {length: _disjoint(claims) for length, claims in ranges.items()}
        self._starts = {
            length: [first for first, _, _ in claims] for length, claims in self._ranges.items()
        }
        self._lengths = sorted({len(prefix) for prefix in self._prefixes}, reverse=True)

    def ranges(self) -> Iterator[tuple[int, int, int, Trunk]]:
        """The claims that are ranges, none of which overlaps another: how many digits the numbers
        have, the first, the last, and whose they are."""
        for length, claims in sorted(self._ranges.items()):
            for first, last, trunk in claims:
                yield length - 1, first, last, trunk

    def trunk_of(self, number: str) -> Trunk | None:
        """The trunk that claims a normalised number, or None.

        A range is more specific than any prefix, a longer prefix than a shorter one.
        """
        if (self._starts or self._lengths) and _DIALLED.fullmatch(number):
            starts = self._starts.get(len(number))
            if starts:
                place = bisect_right(starts, int(number[1:])) - 1
                if place >= 0 and int(number[1:]) <= self._ranges[len(number)][place][1]:
                    return self._ranges[len(number)][place][2]
            for length in self._lengths:
                trunk = self._prefixes.get(number[:length]) if length <= len(number) else None
                if trunk is not None:
                    return trunk
        return self._any


def _disjoint(claims: list[_Range]) -> list[_Range]:
    """The same claims as ranges in order that do not overlap: the one that starts last wins.

    One sweep over the starts, with the ranges that are still open kept on a stack.
    """
    found: list[_Range] = []
    open_: list[_Range] = []
    at = 0

    def close(before: int | None) -> None:
        """Write out what is open, up to a number."""
        nonlocal at
        while open_ and (before is None or at < before):
            _, last, trunk = open_[-1]
            end = last if before is None else min(last, before - 1)
            if at <= end:
                found.append((at, end, trunk))
                at = end + 1
            if last < at:
                open_.pop()

    for claim in sorted(claims, key=lambda claim: (claim[0], -claim[1])):
        close(claim[0])
        at = claim[0]
        open_.append(claim)
    close(None)
    return found
