"""A policy's names × DNS → where callers, and sipfo's own attempts, are led, and all findings.

Two kinds of names: the domains by which callers find the policy's addresses (sites), and the host
names of its routes and carriers. Both are looked up as a caller does it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from sipfo.compiler.targets.dns.records import SRV_LABELS, Form
from sipfo.compiler.targets.dns.site import Site
from sipfo.plan.model import Plan
from sipfo.runtime.locate import Target, Unlocatable
from sipfo.runtime.question import WORDS
from sipfo.runtime.sip.uri import SipUri, parse_uri
from sipfo.verify.zone.compare import alias, compare_site, near
from sipfo.verify.zone.finding import Finding
from sipfo.verify.zone.published import Published

SHORTEST: Final = 30
LONGEST: Final = 3600
"""Bounds of the time that a record may be remembered, in seconds: what is looked up for every call,
and the hour that zones commonly have."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a URI leads, in the order in which its targets are tried; or why it leads nowhere, which
    `is_known` unless a question had no answer."""

    what: str
    uri: str
    targets: tuple[Target, ...]
    failure: str = ""
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Survey:
    """All ways, and all findings in the order in which they were met."""

    ways: tuple[Way, ...]
    findings: tuple[Finding, ...]


def most_seconds(longest_wait: float) -> int:
    """The failover budget, and so how long a record may be remembered: as long as a caller waits,
    within bounds. An address that is taken out of a zone is then gone for whoever calls again."""
    return max(SHORTEST, min(LONGEST, int(longest_wait)))


def survey(
    plan: Plan,
    sites: Sequence[Site],
    published: Published,
    most: int,
    form: Form = "srv",
) -> Survey:
    """Look everything up; `most` is the longest time in seconds that a record may be remembered."""
    ways: list[Way] = []
    findings: list[Finding] = []
    for site in sites:
        ways += [_way(what, uri, published) for what, uri in _callers(site, form)]
        findings += compare_site(site, published, form)
    for what, uri in _names(plan):
        way = _way(what, uri, published)
        ways.append(way)
        findings += _of_name(way, published)
    findings += _unanswered(published)
    findings += _remembered(published, most)
    return Survey(tuple(ways), tuple(dict.fromkeys(findings)))


def _callers(site: Site, form: Form) -> Iterator[tuple[str, str]]:
    """The URIs by which callers reach a site."""
    if form == "srv":
        yield "callers", f"sip:{site.domain}"
        if any(one.transport == "tls" for one in site.services) and len(site.services) > 1:
            yield "callers by TLS", f"sip:{site.domain};transport=tls"
        return
    for label, _ in site.addresses:
        service = site.services[0]
        port = service.ports[[one for one, _ in site.addresses].index(label)]
        yield "callers", f"sip:{label}.{site.domain}:{port};transport={service.transport}"


def _names(plan: Plan) -> Iterator[tuple[str, str]]:
    """The URIs of routes and carriers whose host is a name."""
    for route in plan.routes:
        for uri in route.destinations:
            if _host(uri) is not None:
                yield f"route {route.name}", uri
    for carrier in plan.carriers:
        if _host(carrier.destination) is not None:
            yield f"carrier {carrier.name}", carrier.destination


def _host(uri: str) -> str | None:
    """The host name of a URI; None for an address."""
    host = parse_uri(uri).host
    try:
        ip_address(host)
    except ValueError:
        return host.removesuffix(".").lower()
    return None


def _way(what: str, uri: str, published: Published) -> Way:
    try:
        return Way(what, uri, published.order(parse_uri(uri)))
    except Unlocatable as failure:
        is_known = failure.cause not in ("servfail", "refused", "timeout")
        return Way(what, uri, (), failure.reason, is_known)


def _of_name(way: Way, published: Published) -> Iterator[Finding]:
    """What is to be said of a route's or carrier's name."""
    uri = parse_uri(way.uri)
    about = f"{way.what}: {way.uri}"
    if way.failure and way.is_known:
        yield Finding("missing", about, way.failure)
    if uri.port is not None:
        yield from _port(uri, about, published)
    yield from near(about, [target.host for target in way.targets])
    for query in [one for one in published.seen if one.kind == "SRV"]:
        if query.name.endswith(f".{_host(way.uri)}"):
            for record in published.services(query.name):
                yield from alias(record.target.removesuffix("."), str(query), published)


def _port(uri: SipUri, about: str, published: Published) -> Iterator[Finding]:
    """RFC 3263 §4.2: with a port, there is no SRV look-up; that matters where SRV has more."""
    transport = uri.param("transport") or "udp"
    label = next((text for one, text in SRV_LABELS.items() if one == transport), None)
    host = uri.host.removesuffix(".")
    records = published.services(f"{label}.{host}") if label is not None else ()
    if records:
        count = f"{len(records)} SRV record{'s' if len(records) > 1 else ''} of {label}.{host}"
        yield Finding("port", about, f"the port switches SRV off: {count} are never looked at")


def _unanswered(published: Published) -> Iterator[Finding]:
    for query, found in published.seen.items():
        if not found.is_known:
            yield Finding("unanswered", str(query), WORDS[found.answer.status])


def _remembered(published: Published, most: int) -> Iterator[Finding]:
    for query, found in published.seen.items():
        if found.ttl is not None and found.ttl > most:
            text = f"remembered for {found.ttl} s, the failover budget is {most} s"
            yield Finding("ttl", str(query), text)
