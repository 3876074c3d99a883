"""A trunk to a number that it claims and that no other trunk takes from it.

Looked for at the edges of the claims: beside another's range or prefix there is a number that is
not in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sipfo.plan.model import NumberPrefix, NumberRange, Numbers, Plan, Trunk
from sipfo.plan.numbering import Numbering

_LENGTH = len("+13125550100")
_LONGEST = len("+123456789012345")
_ANYBODY = "+13125550100"


def number_of(plan: Plan, trunk: Trunk, numbering: Numbering | None = None) -> str:
    """A number that reaches the trunk; its first claim's where all are taken by other trunks."""
    numbering = numbering or Numbering(plan)
    for candidate in _candidates(plan, trunk):
        if numbering.trunk_of(candidate) is trunk:
            return candidate
    return next(_candidates(plan, trunk))


def _candidates(plan: Plan, trunk: Trunk) -> Iterator[str]:
    for claim in trunk.numbers:
        yield from _within(claim)
    others = [claim for other in plan.trunks if other is not trunk for claim in other.numbers]
    for claim in others:
        yield from _beside(claim)


def _within(claim: Numbers) -> Iterator[str]:
    match claim:
        case NumberRange(first=first, last=last):
            yield first
            yield last
        case NumberPrefix(prefix=prefix):
            yield prefix.ljust(_LENGTH, "0")
            yield prefix
            for digit in "123456789":
                yield (prefix + digit)[:_LONGEST].ljust(_LENGTH, "0")
            if len(prefix) < _LONGEST:
                yield prefix.ljust(_LONGEST, "9")
        case _:
            yield _ANYBODY
            for digit in "123456789":
                yield f"+{digit}".ljust(_LENGTH, "0")


def _beside(claim: Numbers) -> Iterator[str]:
    """The numbers just outside another trunk's claim."""
    match claim:
        case NumberRange(first=first, last=last):
            digits = len(first) - 1
            for number in (int(first[1:]) - 1, int(last[1:]) + 1):
                if 0 <= number < 10**digits:
                    yield f"+{number:0{digits}d}"
        case NumberPrefix(prefix=prefix):
            digits = len(prefix) - 1
            for number in (int(prefix[1:]) - 1, int(prefix[1:]) + 1):
                if 0 <= number < 10**digits:
                    yield f"+{number:0{digits}d}".ljust(_LENGTH, "0")
            if len(prefix) > len("+1"):
                yield prefix[:-1]
        case _:
            return
