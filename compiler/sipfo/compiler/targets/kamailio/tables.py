"""The data of a configuration: `db_text` tables and lists, which reload without a restart.

Everything that operators change is here, and every look-up takes the same time whatever their number.
What would surprise: each row ends with the source line that it comes from, a column that no module
reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final, Protocol

from sipfo.compiler.targets.kamailio.encode import comment, field
from sipfo.compiler.targets.kamailio.probes import probed
from sipfo.compiler.targets.names import plain_names
from sipfo.compiler.targets.numbers import (
    declared_prefixes,
    range_prefixes,
    taker_of_any,
)
from sipfo.compiler.targets.places import Place, carrier_key, places, route_key
from sipfo.compiler.targets.safe import CannotSay
from sipfo.compiler.targets.sockets import bracketed, sender, socket, transports
from sipfo.plan.construct import MOST_BRANCHES
from sipfo.plan.model import Carrier, Plan, Registrar, Retry, Route, Trunk
from sipfo.plan.order import Order

HTABLE: Final = (
    "id(int,auto)",
    "key_name(string)",
    "key_type(int)",
    "value_type(int)",
    "key_value(string)",
    "expires(int)",
    "source(string)",
)
MTREE: Final = ("id(int,auto)", "tprefix(string)", "tvalue(string)", "source(string)")
VERSION: Final = ("id(int,auto)", "table_name(string)", "table_version(int)")
VERSIONS: Final = {HTABLE: 2, MTREE: 1}
"""What `htable` and `mtree` of Kamailio 5.6 want to find in the table `version`."""

DAY: Final = 86400.0
STRING: Final = 0
INTEGER: Final = 1

Value = str | int
Rows = Iterator[tuple[str, Value, str]]
"""Key, value, and the source line."""


class Origin(Protocol):
    """Where the policy says something, as `first.sipfo:9`; "" where there is no saying."""

    def trunk(self, trunk: str) -> str: ...
    def destination(self, place: str) -> str: ...
    def egress(self, egress: str) -> str: ...
    def retry(self, retry: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is looked up by a whole key, or by the longest prefix of a number."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, Value, str], ...]

    @property
    def size(self) -> int:
        """The power of two of `htable`'s slots: about one for every row."""
        return max(4, min(20, len(self.rows).bit_length()))


def tables(plan: Plan, origin: Origin) -> tuple[Table, ...]:
    """Every table that the plan needs; the keys of one table are all different."""
    found = [
        Table("trunk", HTABLE, tuple(_trunks(plan, origin))),
        Table("destination", HTABLE, tuple(_destinations(plan, origin))),
        Table("registrar", HTABLE, tuple(_registrars(plan))),
        Table("egress", HTABLE, tuple(_egress(plan, origin))),
        Table("probe", HTABLE, tuple(_probes(plan, origin))),
        Table("retry", HTABLE, tuple(_retries(plan, origin))),
        Table("range", MTREE, tuple(_claims(range_prefixes(plan), origin))),
        Table("prefix", MTREE, tuple(_claims(declared_prefixes(plan), origin))),
    ]
    return tuple(one for one in found if one.rows)


def secrets_table(plan: Plan, secrets: Mapping[str, str], origin: Origin) -> Table | None:
    """The passwords that the configuration needs to know; None without any."""
    rows = tuple(_secrets(plan, secrets, origin))
    return Table("secret", HTABLE, rows) if rows else None


def written(table: Table) -> str:
    """A table as `db_text` reads it. Raises CannotSay."""
    lines = [" ".join(table.columns)]
    for number, (key, value, source) in enumerate(table.rows, start=1):
        cells = [str(number), field(key)]
        if table.columns is HTABLE:
            kind = INTEGER if isinstance(value, int) else STRING
            cells += [str(STRING), str(kind), field(str(value)), "0"]
        else:
            cells.append(field(str(value)))
        lines.append("|".join([*cells, field(source or "-")]))
    return "\n".join(lines) + "\n"


def most_rows(found: Sequence[Table]) -> int:
    """How long a table may grow before Kamailio has to be started again. A place is kept for each
    row while a table is read, 8 octets."""
    longest = max((len(one.rows) for one in found), default=0)
    return max(1_000_000, 1 << (2 * longest).bit_length())


def shared_memory(found: Sequence[Table]) -> int:
    """MB of shared memory: for calls, and for every row twice, since a reload reads beside."""
    return 2048 + sum(len(one.rows) for one in found) * 2048 // 2**20


def own_memory(found: Sequence[Table]) -> int:
    """MB of a process's own memory, in which a whole table is read."""
    longest = max((len(one.rows) for one in found), default=0)
    return 32 + most_rows(found) * 8 // 2**20 + longest * 1024 // 2**20


def versions(found: Iterable[Table]) -> str:
    """The table of the tables' versions, which some modules ask for."""
    lines = [" ".join(VERSION)]
    lines += [f"{n}|{one.name}|{VERSIONS[one.columns]}" for n, one in enumerate(found, start=1)]
    return "\n".join(lines) + "\n"


def address_list(plan: Plan, origin: Origin) -> str:
    """The networks that may place calls, a group for each trunk, as `permissions` reads them."""
    lines = ["# group, network, prefix length, port (0 is any), trunk"]
    for group, trunk in groups(plan):
        lines.append(f"# {comment(f'{trunk.name} {origin.trunk(trunk.name)}'.strip())}")
        for network in map(ip_network, trunk.accept.networks):
            host = str(network.network_address)
            lines.append(f"{group} {bracketed(host)} {network.prefixlen} 0 {trunk.name}")
    return "\n".join(lines) + "\n"


def most_networks(plan: Plan) -> int:
    """How many networks there may be before Kamailio has to be started again."""
    found = sum(len(trunk.accept.networks) for trunk in plan.trunks)
    return max(16384, 1 << (2 * found).bit_length())


def groups(plan: Plan) -> Iterator[tuple[int, Trunk]]:
    """The trunks that accept networks, numbered from 1."""
    yield from enumerate((one for one in plan.trunks if one.accept.networks), start=1)


def _trunks(plan: Plan, origin: Origin) -> Rows:
    group_of = {trunk.name: group for group, trunk in groups(plan)}
    order, names = Order(plan), retry_names(plan)
    anybody = taker_of_any(plan)
    if anybody is not None:
        yield "any", anybody.name, origin.trunk(anybody.name)
    for trunk in plan.trunks:
        for key, value in _facts(order, trunk, group_of.get(trunk.name), names[trunk.retry]):
            yield f"{trunk.name}:{key}", value, origin.trunk(trunk.name)


def _facts(
    order: Order, trunk: Trunk, group: int | None, retry: str
) -> Iterator[tuple[str, Value]]:
    if trunk.accept.anyone:
        yield "anyone", 1
    if group is not None:
        yield "group", group
    if trunk.accept.credentials:
        yield "credentials", 1
    yield "egress", ",".join(trunk.egress)
    yield "egresses", len(trunk.egress)
    yield "routes", ",".join(route_key(name) for name in trunk.routes)
    yield "count", len(trunk.routes)
    yield "steps", len(trunk.egress) * len(trunk.routes)
    if trunk.order == "route-major":
        yield "route-major", 1
    if trunk.method != "sequential":
        yield "method", trunk.method
    if trunk.method == "weighted":
        yield "weights", ",".join(map(str, trunk.weights))
        deck = sorted(range(len(trunk.routes)), key=lambda place: trunk.weights[place] != 0)
        yield "deck", ",".join(map(str, deck))
    yield "retry", retry
    if trunk.deadline is not None:
        yield "deadline", milliseconds(trunk.deadline)
    if trunk.limit is not None and trunk.limit.calls is not None:
        yield "limit-calls", trunk.limit.calls
    if trunk.limit is not None and trunk.limit.per_second is not None:
        yield "limit-rate", trunk.limit.per_second
    if trunk.trusted:
        yield "trusted", 1
    carriers = order.carriers(trunk)
    if trunk.forward is not None and trunk.forward.number is not None and carriers:
        yield "forward", trunk.forward.number
        yield "forward-from", trunk.forward.egress
        yield "carriers", ",".join(carrier_key(one.name) for one in carriers)
        yield "carrier-count", len(carriers)


def _destinations(plan: Plan, origin: Origin) -> Rows:
    registrars = {one.name: one for one in plan.registrars}
    for place in places(plan):
        for key, value in (*_place_facts(place), *_registered_facts(plan, registrars, place)):
            yield f"{place.key}:{key}", value, origin.destination(place.name)


def _place_facts(place: Place) -> Iterator[tuple[str, Value]]:
    of = place.of
    yield "count", len(place.destinations)
    for number, one in enumerate(place.destinations):
        if one.user is not None:
            yield f"{number}:user", one.user
        yield f"{number}:rest", one.behind_user
        if one.is_numeric:
            yield f"{number}:target", one.next_hop
            yield f"{number}:family", one.family or 4
        else:
            yield f"{number}:name", one.host
            if one.port is not None:
                yield f"{number}:port", one.port
            if one.transport is not None:
                yield f"{number}:transport", one.transport
    if of.auth is not None:
        yield "auth-user", of.auth.user
    if of.trusted:
        yield "trusted", 1
    if isinstance(of, Carrier):
        if of.shaping is not None:
            yield "strip", of.shaping.strip
            if of.shaping.prepend:
                yield "prepend", of.shaping.prepend.replace("#", "%23")
        if of.limit is not None and of.limit.calls is not None:
            yield "limit-calls", of.limit.calls
        if of.limit is not None and of.limit.per_second is not None:
            yield "limit-rate", of.limit.per_second


def _registered_facts(
    plan: Plan, registrars: Mapping[str, Registrar], place: Place
) -> Iterator[tuple[str, Value]]:
    """Whom a route to a registered user asks for, and which instances are this machine's own."""
    registered = place.of.registered if isinstance(place.of, Route) else None
    if registered is None:
        return
    registrar = registrars[registered.registrar]
    yield "aor", f"sip:{registered.user}@{registrar.domain.lower()}"
    for number, instance in enumerate(registrar.instances):
        here = [
            one for one in plan.listen if (one.host, one.port) == (instance.host, instance.port)
        ]
        for one in sorted(here, key=lambda one: one.transport != "udp")[:1]:
            yield f"{number}:own", socket(one.transport, one.host, one.port)


def _registrars(plan: Plan) -> Rows:
    for registrar in plan.registrars:
        yield registrar.domain.lower(), registrar.name, ""


def _egress(plan: Plan, origin: Origin) -> Rows:
    for one in plan.egress:
        source = origin.egress(one.name)
        for transport in sorted(transports(plan)):
            yield f"{one.name}:{transport}", sender(one, transport), source
        yield f"{one.name}:family", 6 if ":" in one.host else 4, source


def _probes(plan: Plan, origin: Origin) -> Rows:
    for number, path in probed(plan):
        yield (
            path.key,
            number,
            origin.destination(path.place.name),
        )


def _retries(plan: Plan, origin: Origin) -> Rows:
    names = retry_names(plan)
    for retry in plan.retries:
        if retry.name in names:
            for key, seconds in _timers(retry):
                named = f"{names[retry.name]}:{key}"
                yield named, milliseconds(seconds), origin.retry(retry.name)


def retry_names(plan: Plan) -> dict[str, str]:
    """What each retry policy that is used is called in the configuration."""
    used = {trunk.retry for trunk in plan.trunks}
    return plain_names(retry.name for retry in plan.retries if retry.name in used)


def _timers(retry: Retry) -> Iterator[tuple[str, float]]:
    """The timers of an attempt in seconds, and the longest time that all attempts take together: by
    itself tm would end a call after 180 s."""
    yield "no-response", retry.no_response
    yield "no-progress", retry.no_progress
    yield "no-answer", retry.no_answer
    attempt = retry.no_response + retry.no_progress + retry.no_answer
    yield "all", min(DAY, MOST_BRANCHES * attempt)


def _claims(claims: Iterable[tuple[str, Trunk]], origin: Origin) -> Rows:
    for prefix, trunk in claims:
        yield prefix, trunk.name, origin.trunk(trunk.name)


def _secrets(plan: Plan, secrets: Mapping[str, str], origin: Origin) -> Rows:
    for trunk in plan.trunks:
        known: dict[str, str] = {}
        for one in trunk.accept.credentials:
            password = known.setdefault(one.user, secrets[one.secret])
            if password != secrets[one.secret]:
                raise CannotSay(f"`{trunk.name}`: Kamailio takes one password of `{one.user}`")
        for user, password in known.items():
            yield f"{trunk.name}:{user}", password, origin.trunk(trunk.name)
    for registrar in plan.registrars:
        for known_user in registrar.users:
            yield f"@{registrar.domain.lower()}:{known_user.name}", secrets[known_user.secret], ""
    for place in places(plan):
        if place.of.auth is not None:
            yield place.key, secrets[place.of.auth.secret], origin.destination(place.name)


def milliseconds(seconds: float) -> int:
    """Kamailio's timers take whole milliseconds, and none of them is 0."""
    return max(1, round(seconds * 1000))
