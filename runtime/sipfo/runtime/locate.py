"""A SIP URI to the addresses where its server may be reached, in order (RFC 3263 §4).

The lookup is a generator: it yields DNS queries, is sent answers, and returns targets. What would
surprise: all targets use one transport, the first that leads anywhere (§4.1 selects the transport
before the address), so that a dead server is not tried over UDP and then over TCP as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Literal

from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.sip.uri import SipUri
from sipfo.runtime.sip.via import DEFAULT_PORT, TLS_PORT

SUPPORTED = frozenset({"udp", "tcp", "tls"})
"""The transports of this version."""

MOST_SERVICES = 8
MOST_SERVERS = 32
"""NAPTR and SRV records used of one answer: a hostile domain must not cost thousands of queries."""

_SERVICES = {"SIP+D2U": "udp", "SIP+D2T": "tcp", "SIPS+D2T": "tls"}
_SRV_LABELS = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}

_HOST_NAME = re.compile(
    r"""(?:(?!-)[A-Za-z0-9_-]{1,63}(?<!-)\.)*     # labels
        (?=[A-Za-z0-9_-]*[A-Za-z])               # the last one is not a number
        (?!-)[A-Za-z0-9_-]{1,63}(?<!-)""",
    re.VERBOSE,
)

Status = Literal["ok", "nodata", "nxdomain", "servfail", "refused", "timeout"]

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

    def __str__(self) -> str:
        return f"{self.transport}:{encode_host(self.host, self.port)}"


@dataclass(frozen=True, slots=True)
class Query:
    """One DNS question, of class IN."""

    name: str
    kind: Literal["NAPTR", "SRV", "A", "AAAA"]


@dataclass(frozen=True, slots=True)
class SrvRecord:
    """RFC 2782; `target` is a host name, or "." for a service that is not offered."""

    priority: int
    weight: int
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class NaptrRecord:
    """RFC 3403 §4.1."""

    order: int
    preference: int
    flags: str
    service: str
    replacement: str
    regexp: str = ""


Record = SrvRecord | NaptrRecord | str


@dataclass(frozen=True, slots=True)
class Answer:
    """What DNS said; the records (addresses as text) are those of the query's kind."""

    status: Status
    records: tuple[Record, ...] = ()


Draw = Callable[[int], int]
Lookup = Generator[Query, Answer, tuple[Target, ...]]


@dataclass(frozen=True, slots=True)
class _Service:
    """Where a domain's servers for one transport are listed."""

    transport: str
    name: str


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
        return (Target(default, literal, port, host),)
    host = host.removesuffix(".")
    if host == "localhost":  # RFC 6761 §6.3: never asked of the DNS
        return (Target(default, "127.0.0.1", port, host),)
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
            found.setdefault(_Service(transport, name))
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
            found += yield from _addresses(name, server.port, service.transport)
        except Unlocatable as error:
            failure = error
    if not found:
        raise failure
    return _once(found)


def _addresses(name: str, port: int, transport: str) -> Lookup:
    """The addresses of a host, IPv4 before IPv6: trunks are IPv4 first, and few have both."""
    found: list[Target] = []
    worst: Status = "nodata"
    for kind in ("A", "AAAA"):
        answer = yield Query(name, kind)
        literals = (_literal(one) for one in answer.records if isinstance(one, str))
        found += [Target(transport, one, port, name) for one in literals if one is not None]
        if answer.status == "nxdomain":  # holds for every type (RFC 2308 §2.1)
            worst = "nxdomain" if worst == "nodata" else worst
            break
        if answer.status not in ("ok", "nodata"):
            worst = answer.status
    if not found:
        raise _unanswered(name, worst)
    return _once(found)


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
