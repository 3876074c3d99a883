"""Which numbers are whose, as conditions of the dialplan, the most specific first.

FreeSWITCH takes the first extension whose condition is true: ranges come before prefixes, longer
prefixes before shorter ones, and a trunk that takes any number last. What would surprise: a number
has at most 15 digits (E.164), so that a prefix with more behind it than that is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sipfo.compiler.targets.freeswitch.encode import (
    Attribute,
    Comment,
    attribute,
    comment,
    expression,
)
from sipfo.compiler.targets.numbers import covering, declared_prefixes, taker_of_any
from sipfo.compiler.targets.source import Source
from sipfo.plan.model import Plan, Trunk
from sipfo.plan.numbering import Numbering

MOST_DIGITS: Final = 15
"""Of a number of E.164."""

_PARAMETERS: Final = "(;.*)?"
"""What may stand behind a number in a user (RFC 3966 section 3)."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An extension: numbers, and the trunk that they are of."""

    name: Attribute
    expression: Attribute
    trunk: Attribute
    source: Comment


def claims(plan: Plan, source: Source) -> tuple[Claim, ...]:
    """Every claim, in the order in which they are looked at."""
    return tuple(
        Claim(
            attribute(f"{trunk.name}-{number}"),
            expression(wanted),
            attribute(trunk.name),
            comment(source.trunk(trunk.name)),
        )
        for number, (wanted, trunk) in enumerate(_expressions(plan), start=1)
    )


def _expressions(plan: Plan) -> Iterator[tuple[str, Trunk]]:
    for length, first, last, trunk in Numbering(plan).ranges():
        for prefix in covering(first, last, length):
            yield _whole(prefix, length - len(prefix), length - len(prefix)), trunk
    for prefix, trunk in sorted(declared_prefixes(plan), key=lambda one: -len(one[0])):
        yield _whole(prefix, 0, MOST_DIGITS - len(prefix)), trunk
    taker = taker_of_any(plan)
    if taker is not None:
        yield "^.*$", taker


def _whole(prefix: str, least: int, most: int) -> str:
    """A number that begins so and has so many digits more."""
    rest = "" if most == 0 else f"\\d{{{least},{most}}}" if least != most else f"\\d{{{most}}}"
    return f"^\\+?{prefix}{rest}{_PARAMETERS}$"
