"""The order of a call's attempts: which egress sends to which destination, one after the other.

All routes by the first address, then all routes by the second (source-major), or each route by all
addresses (route-major); then the carriers. Which route comes first is the call's turn: round robin
turns by one place for each call placed, a weighted trunk draws; the same in every pass. A trunk that
always forwards has the carriers alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sipfo.plan.choice import Choice, Chosen
from sipfo.plan.derived import derived
from sipfo.plan.model import Carrier, Plan, Route, Trunk

_HOST: Final = re.compile(r"sip:(?:[^@]*@)?(\[[^\]]*\]|[^:;\[]*)(?::([0-9]+))?")
_PORTS: Final = {"udp": "5060", "tcp": "5060", "tls": "5061"}
"""The port of a URI without one, by transport (RFC 3261 §19.1.2)."""

NOBODY: Final = Chosen(())
"""Of a call that is not forwarded."""


@dataclass(init=False, slots=True, unsafe_hash=True)
class Step:
    """One place in the order: an egress and a destination, which RFC 3263 turns into targets.

    `levels` name the destinations where they are several. With `registered` any failure moves on to
    the next level; otherwise only what RFC 3263 §4.3 calls failure does. `diverted` says that it is
    another number than the one that was dialled, whatever its shape.
    """

    egress: Final[str]
    route: Final[str]
    number: Final[str]
    destinations: Final[tuple[str, ...]]
    carrier: Final[bool]
    levels: Final[tuple[str, ...]]
    registered: Final[bool]
    diverted: Final[bool]

    def __init__(
        self,
        egress: str,
        route: str,
        number: str,
        destinations: tuple[str, ...],
        carrier: bool = False,
        levels: tuple[str, ...] = (),
        registered: bool = False,
        diverted: bool = False,
    ) -> None:
        self.egress = egress
        self.route = route
        self.number = number
        self.destinations = destinations
        self.carrier = carrier
        self.levels = levels
        self.registered = registered
        self.diverted = diverted

    def level_of(self, target: str) -> str | None:
        """The name of the level that a target (`udp:192.0.2.1:5060`) belongs to, if levels have
        names: they are addresses with a port, all different."""
        if not self.levels:
            return None
        transport, _, socket = target.partition(":")
        default = _PORTS.get(transport)
        for level, destination in zip(self.levels, self.destinations, strict=False):
            found = _HOST.match(destination)
            if found is not None and f"{found[1]}:{found[2] or default}" == socket:
                return level
        return None


def shaped(carrier: Carrier, number: str) -> str:
    """The number as a carrier wants it, from the original one."""
    if carrier.shaping is None:
        return number
    return carrier.shaping.prepend + number[carrier.shaping.strip :]


def turn(trunk: Trunk, calls_before: int = 0) -> tuple[int, ...]:
    """The places of a trunk's routes in the order in which the call that follows `calls_before`
    earlier ones tries them. A weighted trunk's likeliest: the heaviest first."""
    count, method = len(trunk.routes), trunk.method
    if method == "weighted":
        return tuple(sorted(range(count), key=lambda place: -trunk.weights[place]))
    return _turned(tuple(range(count)), calls_before if method == "round-robin" else 0)


def _turned(places: tuple[int, ...], calls_before: int) -> tuple[int, ...]:
    first = calls_before % len(places) if calls_before else 0
    return places[first:] + places[:first] if first else places


def draw(weights: Sequence[int], upto: Callable[[int], int]) -> tuple[int, ...]:
    """A weighted trunk's turn for one call: RFC 2782's draw, then the rest by the same draw.

    `upto(n)` gives a whole number from 0 to n, each as likely.
    """
    # RFC 2782: "arrange all SRV RRs (that have not been ordered yet) in any order, except that all
    # those with weight 0 are placed at the beginning of the list"
    left = sorted(range(len(weights)), key=lambda place: weights[place] != 0)
    drawn: list[int] = []
    while left:
        # "choose a uniform random number between 0 and the sum computed (inclusive)"
        chosen = upto(sum(weights[place] for place in left))
        running = 0
        for place in left:
            running += weights[place]
            if running >= chosen:
                break
        drawn.append(place)
        left.remove(place)
    return tuple(drawn)


class _Stop:
    """What a step has of its route."""

    __slots__ = ("destinations", "levels", "name", "registered")

    def __init__(self, route: Route) -> None:
        self.name: Final = route.name
        self.destinations: Final = route.destinations
        self.levels: Final = route.levels
        self.registered: Final = route.registered is not None


class _Course:
    """What the calls of a trunk have in common: its egress addresses and routes, as it names them."""

    __slots__ = ("by_egress", "egress", "likeliest", "routed", "stops", "trunk", "turns")

    def __init__(self, trunk: Trunk, routes: dict[str, Route]) -> None:
        self.trunk: Final = trunk
        self.egress: Final = trunk.egress
        self.stops: Final = [_Stop(routes[name]) for name in trunk.routes]
        self.by_egress: Final = trunk.order == "source-major"
        self.likeliest: Final = turn(trunk)
        self.turns: Final = trunk.method == "round-robin"
        always = trunk.forward is not None and trunk.forward.always
        self.routed: Final = 0 if always else len(trunk.routes) * len(trunk.egress)
        """How many of a call's steps go to routes."""


class Order:
    """The steps of a plan's calls, at a cost that does not grow with the plan."""

    __slots__ = ("_choice", "_courses", "_routes")

    def __init__(self, plan: Plan) -> None:
        """Raises BadDeck."""
        self._routes = {route.name: route for route in plan.routes}
        self._choice = Choice(plan)
        self._courses: dict[str, _Course] = {}

    def chosen(self, trunk: Trunk, number: str, at: float | None = None) -> Chosen:
        """The carriers that a call to `number` is forwarded to at a moment, and those left out."""
        forward = trunk.forward
        return NOBODY if forward is None else self._choice.of(forward, number, at)

    def carriers(self, trunk: Trunk) -> tuple[Carrier, ...]:
        """The carriers that terminate the number that a trunk forwards to, in order; of a plan with
        rates, one that was settled."""
        return self.chosen(trunk, "").carriers

    def attempts(self, trunk: Trunk) -> int:
        """The most attempts of a call that meets nothing but failures, a name counted as one
        target."""
        levels = (len(self._routes[name].destinations) for name in trunk.routes)
        routes = sum(levels) * len(trunk.egress)
        forward = trunk.forward
        if forward is not None and forward.always:
            routes = 0
        if forward is not None and forward.number is None:
            return routes + len(forward.carriers)
        return routes + len(self.carriers(trunk))

    def steps(
        self, trunk: Trunk, number: str, turned: Sequence[int], chosen: Chosen | None = None
    ) -> tuple[Step, ...]:
        """The steps of a call on this trunk whose turn is `turned`.

        `number` is what the caller dialled; carriers are sent the number that the trunk forwards
        to, in the shape that each wants. `chosen` are those of the call's moment; without them, all
        that could be.
        """
        found = [self.step(trunk, number, turned, place) for place in range(self.routed(trunk))]
        if trunk.forward is not None:
            carriers = (chosen or self.chosen(trunk, number)).carriers
            found += [self.forwarded(trunk, number, carrier) for carrier in carriers]
        return tuple(found)

    def turn(self, trunk: Trunk, calls_before: int) -> tuple[int, ...]:
        """See `turn`."""
        course = self._course(trunk)
        return _turned(course.likeliest, calls_before if course.turns else 0)

    def routed(self, trunk: Trunk) -> int:
        """How many of a call's steps go to routes; those behind them go to carriers."""
        return self._course(trunk).routed

    def step(self, trunk: Trunk, number: str, turned: Sequence[int], place: int) -> Step:
        """One of the steps that go to routes."""
        course = self._course(trunk)
        width = len(turned) if course.by_egress else len(course.egress)
        outer, inner = place // width, place % width
        sent, asked = (outer, inner) if course.by_egress else (inner, outer)
        to = course.stops[turned[asked]]
        return Step(
            course.egress[sent],
            to.name,
            number,
            to.destinations,
            levels=to.levels,
            registered=to.registered,
        )

    def _course(self, trunk: Trunk) -> _Course:
        """Worked out when a trunk has its first call, and kept as long as the plan is."""
        found = self._courses.get(trunk.name)
        if found is None or found.trunk is not trunk:
            found = self._courses[trunk.name] = _Course(trunk, self._routes)
        return found

    def forwarded(self, trunk: Trunk, number: str, carrier: Carrier) -> Step:
        """The step that goes to a carrier."""
        forward = trunk.forward
        assert forward is not None  # it has chosen the carrier
        given = forward.number or number
        return Step(
            forward.egress,
            carrier.name,
            shaped(carrier, given),
            (carrier.destination,),
            carrier=True,
            diverted=given != number,
        )


order_of: Final = derived(Order)
"""The order of a plan, made once."""


def steps(plan: Plan, trunk: Trunk, number: str, calls_before: int = 0) -> tuple[Step, ...]:
    """The steps of the call that follows `calls_before` earlier ones on this trunk."""
    return Order(plan).steps(trunk, number, turn(trunk, calls_before))
