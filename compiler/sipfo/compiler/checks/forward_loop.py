"""A trunk forwards its failed calls to a number of its own, or of a trunk that forwards them back.

Avoid: `numbers +13125550100 .. +13125550199` with `forward to +13125550150`.
Prefer: a number that is reached without this trunk: a mobile, another site.
Also avoid: two trunks that forward to each other's numbers.
Why: the PSTN brings the call back to this trunk, whose routes have just failed: it goes round until
somebody gives up, and each turn may be billed. With `numbers any` it is a warning: that depends on
where the PSTN sends the number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.claims import Claimed, Claims
from sipfo.compiler.policy import Forward, Telephone, Trunk
from sipfo.grammar.diagnostic import Diagnostic, Label, one_of, quoted
from sipfo.plan.model import AnyNumber

CODE: Final = "SF504"
TITLE: Final = "Forward loops"

_SHOWN: Final = 4
"""Trunks of a circle that are named."""


@dataclass(frozen=True, slots=True)
class _Leg:
    """A trunk's forward, and whose the number is that it forwards to."""

    trunk: Trunk
    number: Telephone
    claimed: Claimed

    @property
    def maybe(self) -> bool:
        """Whether it depends on the PSTN that the call comes here."""
        return isinstance(self.claimed.claim.numbers, AnyNumber)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One finding for each circle of forwards, at the first of them in the file. Each forward is
    followed once, so that the cost stays linear."""
    legs = _legs(subject)
    seen: set[str] = set()
    for name in legs:
        path: dict[str, _Leg] = {}
        here = name
        while here in legs and here not in seen:
            seen.add(here)
            path[here] = legs[here]
            here = legs[here].claimed.trunk.name.text
        if here in path:
            names = list(path)
            circle = [path[one] for one in names[names.index(here) :]]
            first = min(range(len(circle)), key=lambda i: circle[i].trunk.name.span)
            yield _finding([*circle[first:], *circle[:first]])


def _legs(subject: Subject) -> dict[str, _Leg]:
    claims = Claims(subject.policy)
    legs: dict[str, _Leg] = {}
    for trunk in subject.policy.trunks:
        match trunk.forward:
            case Forward(number=Telephone() as number):
                claimed = claims.of(number.digits)
                if claimed is not None:
                    legs.setdefault(trunk.name.text, _Leg(trunk, number, claimed))
    return legs


def _finding(circle: list[_Leg]) -> Diagnostic:
    first, *others = circle
    maybe = any(leg.maybe for leg in circle)
    owners = [quoted(leg.trunk.name.text) for leg in others]
    by_way = f" by way of {one_of(owners[:_SHOWN], 'and')}" if owners else ""
    labels = [Label(leg.number.span, "forwarded on to") for leg in others[:_SHOWN]]
    owner = "the same trunk" if not owners else quoted(first.trunk.name.text)
    return Diagnostic(
        CODE,
        "warning" if maybe else "error",
        TITLE,
        f"the forward {'may come' if maybe else 'comes'} back to its own trunk{by_way}: "
        f"{quoted(circle[-1].number.digits)}",
        first.number.span,
        "forwarded to",
        (*labels, Label(circle[-1].claimed.claim.span, f"claimed by {owner}")),
        "forward to a number that is not this trunk's"
        if not owners
        else "forward one of them to a number that comes back to none of these trunks",
    )
