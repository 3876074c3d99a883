"""Telnyx's JSON to a draft of a policy: a trunk for each connection, as Telnyx carries its calls.

What would surprise: what Telnyx fixes is not in its JSON. The codes come from `import telnyx`, and
its termination carriers stand as one carrier, because a policy cannot forward without one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final, Literal, NamedTuple

from sipfo.compiler.draft.draft import Draft, Kind
from sipfo.compiler.draft.words import a_name
from sipfo.compiler.importing.imported import Imported, Remark
from sipfo.compiler.importing.json_text import Value
from sipfo.compiler.importing.telnyx_records import (
    Connection,
    NumberRecord,
    Records,
    RouteRecord,
    read_records,
)
from sipfo.compiler.targets.telnyx.facts import ANSWER, LIBRARY, REGIONS, RINGBACK
from sipfo.compiler.values.address import parse_ip, unfit
from sipfo.compiler.values.host import host_fault
from sipfo.plan import model

LISTEN: Final = "192.0.2.10"
PLACEHOLDER: Final = "sip:198.51.100.10"
"""Examples from RFC 5737's networks, where the file has nothing."""

CARRIER: Final = "telnyx"
DOMAIN: Final = "sip.telnyx.com"

FAILS_OVER: Final = (408, 480, 503, 504)
STOPS: Final = (404, 486, 603)
TIMED: Final = 5
"""The timer of `telnyx.timed`, in seconds."""

UNDERSTOOD: Final = frozenset(
    {
        *("id", "record_type", "connection_name", "transport_protocol", "call_forwarding"),
        *("created_at", "updated_at", "inbound.default_routing_method", "inbound.sip_region"),
        *("inbound.timeout_1xx_secs", "inbound.timeout_2xx_secs", "inbound.channel_limit"),
        *(
            f"inbound.default_{one}_{kind}_id"
            for kind in ("ip", "fqdn")
            for one in ("primary", "secondary", "tertiary")
        ),
    }
)
"""What becomes part of the policy, or says nothing that one could."""


def read(data: bytes, called: str) -> Imported:
    """The draft of a file. Raises NotImportable."""
    return _Importing(read_records(data), called).imported()


class _Onward(NamedTuple):
    """A number that calls go on to, when they have failed or always."""

    number: str
    always: bool


class _Importing:
    def __init__(self, records: Records, called: str) -> None:
        self._records = records
        self._called = called
        self._remarks = list(records.remarks)
        self._routes: dict[str, model.Route] = {}
        self._retries: dict[str, model.Retry] = {}
        self._egress: dict[str, model.Egress] = {}
        self._trunks: list[model.Trunk] = []
        self._inside: dict[tuple[Kind, str], tuple[str, ...]] = {}
        self._examples = count(1)

    def imported(self) -> Imported:
        """All connections, in the order of the file; a file without one has one that it implies."""
        connections = dict(self._records.connections)
        belonging: list[RouteRecord | NumberRecord] = [
            *self._records.routes.values(),
            *self._records.numbers.values(),
        ]
        for one in belonging:
            implied = Connection(one.connection, one.line)
            if isinstance(one, RouteRecord) and parse_ip(one.host) is None:
                implied.kind = "fqdn"
            connections.setdefault(one.connection, implied)
        if len(self._records.connections) == 1 and "" in connections:
            # Bodies alone name no connection; one that is there is the one that is meant.
            del connections[""]
        for connection in connections.values():
            self._connection(connection)
        has_forward = any(trunk.forward is not None for trunk in self._trunks)
        carrier = model.Carrier(name=CARRIER, destination=f"sip:{DOMAIN}")
        plan = model.Plan(
            listen=(model.Listen(transport="udp", host=LISTEN, port=5060),),
            egress=tuple(self._egress.values()),
            routes=tuple(self._routes.values()),
            carriers=(carrier,) if has_forward else (),
            retries=tuple(self._retries.values()),
            trunks=tuple(self._trunks),
        )
        regions = {name.rpartition(".")[0] for name in self._egress}
        draft = Draft(
            plan,
            heading=(
                f"Calls as Telnyx carries them, from {self._called}.",
                "It fixes the codes that fail over; what the file does not say is an example.",
            ),
            imports=("telnyx",),
            borrowed=frozenset({*regions, *(name for name in self._retries if "." in name)}),
            comments={
                ("listen", ""): ("An example: no call arrives here, Telnyx takes them.",),
                ("carrier", CARRIER): (
                    "Stands for up to ten termination carriers of Telnyx's own.",
                ),
            },
            inside=self._inside,
        )
        return Imported(draft, tuple(sorted(self._remarks, key=lambda one: one.line)))

    def _connection(self, connection: Connection) -> None:
        for key, value in connection.fields.items():
            if key not in UNDERSTOOD and value.it not in (None, "", {}, []):
                said = "is false: the trunk takes calls all the same" if key == "active" else ""
                if key != "active" or value.it is not True:
                    said = said or "is nothing that a policy says: left out"
                    self._remark(value.line, f"`{key[:60]}` {said}")
        region = self._region(connection)
        names = self._routes_of(connection)
        retry = self._retry(connection)
        wanted = _text(connection, "connection_name") or "trunk"
        for target, claims in self._numbers(connection):
            name = a_name(wanted, [one.name for one in self._trunks], "trunk")
            forward = None
            if target is not None:
                forward = model.Forward(
                    number=target.number,
                    carriers=(CARRIER,),
                    egress=f"{region}.primary",
                    always=True if target.always else None,
                )
            self._trunks.append(
                model.Trunk(
                    name=name,
                    numbers=claims,
                    accept=model.Accept(anyone=True),
                    egress=(f"{region}.primary", f"{region}.secondary"),
                    method=self._method(connection),
                    routes=names,
                    retry=retry,
                    limit=self._limit(connection),
                    forward=forward,
                )
            )
            self._lacking(connection, name)

    def _lacking(self, connection: Connection, trunk: str) -> None:
        """What the connection's own `call_forwarding` says, which is the number's in the schema."""
        forwarding = connection.fields.get("call_forwarding")
        kind = "off" if forwarding is None else _kind_of(forwarding)
        if forwarding is None or kind not in ("on-failure", "always"):
            return
        if _number_of(forwarding) is None:
            when = "always" if kind == "always" else "on failure"
            self._inside["trunk", trunk] = (f"{when} forward to +NUMBER via telnyx",)

    def _region(self, connection: Connection) -> str:
        said = _text(connection, "inbound.sip_region") or "US"
        if said not in LIBRARY:
            line = connection.fields["inbound.sip_region"].line
            self._remark(
                line, f"`sip_region` is none that a connection has: {said[:40]!r}; us is taken"
            )
            said = "US"
        region = LIBRARY[said]
        hosts = next(one.pairs[0] for one in REGIONS if one.name == said)
        for which, host in zip(("primary", "secondary"), hosts, strict=True):
            name = f"{region}.{which}"
            self._egress[name] = model.Egress(name=name, host=host, port=5060)
        return region

    def _method(self, connection: Connection) -> Literal["sequential", "round-robin"]:
        said = _text(connection, "inbound.default_routing_method").replace("_", "-")
        if said in ("", "sequential"):
            return "sequential"
        if said == "round-robin":
            return "round-robin"
        line = connection.fields["inbound.default_routing_method"].line
        self._remark(line, f"no routing method: {said[:40]!r}; sequential is taken")
        return "sequential"

    def _limit(self, connection: Connection) -> model.Limit | None:
        calls = self._whole(connection, "inbound.channel_limit", (1, 1_000_000))
        return None if calls is None else model.Limit(calls=calls)

    def _routes_of(self, connection: Connection) -> tuple[str, ...]:
        """The names of a connection's routes: those that it prefers, then the others."""
        of_it = [
            one
            for one in self._records.routes.values()
            if one.connection == connection.id or not one.connection
        ]
        preferred = [
            _text(connection, f"inbound.default_{which}_{connection.kind}_id")
            for which in ("primary", "secondary", "tertiary")
        ]
        places = {one.id: preferred.index(one.id) for one in of_it if one.id in preferred}
        of_it.sort(key=lambda one: places.get(one.id, len(preferred)))
        if self._method(connection) == "sequential" and places and len(places) < len(of_it):
            self._remark(
                of_it[len(places)].line,
                "a route that its connection does not prefer: it comes after those that it does",
            )
        for which in preferred:
            if which and all(one.id != which for one in of_it):
                self._remark(connection.line, f"the route {which[:60]!r} is not in the file")
        found = (name for one in of_it for name in self._route(connection, one))
        names = tuple(dict.fromkeys(found))
        if names:
            return names
        self._remark(
            connection.line, "no route of this connection is in the file: `pbx` is an example"
        )
        return (self._add("pbx", PLACEHOLDER),)

    def _route(self, connection: Connection, record: RouteRecord) -> Iterator[str]:
        """The name of the route that a record becomes, if it can become one."""
        address = parse_ip(record.host)
        fault = unfit(address) if address is not None else host_fault(record.host)
        if fault is not None:
            self._remark(record.line, f"no route: {record.host[:60]!r} is no host that takes calls")
            return
        host = (
            f"[{address}]" if address is not None and address.version == 6 else record.host.lower()
        )
        transport = _text(connection, "transport_protocol").upper() or "UDP"
        if transport not in ("UDP", "TCP", "TLS"):
            line = connection.fields["transport_protocol"].line
            self._remark(line, f"no transport: {transport[:20]!r}; UDP is taken")
            transport = "UDP"
        port = self._port(record, is_name=address is None, transport=transport)
        # Of a name without a port, NAPTR would choose the transport (RFC 3263 §4.1): Telnyx's
        # connection has one.
        is_said = transport != "UDP" or (address is None and port is None)
        parameter = f";transport={transport.lower()}" if is_said else ""
        label = record.host if address is not None else record.host.partition(".")[0]
        named = re.search(r"/([^/}]+)\}$", record.id)
        where = "" if port is None else f":{port}"
        uri = f"sip:{host}{where}{parameter}"
        yield self._add(named[1], uri, is_own=True) if named else self._add(label, uri)

    def _port(self, record: RouteRecord, *, is_name: bool, transport: str) -> int | None:
        """The port that a URI needs: an address has a default, a name without one is looked up."""
        value = record.port.it if record.port is not None else None
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 6:
            value = int(value)
        default = 5061 if transport == "TLS" else 5060
        if value is None:
            return default if is_name and record.record == "a" else None
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 65535:
            self._remark(record.line, f"no port: {str(value)[:20]!r}; left out")
            return None
        return None if value == default and not is_name else value

    def _add(self, wanted: str, uri: str, is_own: bool = False) -> str:
        """A route, which is the one that is there already if that leads to the same place and this
        has no name of its own."""
        for name, route in self._routes.items():
            if route.destinations == (uri,) and (name == wanted or not is_own):
                return name
        name = a_name(wanted, [*self._routes, CARRIER], "route")
        self._routes[name] = model.Route(name=name, destinations=(uri,))
        return name

    def _retry(self, connection: Connection) -> str:
        """The library's policy where it says the same, and else one with these timers."""
        ringback = self._whole(connection, "inbound.timeout_1xx_secs", RINGBACK)
        answer = self._whole(connection, "inbound.timeout_2xx_secs", ANSWER)
        no_answer = model.TIMER_C if answer is None else float(answer)
        if no_answer == model.TIMER_C and ringback in (None, TIMED):
            name = "telnyx.standard" if ringback is None else "telnyx.timed"
        else:
            name = f"telnyx-{ringback or 'standard'}-{answer or int(model.TIMER_C)}"
        self._retries[name] = model.Retry(
            name=name,
            rules=(
                *(_rule(model.OnCode(code=code), "failover") for code in FAILS_OVER),
                _rule(model.OnLocal(outcome="transport-error"), "failover"),
                *(_rule(model.OnCode(code=code), "stop") for code in STOPS),
            ),
            otherwise="stop",
            commit=(model.CommitOnCode(code=180),),
            no_response=model.T1_64 if ringback is None else float(ringback),
            no_progress=model.TIMER_C if ringback is None else float(ringback),
            no_answer=no_answer,
        )
        if ringback is not None and ringback > model.T1_64:
            line = connection.fields["inbound.timeout_1xx_secs"].line
            self._remark(line, "silence ends an attempt after 32 s (Timer B), whatever this says")
            self._retries[name] = self._retries[name].model_copy(
                update={"no_response": model.T1_64}
            )
        return name

    def _whole(self, connection: Connection, key: str, bounds: tuple[int, int]) -> int | None:
        value = connection.fields.get(key)
        if value is None or value.it is None:
            return None
        first, last = bounds
        if (
            isinstance(value.it, int)
            and not isinstance(value.it, bool)
            and first <= value.it <= last
        ):
            return value.it
        self._remark(value.line, f"`{key}` is not {first} to {last}: left out")
        return None

    def _numbers(
        self, connection: Connection
    ) -> list[tuple[_Onward | None, tuple[model.Numbers, ...]]]:
        """A connection's numbers by where they are forwarded; what has none gets an example."""
        forwards: dict[_Onward | None, list[str]] = {}
        own = connection.fields.get("call_forwarding")
        if own is not None:
            self._remark(
                own.line,
                "`call_forwarding` is the number's in the API's schema (telnyx-python,"
                " phone_numbers/call_forwarding.py), and the connection's on Telnyx's page about"
                " failover and retries: read as every number's",
            )
        implied = self._forward(own)
        for one in self._records.numbers.values():
            if one.connection not in (connection.id, ""):
                continue
            if re.fullmatch(r"\+[1-9][0-9]{0,14}", one.number) is None:
                self._remark(one.line, f"no telephone number: {one.number[:40]!r}")
                continue
            target = implied if one.forwarding is None else self._forward(one.forwarding)
            forwards.setdefault(target, []).append(one.number)
        if forwards:
            return [(target, tuple(_claims(numbers))) for target, numbers in forwards.items()]
        self._remark(
            connection.line, "no number of this connection is in the file: an example is taken"
        )
        example = next(self._examples)
        claim = model.NumberPrefix(prefix=f"+999000{example:02}")
        return [(implied, (model.AnyNumber() if example == 1 else claim,))]

    def _forward(self, forwarding: Value | None) -> _Onward | None:
        """Where calls go on to."""
        if forwarding is None or (kind := _kind_of(forwarding)) == "off":
            return None
        if kind not in ("on-failure", "always"):
            self._remark(forwarding.line, f"no kind of forwarding: {kind[:40]!r}")
            return None
        number = _number_of(forwarding)
        if number is None:
            text = "`forwards_to` is missing, or no number: say where such calls go"
            self._remark(forwarding.line, text)
            return None
        return _Onward(number, kind == "always")

    def _remark(self, line: int, text: str) -> None:
        remark = Remark(line, text)
        if remark not in self._remarks:
            self._remarks.append(remark)


def _rule(match: model.Match, verdict: model.Verdict) -> model.Rule:
    return model.Rule(match=match, verdict=verdict)


def _kind_of(forwarding: Value) -> str:
    """on-failure, always or off, in either spelling."""
    enabled = forwarding.get("call_forwarding_enabled")
    kind = forwarding.get("forwarding_type")
    if (enabled is not None and enabled.it is False) or kind is None or kind.text in ("", "off"):
        return "off"
    return kind.text.replace("_", "-")


def _number_of(forwarding: Value) -> str | None:
    number = forwarding.get("forwards_to")
    found = re.fullmatch(r"\+[1-9][0-9]{0,14}", number.text) if number is not None else None
    return None if found is None else found[0]


def _text(connection: Connection, key: str) -> str:
    value = connection.fields.get(key)
    return "" if value is None else value.text


def _claims(numbers: Sequence[str]) -> Iterator[model.Numbers]:
    """Numbers as ranges where they follow one another."""
    left = sorted(set(numbers), key=lambda one: (len(one), one))
    while left:
        first = last = left.pop(0)
        while left and len(left[0]) == len(last) and int(left[0][1:]) == int(last[1:]) + 1:
            last = left.pop(0)
        if first == last:
            yield model.NumberPrefix(prefix=first)
        else:
            yield model.NumberRange(first=first, last=last)
