"""The data of a configuration: global variables of the dialplan, which `dialplan reload` reads again.

A variable's name is a path (`TRUNK/acme/ROUTES`), so that the dialplan looks up what a call needs by
the names that it has come to. What would surprise: a list is parted by `&`, which no name and no
part of a URI has in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from math import ceil
from typing import Final

from sipfo.compiler.targets.asterisk.encode import (
    Comment,
    Dialled,
    Name,
    aor,
    comment,
    dialled,
    name,
)
from sipfo.compiler.targets.asterisk.networks import callers
from sipfo.compiler.targets.asterisk.registrars import at, instances, own_transport
from sipfo.compiler.targets.asterisk.uses import Uses, uses
from sipfo.compiler.targets.kamailio.probes import probed
from sipfo.compiler.targets.places import Destination, Place, places
from sipfo.compiler.targets.safe import Safe
from sipfo.compiler.targets.sockets import bracketed
from sipfo.compiler.targets.source import Source
from sipfo.plan.derived import derived
from sipfo.plan.model import (
    Carrier,
    CommitOn,
    CommitOnCode,
    Egress,
    Plan,
    Registrar,
    Retry,
    Route,
    Trunk,
)
from sipfo.plan.order import Order

EMPTY: Final = Name("")

UNSAID: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "TRUNK": {
        "ANYONE": (),
        "ROUTEMAJOR": ("route_major",),
        "METHOD": ("turns", "weighted"),
        "DEADLINE": ("deadline",),
        "CALLS": ("trunk_limits",),
        "RATE": ("trunk_limits",),
        "TRUSTED": ("trusted",),
    },
    "ROUTE": {
        "AUTH": ("auth",),
        "TRUSTED": ("trusted",),
        "AOR": ("registered",),
        "HERE": ("registered",),
        "SRV": ("srv",),
        "MORE": ("srv",),
    },
    "CARRIER": {
        "AUTH": ("auth",),
        "TRUSTED": ("trusted",),
        "AOR": ("registered",),
        "SRV": ("srv",),
        "MORE": ("srv",),
        "STRIP": (),
        "PREPEND": (),
        "CALLS": ("carrier_limits",),
        "RATE": ("carrier_limits",),
    },
    "EGRESS": {},
    "RETRY": {"ONRINGING": ("commit",), "ONPROGRESS": ("commit",)},
}
"""Variables that are written empty where a policy does not say them, or those of an earlier compile
would stay: they cannot all be cleared at a reload, for a moment there would be none. Each with the
uses of a plan (uses.py) by one of which the dialplan looks at it; none, where it always does."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One variable."""

    name: Safe
    value: Safe | int


@dataclass(frozen=True, slots=True)
class Facts:
    """The variables of one thing, and which it is."""

    title: Comment
    facts: tuple[Fact, ...]


def facts(plan: Plan, source: Source) -> tuple[Facts, ...]:
    """All of them, in the order of the policy. Raises CannotSay."""
    used_of = uses(plan)
    used = {trunk.retry for trunk in plan.trunks}
    groups: dict[str, list[int]] = {one.name: [] for one in plan.trunks}
    for group in callers(plan):
        for trunk in group.trunks:
            groups[trunk].append(group.number)
    order = Order(plan)
    found = [
        _facts(
            used_of, "trunk", "TRUNK", one.name, source.trunk(one.name), _trunk(order, one, groups)
        )
        for one in plan.trunks
    ]
    found += [
        _place(plan, used_of, place, source.destination(place.name)) for place in places(plan)
    ]
    found += [
        _facts(
            used_of,
            "address",
            "EGRESS",
            one.name,
            source.egress(one.name),
            _address(one, used_of),
        )
        for one in plan.egress
    ]
    found += [
        _facts(used_of, "retry", "RETRY", one.name, source.retry(one.name), _retry(one))
        for one in plan.retries
        if one.name in used
    ]
    return tuple(one for one in found if one.facts)


def probe_facts(plan: Plan) -> tuple[Fact, ...]:
    """Which contact says whether a way is up: by address, destination and level."""
    return tuple(
        Fact(
            Name(
                f"PROBE/{name(path.egress)}/{_kind(path.place)}/{name(path.place.name)}/{path.level}"
            ),
            Name(f"probe-{number}"),
        )
        for number, path in probed(plan)
    )


def _kind(place: Place) -> str:
    return "CARRIER" if isinstance(place.of, Carrier) else "ROUTE"


Pairs = Iterator[tuple[str, Safe | int]]


def _facts(of_all: Uses, kind: str, prefix: str, of: str, where: str, pairs: Pairs) -> Facts:
    title = comment(" ".join(filter(None, [kind, of, where])))
    known = name(of)
    said = dict(pairs)
    read = (
        key
        for key, by in UNSAID[prefix].items()
        if not by or any(getattr(of_all, one) for one in by)
    )
    said |= {key: EMPTY for key in read if key not in said}
    return Facts(
        title, tuple(Fact(Name(f"{prefix}/{known}/{key}"), got) for key, got in said.items())
    )


def _trunk(order: Order, trunk: Trunk, groups: dict[str, list[int]]) -> Pairs:
    yield "CALLERS", Name("&" + "".join(f"{number}&" for number in groups[trunk.name]))
    if trunk.accept.anyone:
        yield "ANYONE", 1
    yield "EGRESS", _list(trunk.egress)
    yield "EGRESSES", len(trunk.egress)
    yield "ROUTES", _list(trunk.routes)
    yield "COUNT", len(trunk.routes)
    if trunk.order == "route-major":
        yield "ROUTEMAJOR", 1
    if trunk.method != "sequential":
        yield "METHOD", Name(trunk.method)
    if trunk.method == "weighted":
        yield "WEIGHTS", Name("&".join(map(str, trunk.weights)))
        deck = sorted(range(len(trunk.routes)), key=lambda place: trunk.weights[place] != 0)
        yield "DECK", Name("&".join(map(str, deck)))
    yield "RETRY", name(trunk.retry)
    if trunk.deadline is not None:
        yield "DEADLINE", milliseconds(trunk.deadline)
    if trunk.limit is not None and trunk.limit.calls is not None:
        yield "CALLS", trunk.limit.calls
    if trunk.limit is not None and trunk.limit.per_second is not None:
        yield "RATE", trunk.limit.per_second
    if trunk.trusted:
        yield "TRUSTED", 1
    carriers = order.carriers(trunk)
    yield "CARRIERCOUNT", len(carriers)
    if trunk.forward is not None and trunk.forward.number is not None and carriers:
        yield "CARRIERS", _list(one.name for one in carriers)
        yield "FORWARD", dialled(trunk.forward.number)
        yield "FORWARDFROM", name(trunk.forward.egress)


def _place(plan: Plan, of_all: Uses, place: Place, where: str) -> Facts:
    kind = _kind(place)
    pairs = chain(_destinations(place, of_all), _registered(plan, place))
    return _facts(of_all, kind.lower(), kind, place.name, where, pairs)


def _registered(plan: Plan, place: Place) -> Pairs:
    """Who is called where it registered, by which instances."""
    known = place.of.registered if isinstance(place.of, Route) else None
    if known is None:
        return
    registrar, users = _registrars(plan)[known.registrar]
    called = users[known.user.casefold()]
    yield "AOR", aor(f"{called}@{registrar.domain}")
    numbers = instances(plan)
    for level, one in enumerate(registrar.instances):
        number = numbers[registrar.name, one.name]
        is_own = own_transport(plan, one) is not None
        yield f"OWN{level}", Name(f"instance-{number}") if is_own else EMPTY
        yield f"EDGE{level}", EMPTY if is_own else Name(f"-instance-{number}")
        yield f"AT/{at(one)}", level
    own = [n for n, one in enumerate(registrar.instances) if own_transport(plan, one) is not None]
    if own:
        yield "HERE", own[0]


@derived
def _registrars(plan: Plan) -> dict[str, tuple[Registrar, dict[str, str]]]:
    """Each registrar by its name, and its users as it spells them, by how anybody may."""
    return {
        one.name: (one, {user.name.casefold(): user.name for user in reversed(one.users)})
        for one in plan.registrars
    }


def _destinations(place: Place, of_all: Uses) -> Pairs:
    of = place.of
    yield "LEVELS", len(place.destinations)
    is_dialled = not (isinstance(of, Route) and of.registered is not None)
    for number, one in enumerate(place.destinations):
        if is_dialled:
            yield f"USER{number}", dialled(one.user) if one.user is not None else EMPTY
            yield f"REST{number}", _behind_user(one)
            yield f"BY{number}", Name(_transport(one))
        if of_all.families:
            yield f"FAMILY{number}", one.family if one.family is not None else EMPTY
    first = place.destinations[0]
    if not first.is_numeric and first.port is None:
        service = "_sips._tcp" if _transport(first) == "tls" else f"_sip._{_transport(first)}"
        yield "SRV", name(f"{service}.{first.host}")  # RFC 3263 section 4.1
        yield "MORE", dialled(first.rest)
    if of.auth is not None:
        yield "AUTH", Name(f"-{kind_name(place)}")
    if of.trusted:
        yield "TRUSTED", 1
    if isinstance(of, Carrier):
        if of.shaping is not None:
            yield "STRIP", of.shaping.strip
            yield "PREPEND", dialled(of.shaping.prepend)
        if of.limit is not None and of.limit.calls is not None:
            yield "CALLS", of.limit.calls
        if of.limit is not None and of.limit.per_second is not None:
            yield "RATE", of.limit.per_second


def kind_name(place: Place) -> Name:
    """A destination's name among endpoints; routes and carriers may have the same names."""
    return Name(f"{_kind(place).lower()}-{name(place.name)}")


def _transport(one: Destination) -> str:
    return one.transport or "udp"


def _behind_user(one: Destination) -> Dialled:
    """Host, port and parameters. Without a transport, PJSIP would look for one by itself."""
    return dialled(one.behind_user)


def _retry(retry: Retry) -> Pairs:
    yield "NORESPONSE", milliseconds(retry.no_response)
    yield "NOPROGRESS", milliseconds(retry.no_progress)
    yield "NOANSWER", milliseconds(retry.no_answer)
    yield "LONGEST", ceil(retry.no_response + retry.no_progress + retry.no_answer) + 1
    yield "PAUSE", pause_of(retry)
    for point in retry.commit:
        if isinstance(point, CommitOnCode):
            if point.code in (180, 183):
                yield "ONRINGING" if point.code == 180 else "ONPROGRESS", 1
        elif isinstance(point, CommitOn) and point.point != "answer":
            if point.point == "progress":
                yield "ONRINGING", 1
            yield "ONPROGRESS", 1


def pause_of(retry: Retry) -> int:
    """How many milliseconds an attempt's watch waits until it looks again."""
    shortest = min(retry.no_response, retry.no_progress, retry.no_answer)
    return max(50, min(250, round(shortest * 1000 / 16)))


def _address(one: Egress, of_all: Uses) -> Pairs:
    if of_all.carriers:
        yield "AT", dialled(f"{bracketed(one.host)}:{one.port}")
    if of_all.families:
        yield "FAMILY", _family(one.host)


def _list(names: Iterator[str] | tuple[str, ...]) -> Name:
    return Name("&".join(name(one) for one in names))


def _family(host: str) -> int:
    return 6 if ":" in host else 4


def milliseconds(seconds: float) -> int:
    """A time as the dialplan reckons with it."""
    return max(1, round(seconds * 1000))
