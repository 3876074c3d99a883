"""Called number to trunk: the most specific claim wins, in a time that does not grow with claims.

Ranges are looked up by bisection, prefixes by length (at most fifteen digits), then `any`.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from sipfo.plan.model import AnyNumber, NumberPrefix, NumberRange, Plan, Trunk

_DIALLED = re.compile(r"\+?[0-9]{1,15}")
_SEPARATORS = str.maketrans("", "", "-.() ")


def normalise(user: str) -> str:
    """A URI's user part as E.164 with `+`, visual separators taken out (RFC 3966 §5.1.1).

    What is no telephone number is returned as it is.
    """
    digits = user.translate(_SEPARATORS)
    if not _DIALLED.fullmatch(digits):
        return user
    return digits if digits.startswith("+") else "+" + digits


class Numbering:
    """Which trunk claims which number."""

    def __init__(self, plan: Plan) -> None:
        self._prefixes: dict[str, Trunk] = {}
        self._any: Trunk | None = None
        ranges: dict[int, list[tuple[int, int, Trunk]]] = {}
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
        self._ranges = {
            length: sorted(claims, key=lambda claim: claim[0]) for length, claims in ranges.items()
        }
        self._starts = {
            length: [first for first, _, _ in claims] for length, claims in self._ranges.items()
        }

    def trunk_of(self, number: str) -> Trunk | None:
        """The trunk that claims a normalised number, or None.

        A range is more specific than any prefix, a longer prefix than a shorter one.
        """
        if _DIALLED.fullmatch(number):
            starts = self._starts.get(len(number))
            if starts:
                place = bisect_right(starts, int(number[1:])) - 1
                if place >= 0 and int(number[1:]) <= self._ranges[len(number)][place][1]:
                    return self._ranges[len(number)][place][2]
            for length in range(len(number), 1, -1):
                trunk = self._prefixes.get(number[:length])
                if trunk is not None:
                    return trunk
        return self._any
