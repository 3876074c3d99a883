"""Things that have failed to the behaviours of a scenario, and to the turn that meets them first.

What would surprise: what leaves from a dead address is never heard of, whatever the destination
would have done, unless its name does not resolve: that is known before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from sipfo.plan.model import Route, Trunk
from sipfo.plan.order import turn
from sipfo.plan.scenario import Behaviour, Holder
from sipfo.verify.audit.inventory import Part, Spot
from sipfo.verify.audit.things import Mode, Thing


@dataclass(frozen=True, slots=True)
class Failure:
    """A thing that has failed, and how."""

    thing: Thing
    mode: Mode


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a scenario says of a call besides what fails: its turn, and who holds registrations."""

    calls_before: int = 0
    drawn: tuple[str, ...] = ()
    holders: tuple[Holder, ...] = ()


class Failing:
    """One trunk's destinations, to say what fails of them and in which circumstances it hurts."""

    __slots__ = ("_registered", "_senders", "_spots", "_trunk")

    def __init__(self, trunk: Trunk, routes: Mapping[str, Route]) -> None:
        """`routes` are the plan's, by name."""
        self._trunk = trunk
        self._senders = dict.fromkeys(trunk.routes, trunk.egress)
        if trunk.forward is not None:
            self._senders |= dict.fromkeys(trunk.forward.carriers, (trunk.forward.egress,))
        self._spots = {
            name: _spots(name, routes[name].levels if name in trunk.routes else ())
            for name in self._senders
        }
        self._registered = [name for name in trunk.routes if routes[name].registered is not None]

    def parts(self) -> Iterator[Part]:
        """Every part of the plan that the trunk uses."""
        yield from dict.fromkeys(
            egress for egresses in self._senders.values() for egress in egresses
        )
        for spots in self._spots.values():
            yield from spots

    def footprint(self, thing: Thing) -> frozenset[Part]:
        """The parts of a thing that the trunk uses."""
        return frozenset(part for part in self.parts() if part in thing.parts)

    def behaviours(self, failures: Sequence[Failure]) -> tuple[Behaviour, ...]:
        """What the trunk's destinations do; of two failures of one destination the first counts."""
        return tuple(self._behaviours(failures))

    def _behaviours(self, failures: Sequence[Failure]) -> Iterator[Behaviour]:
        modes: dict[Spot, Mode] = {}
        for failure in failures:
            for spot in failure.thing.spots:
                modes.setdefault(spot, failure.mode)
        dead = frozenset().union(*(failure.thing.egresses for failure in failures))
        for route, spots in self._spots.items():
            failed = [spot for spot in spots if spot in modes]
            alike = {modes[spot] for spot in failed}
            if len(failed) == len(spots) and len(alike) == 1:
                said = {route: alike.pop()}
            else:
                said = {spot.name: modes[spot] for spot in failed}
            for name, mode in said.items():
                yield Behaviour(route=name, reach=mode)
            if said.get(route) not in ("silent", "unresolvable"):
                for egress in self._senders[route]:
                    if egress in dead:
                        for name in dict.fromkeys((route, *said)):
                            if said.get(name) != "silent":
                                yield Behaviour(route=name, egress=egress, reach="silent")

    def circumstances(self, failures: Sequence[Failure]) -> Iterator[Circumstances]:
        """The circumstances in which these failures may hurt most: every turn of a round robin;
        of a weighted trunk the draw that meets them first; registrations held where it failed."""
        holders = dict.fromkeys((self._holders(failures), self._holders(failures[::-1])))
        for held in holders:
            match self._trunk.method:
                case "sequential":
                    yield Circumstances(holders=held)
                case "round-robin":
                    for calls_before in range(len(self._trunk.routes)):
                        yield Circumstances(calls_before, holders=held)
                case "weighted":
                    yield Circumstances(drawn=self._drawn(failures, held), holders=held)

    def _holders(self, failures: Sequence[Failure]) -> tuple[Holder, ...]:
        found = []
        for route in self._registered:
            for failure in failures:
                failed = [spot for spot in self._spots[route] if spot in failure.thing.spots]
                if failed and failed[0].level is not None:
                    found.append(Holder(route=route, instance=failed[0].level))
                    break
        return tuple(found)

    def _drawn(self, failures: Sequence[Failure], held: Sequence[Holder]) -> tuple[str, ...]:
        """The routes that failed as a whole, then those that take longest to answer."""
        usual = [self._trunk.routes[place] for place in turn(self._trunk)]
        hurt = {route: self._dead_first(route, failures, held) for route in usual}
        if not any(hurt.values()):
            return ()
        return tuple(sorted(usual, key=lambda route: -hurt[route]))

    def _dead_first(self, route: str, failures: Sequence[Failure], held: Sequence[Holder]) -> float:
        """How many of a route's attempts in a row are dead before the first that is not. Of a pass
        by one address over all routes it is the same which comes first, when the address is dead."""
        failed = {spot for failure in failures for spot in failure.thing.spots}
        holder = [Spot(one.route, one.instance) for one in held if one.route == route]
        levels = dict.fromkeys((*holder, *self._spots[route]))
        senders = self._trunk.egress if self._trunk.order == "route-major" else ("",)
        attempts = [
            spot in failed or any(egress in one.thing.egresses for one in failures)
            for egress in senders
            for spot in levels
        ]
        return inf if all(attempts) else attempts.index(False)


def _spots(name: str, levels: Sequence[str]) -> list[Spot]:
    return [Spot(name, level) for level in levels] or [Spot(name)]
