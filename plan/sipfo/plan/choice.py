"""Which carriers take a number at a moment, in which order, and why the others are left out.

A rate deck is asked about the moment that is given: nothing here has a clock. What would surprise:
without a moment a carrier with rates counts as one that takes every number, which is what an
analysis of the longest wait needs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, NamedTuple

from sipfo.plan.decks import held
from sipfo.plan.model import Carrier, Forward, Plan, Trunk
from sipfo.plan.rates import STOP, Asked, Rates, amount, asked_of, price

LEFT_OUT: Final = " left out: "
"""What stands between a carrier that is not tried and the reason, in notes and logs."""

_NUMBER: Final = re.compile(r"\+[0-9]{1,15}")
_UNPRICED: Final = STOP
"""Sorts behind every price; a check sees to it that only an edited plan has such a carrier."""


class LeftOut(NamedTuple):
    """A carrier of a forward that is not tried, and why."""

    carrier: str
    why: str

    def __str__(self) -> str:
        return f"{self.carrier}{LEFT_OUT}{self.why}"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The carriers to try, in order, and those that are not."""

    carriers: tuple[Carrier, ...]
    left_out: tuple[LeftOut, ...] = ()


class _Ready(NamedTuple):
    """A carrier with what is asked of it for each call."""

    carrier: Carrier
    prefixes: tuple[str, ...]
    excluded: tuple[str, ...]
    price: int | None
    rates: Rates | None


class Choice:
    """The carriers of a plan, ready to choose from at a cost that does not grow with their rates."""

    __slots__ = ("_carriers", "_has_rates", "_held")

    def __init__(self, plan: Plan) -> None:
        """Raises BadDeck."""
        self._held = {one.file: held(one) for one in plan.decks or ()}
        self._has_rates = bool(self._held)
        rates: dict[str | None, Rates] = {name: one.rates for name, one in self._held.items()}
        self._carriers = {
            one.name: _Ready(
                one,
                one.prefixes,
                one.excluded or (),
                None if one.cost is None else price(one.cost),
                rates.get(one.rates),
            )
            for one in plan.carriers
        }

    def of(self, forward: Forward, dialled: str, at: float | None = None) -> Chosen:
        """The carriers of a forward for a call to `dialled`, at a moment in Unix seconds."""
        number = forward.number or dialled
        most = None if forward.at_most is None else price(forward.at_most)
        asked: Asked | None = None
        taken: list[tuple[int, Carrier]] = []
        left: list[LeftOut] = []
        for name in forward.carriers:
            ready = self._carriers[name]
            if ready.rates is not None and at is not None and asked is None:
                asked = asked_of(number)  # worked out once for all of them
            found = _price(ready, number, at, asked)
            if isinstance(found, str):
                left.append(LeftOut(name, found))
            elif most is not None and found is not None and found > most:
                left.append(LeftOut(name, f"{amount(found)} is above {forward.at_most}"))
            else:
                taken.append((_UNPRICED if found is None else found, ready.carrier))
        if forward.choice == "cheapest" and at is not None and self._has_rates:
            taken.sort(key=itemgetter(0))  # of equal cost, the one that is listed first
        return Chosen(tuple([carrier for _, carrier in taken]), tuple(left))


def _price(ready: _Ready, number: str, at: float | None, asked: Asked | None) -> int | str | None:
    """What it costs in billionths, None where nobody says, or why it does not take the number."""
    barred = _longest(ready.excluded, number) if ready.excluded else 0
    if ready.rates is None:
        prefixes = ready.prefixes
        if prefixes and not number.startswith(prefixes):
            return f"none of its prefixes begins {number}"
        if barred and barred > _longest(prefixes, number):
            return f"it is not for {number[:barred]}"
        return ready.price
    if at is None:
        return f"it is not for {number[:barred]}" if barred else None
    rate = ready.rates.find(asked, at) if asked is not None else None
    if rate is None:
        return f"no rate for {number}"
    if barred > len(rate.prefix):
        return f"it is not for {number[:barred]}"
    if rate.price == STOP:
        return f"its rates stop {rate.prefix}"
    return rate.price


def _longest(prefixes: tuple[str, ...], number: str) -> int:
    return max((len(one) for one in prefixes if number.startswith(one)), default=0)


def settle(plan: Plan, at: float, number: str | None = None) -> Plan:
    """The same plan as it is at a moment, in Unix seconds, with the rates looked up: every forward
    has the carriers that it takes then, in their order. Of a forward to the dialled number that is
    known only for a call to `number`; without one, it stays as it is. Raises BadDeck."""
    if not _depends(plan):
        return plan
    choice = Choice(plan)
    return plan.model_copy(
        update={"trunks": tuple(_settled(choice, trunk, at, number) for trunk in plan.trunks)}
    )


def depends_on_call(plan: Plan) -> bool:
    """Whether which carriers are tried depends on the number that is dialled."""
    forwards = (one.forward for one in plan.trunks)
    return any(one is not None and one.number is None for one in forwards)


def _depends(plan: Plan) -> bool:
    """Whether a forward may have other carriers than it lists, for more reasons than a prefix."""
    if any(one.rates is not None or one.excluded for one in plan.carriers):
        return True
    forwards = (one.forward for one in plan.trunks if one.forward is not None)
    return any(one.number is None or one.at_most is not None for one in forwards)


def _settled(choice: Choice, trunk: Trunk, at: float, dialled: str | None) -> Trunk:
    forward = trunk.forward
    if forward is None or (forward.number is None and dialled is None):
        return trunk
    carriers = choice.of(forward, dialled or "", at).carriers
    names = tuple(one.name for one in carriers)
    number = forward.number or (dialled if dialled and _NUMBER.fullmatch(dialled) else None)
    changes = {"carriers": names, "at_most": None, "number": number}
    there = forward.model_copy(update=changes) if names or forward.always else None
    return trunk.model_copy(update={"forward": there})
