"""A plan to where everything of it is: the host of each address to send from and each destination.

Only what a trunk uses counts. A destination can be dead by itself: a route or carrier, or one level
of a route; destinations of a route without names of their own are dead together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sipfo.plan.model import Plan, Trunk
from sipfo.verify.targets import place_of


@dataclass(frozen=True, slots=True)
class Spot:
    """A destination that can be dead by itself: a route or a carrier, or a level of a route."""

    route: str
    level: str | None = None

    @property
    def name(self) -> str:
        """As a test block writes it."""
        return self.route if self.level is None else f"{self.route}.{self.level}"


Part = str | Spot
"""An address to send from, by its name, or a destination."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """`senders` are the hosts of the addresses to send from, `spots` the hosts of destinations;
    `names` are those hosts that are names."""

    senders: dict[str, str]
    spots: dict[Spot, tuple[str, ...]]
    names: frozenset[str]

    def parts(self) -> Iterator[tuple[Part, tuple[str, ...]]]:
        """Everything, with its hosts."""
        for sender, host in self.senders.items():
            yield sender, (host,)
        yield from self.spots.items()

    def by_route(self) -> dict[str, list[Spot]]:
        """The destinations of each route and carrier that a trunk uses."""
        found: dict[str, list[Spot]] = {}
        for spot in self.spots:
            found.setdefault(spot.route, []).append(spot)
        return found


def inventory_of(plan: Plan) -> Inventory:
    """Where everything that the plan's trunks use is."""
    senders = {name for trunk in plan.trunks for name in senders_of(trunk)}
    used = {name for trunk in plan.trunks for name in destinations_of(trunk)}
    spots: dict[Spot, tuple[str, ...]] = {}
    names: set[str] = set()
    for name, uris, levels in _destinations(plan):
        if name in used:
            places = [place_of(uri) for uri in uris]
            names |= {place.host for place in places if not place.is_numeric}
            if levels:
                for level, place in zip(levels, places, strict=True):
                    spots[Spot(name, level)] = (place.host,)
            else:
                spots[Spot(name)] = tuple(place.host for place in places)
    return Inventory(
        {one.name: one.host for one in plan.egress if one.name in senders}, spots, frozenset(names)
    )


def senders_of(trunk: Trunk) -> tuple[str, ...]:
    """The addresses that a trunk sends from, its forward's with them."""
    extra = (trunk.forward.egress,) if trunk.forward is not None else ()
    return tuple(dict.fromkeys((*trunk.egress, *extra)))


def destinations_of(trunk: Trunk) -> tuple[str, ...]:
    """A trunk's routes and carriers."""
    return (*trunk.routes, *(trunk.forward.carriers if trunk.forward is not None else ()))


def _destinations(plan: Plan) -> Iterable[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Name, URIs and level names of all routes and carriers."""
    for route in plan.routes:
        yield route.name, route.destinations, route.levels
    for carrier in plan.carriers:
        yield carrier.name, (carrier.destination,), ()
