"""A SIP URI to the addresses where its server may be reached, in order (RFC 3263 §4).

The lookup is a generator: it yields DNS queries, is sent answers, and returns targets. What would
surprise: all targets use one transport, the first that leads anywhere (§4.1 selects the transport
before the address), so that a dead server is not tried over UDP and then over TCP as well. Both
address families are asked for and returned (RFC 7984 §3.1); which of them an attempt can use is its
egress address's business (`reaches`), so no order between them ever decides anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Literal

from sipfo.runtime.question import (
    WORDS,
    Answer,
    NaptrRecord,
    Query,
    SrvRecord,
    Status,
)
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.sip.remembered import remembered
from sipfo.runtime.sip.uri import SipUri, parse_uri
from sipfo.runtime.sip.via import DEFAULT_PORT, TLS_PORT

SUPPORTED = frozenset({"udp", "tcp", "tls"})
"""The transports of this version."""

MOST_SERVICES = 8
MOST_SERVERS = 32
"""NAPTR and SRV records used of one answer: a hostile domain must not cost thousands of queries."""

MOST_FORESEEN = 8
"""Servers whose addresses are asked for at once; those of the others when it is their turn."""

_SERVICES = {"SIP+D2U": "udp", "SIP+D2T": "tcp", "SIPS+D2T": "tls"}
_SRV_LABELS = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}

_HOST_NAME = re.compile(
    r"""(?:(?!-)[A-Za-z0-9_-]{1,63}(?<!-)\.)*     # labels
        (?=[A-Za-z0-9_-]*[A-Za-z])               # the last one is not a number
        (?!-)[A-Za-z0-9_-]{1,63}(?<!-)""",
    re.VERBOSE,
)

Cause = Literal[
    "bad-host",  # neither an address nor a host name
    "transport",  # one that cannot be used here
    "not-offered",  # the domain says that it has no such service (a target of ".")
    "nxdomain",
    "nodata",
    "servfail",
    "refused",
    "timeout",
    "no-resolver",  # there is no nameserver to ask
]

_WORDS: dict[Cause, str] = {status: word for status, word in WORDS.items() if status != "ok"}

_REASONS: dict[Cause, str] = {
    "nxdomain": "no such name",
    "nodata": "no address",
    "servfail": "the nameserver failed",
    "refused": "the nameserver refused to answer",
    "timeout": "no nameserver answered in time",
}


class Unlocatable(Exception):
    """There is no target; `cause` is the kind of reason, `reason` says it in words."""

    def __init__(self, cause: Cause, reason: str) -> None:
        super().__init__(reason)
        self.cause = cause
        self.reason = reason

    @property
    def said(self) -> str:
        """For notices and records; what DNS said goes first, in its own word."""
        word = _WORDS.get(self.cause)
        return f"unresolvable: {word} ({self.reason})" if word else f"unresolvable: {self.reason}"


@dataclass(frozen=True, slots=True)
class Target:
    """A place to send a request: `host` is an address literal, IPv6 without brackets."""

    transport: str
    host: str
    port: int
    name: str
    """The host name that led here, or the literal itself."""
    identity: str = ""
    """For TLS: the URI's host, which the certificate must be for (RFC 5922 §7.3)."""
    why: str = field(default="", compare=False)
    """The records that led here, for people to read."""

    def __str__(self) -> str:
        return f"{self.transport}:{encode_host(self.host, self.port)}"


Draw = Callable[[int], int]
Lookup = Generator[Query, Answer, tuple[Target, ...]]


@dataclass(frozen=True, slots=True)
class _Service:
    """Where a domain's servers for one transport are listed."""

    transport: str
    name: str
    why: str = field(default="", compare=False)


def locate(uri: SipUri, draw: Draw, transports: frozenset[str] = SUPPORTED) -> Lookup:
    """Yield the queries for a URI, be sent their answers, return targets in the order to try.

    `draw(n)` is a random integer from 0 to n. `transports` limits what may be used, as a request
    too big for UDP needs it (RFC 3261 §18.1.1). An SRV query that failed is not one that found
    nothing: it never leads to the addresses of the bare domain. Raises Unlocatable.
    """
    targets = yield from _locate(uri, draw, transports)
    # RFC 5922 §7.3: what counts is "the original domain portion", not what the DNS made of it.
    proof = _literal(uri.host) or uri.host.removesuffix(".")
    return tuple(replace(one, identity=proof) if one.transport == "tls" else one for one in targets)


@remembered
def at_once(uri: str) -> tuple[Target, ...] | None:
    """The targets of a URI that needs no query; None for one that does. Raises Malformed,
    Unlocatable."""
    questions = locate(parse_uri(uri), _undrawn)
    try:
        next(questions)
    except StopIteration as found:
        targets: tuple[Target, ...] = found.value
        return targets
    questions.close()
    return None


def _undrawn(most: int) -> int:
    """Only answers are drawn from."""
    return 0


def _locate(uri: SipUri, draw: Draw, transports: frozenset[str]) -> Lookup:
    usable = _usable(uri, transports)
    asked = _transport(uri, usable)
    # RFC 3263 §4.1: without a word about it UDP, and TLS for what asks for it alone.
    unasked: list[str] = [one for one in ("udp", "tcp") if one in usable] or ["tls"]
    default = asked or unasked[0]
    port = uri.port or default_port(default)
    host = (uri.param("maddr") or uri.host).removeprefix("[").removesuffix("]")  # RFC 3263 §4
    literal = _literal(host)
    if literal is not None:
        return (Target(default, literal, port, host, why="an address"),)
    host = host.removesuffix(".")
    if host == "localhost":  # RFC 6761 §6.3: never asked of the DNS
        return (Target(default, "127.0.0.1", port, host, why="the loopback"),)
    if not is_host_name(host):
        raise Unlocatable("bad-host", f"{host!r} is neither an address nor a host name")
    if uri.port is not None:  # RFC 3263 §4.2: a port means no SRV
        return (yield from _addresses(host, port, default))
    failures: list[Unlocatable] = []
    foreign = False
    if asked is not None:
        services = [_Service(asked, f"{_SRV_LABELS[asked]}.{host}")]
    else:
        answer = yield Query(host, "NAPTR")
        services, foreign = _services(answer, usable)
        if not services:  # none found, or not known: SRV must be there in any case (§4.1)
            services = [_Service(one, f"{_SRV_LABELS[one]}.{host}") for one in unasked]
    for service in services:
        try:
            targets = yield from _service(service, draw)
        except Unlocatable as failure:
            failures.append(failure)
            continue
        if targets:
            return targets
    if failures:
        raise failures[0]
    if foreign:
        raise Unlocatable("transport", f"{host} offers SIP over other transports only")
    transport = services[0].transport
    return (yield from _addresses(host, default_port(transport), transport))


def default_port(transport: str) -> int:
    """The port where neither URI nor SRV names one (RFC 3261 §19.1.2)."""
    return TLS_PORT if transport == "tls" else DEFAULT_PORT


def _usable(uri: SipUri, transports: frozenset[str]) -> frozenset[str]:
    """The transports that may carry a request to the URI. Raises Unlocatable."""
    usable = transports & SUPPORTED
    if uri.scheme == "sips":
        usable &= {"tls"}
    if not usable:
        raise Unlocatable("transport", f"no transport for {uri.scheme} can be used")
    return usable


def _transport(uri: SipUri, usable: frozenset[str]) -> str | None:
    """The transport that the URI asks for, if any. Raises Unlocatable."""
    asked = uri.param("transport")
    if asked == "tcp" and uri.scheme == "sips":
        asked = "tls"  # RFC 3261 §26.2.2: "transport=tcp" of a sips URI is TLS over TCP
    if asked is not None and asked not in usable:
        raise Unlocatable("transport", f"transport {asked or 'none'} cannot be used")
    return asked


def _services(answer: Answer, transports: frozenset[str]) -> tuple[list[_Service], bool]:
    """The services of a NAPTR answer, preferred first; whether it names SIP that is not ours."""
    found: dict[_Service, None] = {}
    foreign = False
    records = [one for one in answer.records if isinstance(one, NaptrRecord)]
    for record in sorted(records, key=lambda one: (one.order, one.preference)):
        service = record.service.upper()
        if not service.startswith(("SIP+D2", "SIPS+D2")):
            continue
        transport = _SERVICES.get(service)
        name = record.replacement.removesuffix(".")
        if transport is None or transport not in transports:
            foreign = True  # RFC 3263 §4.1: what the client cannot use is discarded
        elif record.flags.lower() == "s" and not record.regexp and is_host_name(name):
            why = f"NAPTR {record.order} {record.preference} {service}, "
            found.setdefault(_Service(transport, name, why))
    return list(found)[:MOST_SERVICES], foreign


def _service(service: _Service, draw: Draw) -> Lookup:
    """The targets of one SRV lookup, none if there are no such records. Raises Unlocatable."""
    answer = yield Query(service.name, "SRV")
    if answer.status not in ("ok", "nodata", "nxdomain"):
        raise _unanswered(service.name, answer.status)
    records = [one for one in answer.records if isinstance(one, SrvRecord)]
    if not records:
        return ()
    servers = [one for one in records if one.target not in ("", ".")]
    if not servers:  # RFC 2782: decidedly not available at this domain
        raise Unlocatable("not-offered", f"{service.name} is not offered")
    failure = Unlocatable("bad-host", f"{service.name} names no usable host and port")
    found: list[Target] = []
    servers = sorted(servers, key=lambda one: one.priority)[:MOST_SERVERS]
    for server in in_order(servers, draw):
        name = server.target.removesuffix(".")
        if not is_host_name(name) or not 1 <= server.port <= 65535:
            continue
        try:
            why = f"{service.why}SRV {server.priority} {server.weight} of {service.name}, "
            found += yield from _addresses(name, server.port, service.transport, why)
        except Unlocatable as error:
            failure = error
    if not found:
        raise failure
    return _once(found)


def _addresses(name: str, port: int, transport: str, why: str = "") -> Lookup:
    """The addresses of a host, of both families (RFC 7984 §3.1: "MUST look up both")."""
    found: list[Target] = []
    worst: Status = "nodata"
    for kind in ("A", "AAAA"):
        query = Query(name, kind)
        answer = yield query
        literals = (_literal(one) for one in answer.records if isinstance(one, str))
        found += [
            Target(transport, one, port, name, why=f"{why}{query}")
            for one in literals
            if one is not None
        ]
        if answer.status == "nxdomain":  # holds for every type (RFC 2308 §2.1)
            worst = "nxdomain" if worst == "nodata" else worst
            break
        if answer.status not in ("ok", "nodata"):
            worst = answer.status
    if not found:
        raise _unanswered(name, worst)
    return _once(found)


def foreseen(query: Query, answer: Answer | None = None) -> tuple[Query, ...]:
    """Questions that a lookup is about to ask after this one, so that they may be asked with it."""
    if answer is None:
        return (Query(query.name, "AAAA"),) if query.kind == "A" else ()
    names = [one.target.removesuffix(".") for one in answer.records if isinstance(one, SrvRecord)]
    names = [one for one in dict.fromkeys(names) if is_host_name(one)][:MOST_FORESEEN]
    return tuple(Query(name, kind) for name in names for kind in ("A", "AAAA"))


def reaches(local: str, target: Target) -> bool:
    """Whether an address of ours can send to a target: both are IPv4, or both IPv6."""
    return (":" in local) == (":" in target.host)


def in_order(records: Iterable[SrvRecord], draw: Draw) -> tuple[SrvRecord, ...]:
    """SRV records by priority, those of one priority drawn by weight (RFC 2782, Weight)."""
    left = sorted(records, key=lambda one: (one.priority, one.weight != 0))  # zero weights first
    ordered: list[SrvRecord] = []
    while left:
        level = [one for one in left if one.priority == left[0].priority]
        total = sum(one.weight for one in level)
        chosen = _at(level, draw(total) if len(level) > 1 and total else 0)
        ordered.append(level[chosen])
        del left[chosen]  # the level stands at the front of what is left
    return tuple(ordered)


def _at(level: Sequence[SrvRecord], drawn: int) -> int:
    """The place of the first record whose running sum of weights reaches the number drawn."""
    running = 0
    for place, record in enumerate(level):
        running += record.weight
        if running >= drawn:
            return place
    return len(level) - 1


def is_host_name(text: str) -> bool:
    """Whether text may be asked of the DNS: not `.1`, nor what is almost an IPv4 address.

    RFC 3261 §25.1 `hostname`, with the underscore that SRV names and container networks use.
    """
    return len(text) <= 253 and _HOST_NAME.fullmatch(text) is not None


@remembered
def _literal(text: str) -> str | None:
    """An address in its canonical form; None for what is none, or has a scope (unsendable)."""
    try:
        return None if "%" in text else str(ip_address(text))
    except ValueError:
        return None


def _once(targets: Iterable[Target]) -> tuple[Target, ...]:
    """Each place once, whichever names lead to it."""
    places: dict[str, Target] = {}
    for target in targets:
        places.setdefault(str(target), target)
    return tuple(places.values())


def _unanswered(name: str, status: Status) -> Unlocatable:
    cause: Cause = "nodata" if status == "ok" else status
    return Unlocatable(cause, f"{name}: {_REASONS[cause]}")
