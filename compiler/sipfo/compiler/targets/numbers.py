"""Which numbers are whose, as prefixes: what an engine looks up in a tree.

A range becomes the few prefixes that cover it and nothing else. What would surprise: each of these
begins with the number's length, two digits, because a range holds numbers of one length while a
declared prefix holds any; and a range is looked up first, being the more specific.
"""

from __future__ import annotations

from collections.abc import Iterator

from sipfo.plan.derived import derived
from sipfo.plan.model import AnyNumber, NumberPrefix, Plan, Trunk
from sipfo.plan.numbering import Numbering


def range_prefixes(plan: Plan) -> Iterator[tuple[str, Trunk]]:
    """The prefixes that cover the plan's ranges, each behind its number's length."""
    for length, first, last, trunk in Numbering(plan).ranges():
        for prefix in covering(first, last, length):
            yield f"{length:02}{prefix}", trunk


def declared_prefixes(plan: Plan) -> Iterator[tuple[str, Trunk]]:
    """The prefixes that the policy itself declares, each once, without the plus."""
    found: dict[str, Trunk] = {}
    for trunk in plan.trunks:
        for claim in trunk.numbers:
            if isinstance(claim, NumberPrefix):
                found[claim.prefix[1:]] = trunk
    yield from found.items()


@derived
def taker_of_any(plan: Plan) -> Trunk | None:
    """The trunk that takes every number that no other claims."""
    takers = [trunk for trunk in plan.trunks for one in trunk.numbers if isinstance(one, AnyNumber)]
    return takers[-1] if takers else None


def covering(first: int, last: int, length: int) -> Iterator[str]:
    """The shortest prefixes that cover the numbers of `length` digits from `first` to `last`, and
    no others: at most 18 for each digit."""
    at = first
    while at <= last:
        size = 1
        while at % (size * 10) == 0 and at + size * 10 - 1 <= last and size * 10 < 10**length:
            size *= 10
        digits = length - (len(str(size)) - 1)
        yield f"{at // size:0{digits}}"
        at += size
