"""What is probed, as `dispatcher` does it: a set for each address that sends to each destination.

What would surprise: Kamailio has one clock for all its probes. The shortest interval and the smallest
thresholds of a policy hold for everything that it probes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Final
from zlib import crc32

from sipfo.compiler.targets.kamailio.encode import token
from sipfo.compiler.targets.places import (
    Destination,
    Place,
    carrier_key,
    places,
    route_key,
)
from sipfo.compiler.targets.sockets import sender
from sipfo.plan.model import Plan, Probe

ACTIVE_PROBING = 8
"""The flag of a destination that is probed while it is up as well (`DS_PROBING_DST`)."""


MOST_SETS: Final = 10**9
"""Sets are numbered from 1 to here."""


@dataclass(frozen=True, slots=True)
class Path:
    """Who probes what: an address to send from, and one destination of a route or carrier."""

    egress: str
    place: Place
    level: int

    @property
    def key(self) -> str:
        """What it is called in the data."""
        return f"{self.egress}:{self.place.key}:{self.level}"

    @property
    def destination(self) -> Destination:
        """Where it leads."""
        return self.place.destinations[self.level]


def probed(plan: Plan) -> Iterator[tuple[int, Path]]:
    """Every path that calls may take to a destination with a `probe`, and the number of its set: the
    same in each compile, so that a reload finds no path under another's number."""
    by_key = {place.key: place for place in places(plan)}
    pairs: dict[tuple[str, str], None] = {}
    for trunk in plan.trunks:
        pairs.update(
            ((one, route_key(name)), None) for one in trunk.egress for name in trunk.routes
        )
        if trunk.forward is not None:
            sends = trunk.forward.egress
            pairs.update(((sends, carrier_key(name)), None) for name in trunk.forward.carriers)
    paths = (
        Path(egress, by_key[key], level)
        for egress, key in pairs
        if by_key[key].of.probe is not None
        for level in range(len(by_key[key].destinations))
    )
    taken: set[int] = set()
    for path in paths:
        number = crc32(path.key.encode()) % MOST_SETS
        while number in taken:
            number = (number + 1) % MOST_SETS
        taken.add(number)
        yield number + 1, path


def one_clock(plan: Plan) -> Probe | None:
    """The interval and thresholds for all; None when nothing is probed."""
    found = [place.of.probe for place in places(plan) if place.of.probe is not None]
    if not found:
        return None
    return Probe(
        every=min(one.every for one in found),
        down_after=min(one.down_after for one in found),
        up_after=min(one.up_after for one in found),
    )


ALIVE: Final = (
    *(*range(400, 408), *range(409, 425), 428, 429, *range(433, 441), 469, 470),
    *(*range(478, 495), 500, 501, 502, 504, 505, 513, 555, 580),
)
"""Responses of the classes 4 and 5 that show life: all that are registered but 408 and 503."""


def alive() -> str:
    """Those responses as `ds_ping_reply_codes` lists them."""
    return ";".join(f"code={code}" for code in ALIVE)


def failed_within(probe: Probe) -> int:
    """Milliseconds after which a probe has failed: when the next one is due, or Timer F is over."""
    return min(32_000, whole_seconds(probe.every) * 1000)


def whole_seconds(seconds: float) -> int:
    """Kamailio probes every so many whole seconds."""
    return max(1, ceil(seconds))


def dispatcher_list(plan: Plan) -> str:
    """The sets as `dispatcher` reads them: set, URI, flags, priority, attributes."""
    egress = {one.name: one for one in plan.egress}
    lines = ["# set, destination, flags, priority, attributes"]
    for number, path in probed(plan):
        to = path.destination
        transport = to.transport or "udp"
        uri = token(to.next_hop if to.is_numeric else _named(to, transport))
        socket = token(f"socket={sender(egress[path.egress], transport)}")
        lines.append(f"{number} {uri} {ACTIVE_PROBING} 0 {socket}")
    return "\n".join(lines) + "\n"


def _named(to: Destination, transport: str) -> str:
    port = f":{to.port}" if to.port is not None else ""
    return f"sip:{to.host}{port};transport={transport}"
