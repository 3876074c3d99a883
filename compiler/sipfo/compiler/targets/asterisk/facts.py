"""The data of a configuration: global variables of the dialplan, which `dialplan reload` reads again.

A variable's name is a path (`TRUNK/acme/ROUTES`), so that the dialplan looks up what a call needs by
the names that it has come to. What would surprise: a list is parted by `&`, which no name and no
part of a URI has in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

from sipfo.compiler.targets.asterisk.encode import (
    Comment,
    Dialled,
    Name,
    comment,
    dialled,
    name,
)
from sipfo.compiler.targets.asterisk.networks import callers
from sipfo.compiler.targets.kamailio.probes import probed
from sipfo.compiler.targets.places import Destination, Place, places
from sipfo.compiler.targets.safe import Safe
from sipfo.compiler.targets.sockets import bracketed
from sipfo.compiler.targets.source import Source
from sipfo.plan.model import Carrier, CommitOn, CommitOnCode, Plan, Retry, Trunk
from sipfo.plan.order import carriers_of

EMPTY: Final = Name("")

UNSAID: Final[Mapping[str, tuple[str, ...]]] = {
    "TRUNK": ("ANYONE", "ROUTEMAJOR", "METHOD", "DEADLINE", "CALLS", "RATE", "TRUSTED"),
    "ROUTE": ("AUTH", "TRUSTED"),
    "CARRIER": ("AUTH", "TRUSTED", "STRIP", "PREPEND", "CALLS", "RATE"),
    "EGRESS": (),
    "RETRY": ("ONRINGING", "ONPROGRESS"),
}
"""Variables that are written empty where a policy does not say them, or those of an earlier compile
would stay. They cannot all be cleared at a reload: for a moment there would be none."""


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
    used = {trunk.retry for trunk in plan.trunks}
    groups: dict[str, list[int]] = {one.name: [] for one in plan.trunks}
    for group in callers(plan):
        for trunk in group.trunks:
            groups[trunk].append(group.number)
    found = [
        _facts("trunk", "TRUNK", one.name, source.trunk(one.name), _trunk(plan, one, groups))
        for one in plan.trunks
    ]
    found += [_place(place, source.destination(place.name)) for place in places(plan)]
    found += [
        _facts(
            "address",
            "EGRESS",
            one.name,
            source.egress(one.name),
            iter(
                [
                    ("AT", dialled(f"{bracketed(one.host)}:{one.port}")),
                    ("FAMILY", _family(one.host)),
                ]
            ),
        )
        for one in plan.egress
    ]
    found += [
        _facts("retry", "RETRY", one.name, source.retry(one.name), _retry(one))
        for one in plan.retries
        if one.name in used
    ]
    return tuple(found)


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


def _facts(kind: str, prefix: str, of: str, where: str, pairs: Pairs) -> Facts:
    title = comment(" ".join(filter(None, [kind, of, where])))
    known = name(of)
    said = dict(pairs)
    said |= {key: EMPTY for key in UNSAID[prefix] if key not in said}
    return Facts(
        title, tuple(Fact(Name(f"{prefix}/{known}/{key}"), got) for key, got in said.items())
    )


def _trunk(plan: Plan, trunk: Trunk, groups: dict[str, list[int]]) -> Pairs:
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
    carriers = carriers_of(plan, trunk)
    yield "CARRIERCOUNT", len(carriers)
    if trunk.forward is not None and trunk.forward.number is not None and carriers:
        yield "CARRIERS", _list(one.name for one in carriers)
        yield "FORWARD", dialled(trunk.forward.number)
        yield "FORWARDFROM", name(trunk.forward.egress)


def _place(place: Place, where: str) -> Facts:
    kind = _kind(place)
    return _facts(kind.lower(), kind, place.name, where, _destinations(place))


def _destinations(place: Place) -> Pairs:
    of = place.of
    yield "LEVELS", len(place.destinations)
    for number, one in enumerate(place.destinations):
        yield f"USER{number}", dialled(one.user) if one.user is not None else EMPTY
        yield f"REST{number}", _behind_user(one)
        yield f"BY{number}", Name(_transport(one))
        yield f"FAMILY{number}", one.family if one.family is not None else EMPTY
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
    shortest = min(retry.no_response, retry.no_progress, retry.no_answer)
    yield "LONGEST", ceil(retry.no_response + retry.no_progress + retry.no_answer) + 1
    yield "PAUSE", max(50, min(250, round(shortest * 1000 / 16)))
    for point in retry.commit:
        if isinstance(point, CommitOnCode):
            if point.code in (180, 183):
                yield "ONRINGING" if point.code == 180 else "ONPROGRESS", 1
        elif isinstance(point, CommitOn) and point.point != "answer":
            if point.point == "progress":
                yield "ONRINGING", 1
            yield "ONPROGRESS", 1


def _list(names: Iterator[str] | tuple[str, ...]) -> Name:
    return Name("&".join(name(one) for one in names))


def _family(host: str) -> int:
    return 6 if ":" in host else 4


def milliseconds(seconds: float) -> int:
    """A time as the dialplan reckons with it."""
    return max(1, round(seconds * 1000))
