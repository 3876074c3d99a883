"""Two trunks claim the same number.

Avoid: ranges of two trunks that overlap, the same prefix in two trunks, `any` in two trunks, a
whole number in one trunk that lies in a range of another.
Prefer: each number in one trunk. Prefixes of different length do not conflict: the longest wins,
and a range is more specific than any prefix.
Why: a call has one trunk; which of the two would depend on their order in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.claims import Claimed, Claims
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted

CODE: Final = "SF505"
TITLE: Final = "Number claimed twice"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each claim after the first; both places are shown. Ranges are sorted, so that
    the cost does not grow with the square of the trunks."""
    claims = Claims(subject.policy)
    for ranges in claims.ranges.values():
        widest = ranges[0]
        for one in ranges[1:]:
            if one[0] <= widest[1]:
                yield from _both(
                    f"{max(one[0], widest[0])} .. {min(one[1], widest[1])}", widest[2], one[2]
                )
            widest = max(widest, one, key=lambda range_: range_[1])
    for prefix, claimed in claims.prefixes.items():
        for again in claimed[1:]:
            yield from _both(prefix, claimed[0], again)
        around = claims.in_range(prefix)
        if around is not None:
            yield from _both(prefix, around, claimed[0])
    for again in claims.anys[1:]:
        yield from _both("any", claims.anys[0], again)


def _both(numbers: str, one: Claimed, other: Claimed) -> Iterator[Diagnostic]:
    """The later of the two in the file is told, unless they are one trunk's."""
    if one.trunk.name.text == other.trunk.name.text:
        return
    first, again = sorted((one, other), key=lambda claimed: claimed.claim.span)
    yield Diagnostic(
        CODE,
        "error",
        TITLE,
        f"trunk {quoted(first.trunk.name.text)} claims it already: {quoted(numbers)}",
        again.claim.span,
        f"claimed by {quoted(again.trunk.name.text)}",
        (Label(first.claim.span, f"claimed by {quoted(first.trunk.name.text)}"),),
        "leave each number to one trunk",
    )
