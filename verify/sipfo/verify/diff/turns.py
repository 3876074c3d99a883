"""Two trunks' ways of taking turns to the pairs of turns that have to be compared.

A round robin is at the same call on both sides; a weighted trunk's draw is the same destination on
both. What would surprise: of a weighted trunk with many routes not every order is looked at, only
each route first, each second after each, and each last: what a step can do depends on no more.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import gcd, lcm

from sipfo.plan.model import Trunk
from sipfo.plan.order import turn

EVERY_ORDER = 4
"""Up to so many routes every order of a weighted trunk is looked at."""

Turn = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Turns:
    """The same call's turn on both sides: the places of the routes in the order in which they are
    tried. `drawn` says of each side that a draw decided."""

    old: Turn
    new: Turn
    calls_before: int = 0
    drawn_old: bool = False
    drawn_new: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """How often a destination is drawn first, 0 to 1; `place` is its place among the routes, None
    where it is none of them."""

    place_old: int | None
    place_new: int | None
    before: float
    after: float


def turns(
    old: Trunk, new: Trunk, keys_old: Sequence[int], keys_new: Sequence[int]
) -> Iterator[Turns]:
    """Every pair of turns to compare. A route's key is what it is on the wire, as a number."""
    draws_old, draws_new = _draws(old), _draws(new)
    if draws_old and draws_new:
        for drawn in _orders(len(old.routes)):
            yield Turns(drawn, _alike(drawn, keys_old, keys_new), 0, True, True)
    elif draws_old:
        for drawn in _orders(len(old.routes)):
            yield Turns(drawn, turn(new), 0, True, False)
    elif draws_new:
        for drawn in _orders(len(new.routes)):
            yield Turns(turn(old), drawn, 0, False, True)
    else:
        for calls in range(lcm(_period(old), _period(new))):
            yield Turns(turn(old, calls), turn(new, calls), calls)


def shares(
    old: Trunk, new: Trunk, keys_old: Sequence[int], keys_new: Sequence[int]
) -> tuple[Share, ...]:
    """Each destination's share where two weighted trunks draw differently; none where they draw
    alike, whatever the weights' scale and order."""
    if not (_draws(old) and _draws(new)) or _odds(old, keys_old) == _odds(new, keys_new):
        return ()
    before, after = _first(old), _first(new)
    found = [
        Share(place, _find(key, keys_new), before[place], _of(after, _find(key, keys_new)))
        for place, key in enumerate(keys_old)
    ]
    return (
        *found,
        *(
            Share(None, place, 0.0, after[place])
            for place, key in enumerate(keys_new)
            if key not in keys_old
        ),
    )


def _draws(trunk: Trunk) -> bool:
    return trunk.method == "weighted" and len(trunk.routes) > 1


def _period(trunk: Trunk) -> int:
    return len(trunk.routes) if trunk.method == "round-robin" else 1


def _orders(routes: int) -> Iterator[Turn]:
    if routes <= EVERY_ORDER:
        yield from permutations(range(routes))
        return
    every = range(routes)
    for first in every:
        rest = [one for one in every if one != first]
        yield (first, *rest)
        yield (*rest, first)
        for second in rest:
            yield (first, second, *(one for one in rest if one != second))


def _alike(drawn: Turn, keys_old: Sequence[int], keys_new: Sequence[int]) -> Turn:
    """The new trunk's turn that draws the same destinations in the same order, then its others."""
    left = list(range(len(keys_new)))
    found = []
    for place in drawn:
        same = next((one for one in left if keys_new[one] == keys_old[place]), None)
        if same is not None:
            left.remove(same)
            found.append(same)
    return (*found, *left)


def _odds(trunk: Trunk, keys: Sequence[int]) -> Hashable:
    """What RFC 2782's draw goes by: ratios of weights, and the order of those of weight 0, which
    are drawn as listed when nothing else is left."""
    scale = gcd(*trunk.weights) or 1
    weighed = zip(keys, trunk.weights, strict=True)
    pairs = [(key, weight // scale) for key, weight in weighed]
    counted = sorted((key, weight) for key, weight in pairs if weight)
    return tuple(counted), tuple(key for key, weight in pairs if not weight)


def _first(trunk: Trunk) -> tuple[float, ...]:
    """How likely each route is drawn first; without any weight the first is."""
    total = sum(trunk.weights)
    if not total:
        return tuple(float(place == 0) for place in range(len(trunk.routes)))
    return tuple(weight / total for weight in trunk.weights)


def _find(key: int, keys: Sequence[int]) -> int | None:
    return keys.index(key) if key in keys else None


def _of(values: Sequence[float], place: int | None) -> float:
    return 0.0 if place is None else values[place]
