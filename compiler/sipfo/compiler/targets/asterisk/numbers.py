"""Which numbers are whose, as extensions of the dialplan.

A range is more specific than any prefix, so ranges have a context of their own that is looked in
first; among prefixes, Asterisk takes the longest. What would surprise: a number that is a prefix
itself has a context too. Asterisk's tree would take a shorter prefix for it (22.10).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sipfo.compiler.targets.asterisk.encode import (
    Comment,
    Extension,
    Name,
    comment,
    extension,
    name,
)
from sipfo.compiler.targets.numbers import covering, declared_prefixes, taker_of_any
from sipfo.compiler.targets.source import Source
from sipfo.plan.derived import derived
from sipfo.plan.model import Plan, Trunk
from sipfo.plan.numbering import Numbering


@dataclass(frozen=True, slots=True)
class Claim:
    """Numbers, and the trunk that they are of."""

    exten: Extension
    trunk: Name
    source: Comment


@dataclass(frozen=True, slots=True)
class _Own:
    """The numbers of one trunk: prefixes, and ranges by their length, first and last."""

    prefixes: list[str] = field(default_factory=list)
    ranges: list[tuple[int, int, int]] = field(default_factory=list)


_NOTHING: Final = _Own()


def ranges(plan: Plan, source: Source) -> tuple[Claim, ...]:
    """The ranges as the patterns that cover them, and no other number."""
    return tuple(
        _claim(_pattern(prefix, length), trunk, source)
        for length, first, last, trunk in Numbering(plan).ranges()
        for prefix in covering(first, last, length)
    )


def wholes(plan: Plan, source: Source) -> tuple[Claim, ...]:
    """The prefixes that the policy declares, as numbers of their own."""
    return tuple(_claim(f"+{prefix}", trunk, source) for prefix, trunk in declared_prefixes(plan))


def prefixes(plan: Plan, source: Source) -> tuple[Claim, ...]:
    """The prefixes that the policy declares, for longer numbers."""
    return tuple(_claim(f"_+{prefix}.", trunk, source) for prefix, trunk in declared_prefixes(plan))


def anybody(plan: Plan) -> Name:
    """The trunk that takes every other number; no name, where there is none."""
    taker = taker_of_any(plan)
    return name(taker.name) if taker is not None else Name("")


def expressions(trunk: Trunk, plan: Plan) -> Iterator[str]:
    """What the user of a Request-URI looks like that is a number of this trunk."""
    taker = taker_of_any(plan)
    if taker is trunk:
        yield ""
        return
    own = _claims(plan).get(trunk.name, _NOTHING)
    for prefix in own.prefixes:
        yield f"[+]?{prefix}"
    for length, first, last in own.ranges:
        for prefix in covering(first, last, length):
            yield f"[+]?{prefix}{'[0-9]' * (length - len(prefix))}@"


@derived
def _claims(plan: Plan) -> dict[str, _Own]:
    """What each trunk claims, by its name."""
    found: dict[str, _Own] = {}
    for prefix, trunk in declared_prefixes(plan):
        found.setdefault(trunk.name, _Own()).prefixes.append(prefix)
    for length, first, last, trunk in Numbering(plan).ranges():
        found.setdefault(trunk.name, _Own()).ranges.append((length, first, last))
    return found


def _pattern(prefix: str, length: int) -> str:
    unknown = length - len(prefix)
    return f"_+{prefix}{'X' * unknown}" if unknown else f"+{prefix}"


def _claim(exten: str, trunk: Trunk, source: Source) -> Claim:
    return Claim(extension(exten), name(trunk.name), comment(source.trunk(trunk.name)))
