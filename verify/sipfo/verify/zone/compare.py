"""A site × what DNS publishes for its domain → what is missing, too much or in the wrong order.

What would surprise: host names are not compared, addresses are. Whoever calls his servers otherwise
than sipfo does publishes the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network
from itertools import pairwise
from typing import Final

from sipfo.compiler.targets.dns.records import NAPTR_SERVICES, SRV_LABELS, Form, zone_records
from sipfo.compiler.targets.dns.site import Service, Site
from sipfo.plan.model import Transport
from sipfo.runtime.question import NaptrRecord, Query
from sipfo.verify.zone.finding import Finding
from sipfo.verify.zone.published import Published

_NEAR: Final = {4: 24, 6: 48}
"""The length of a network that one fault takes out whole, by IP version."""


def compare_site(site: Site, published: Published, form: Form = "srv") -> Iterator[Finding]:
    """All findings of a site, in the order in which a caller would meet them."""
    if form == "srv":
        yield from _naptr(site, published)
        for service in site.services:
            yield from _service(site, service, published)
        yield from _unheard(site, published)
    else:
        for label, address in site.addresses:
            yield from _addresses(f"{label}.{site.domain}", (address,), published)
    yield from near(site.domain, [address for _, address in site.addresses])


def near(name: str, addresses: Sequence[str]) -> Iterator[Finding]:
    """A finding when all of several addresses are in one network."""
    networks = {_network_of(address) for address in addresses}
    if len(set(addresses)) > 1 and len(networks) == 1:
        text = f"all addresses are in {networks.pop()}: one fault takes them all"
        yield Finding("same-network", name, text)


def alias(server: str, of: str, published: Published) -> Iterator[Finding]:
    """A finding when the target of an SRV record is an alias (RFC 2782: "MUST NOT")."""
    found = published.find(Query(server, "A"))
    if found.alias is not None:
        text = f"{of} leads to an alias of {found.alias}: some callers follow none (RFC 2782)"
        yield Finding("alias", f"CNAME {server}", text)


def _naptr(site: Site, published: Published) -> Iterator[Finding]:
    found = published.find(Query(site.domain, "NAPTR"))
    if not found.is_known:
        return  # said where all such answers are
    about = f"NAPTR {site.domain}"
    services = {kind: transport for transport, kind in NAPTR_SERVICES.items()}
    records = [one for one in found.answer.records if isinstance(one, NaptrRecord)]
    records.sort(key=lambda one: (one.order, one.preference))
    # Others, such as those of ENUM or XMPP, are none of ours.
    ours = [one for one in records if one.service.upper().startswith(("SIP+D2", "SIPS+D2"))]
    listed: dict[Transport, NaptrRecord] = {}
    for record in ours:
        transport = services.get(record.service.upper())
        wanted = f"{SRV_LABELS[transport]}.{site.domain}" if transport is not None else ""
        is_right = record.replacement.lower().removesuffix(".") == wanted
        if transport is None or all(one.transport != transport for one in site.services):
            text = f"`{record}` is of a transport that the policy does not listen on"
            yield Finding("extra", about, text)
        elif not is_right or record.flags.lower() != "s" or record.regexp:
            yield Finding("extra", about, f'`{record}` is not `"s" "{record.service}" "" {wanted}`')
        else:
            listed.setdefault(transport, record)
    missing = [one.transport for one in site.services if one.transport not in listed]
    for needed in zone_records(site):
        if needed.kind == "NAPTR" and any(
            f'"{NAPTR_SERVICES[one]}"' in needed.value for one in missing
        ):
            yield Finding("missing", about, f"no `{needed.value}`")
    wanted_order = [one.transport for one in site.services if one.transport in listed]
    if list(listed) != wanted_order:
        text = (
            f"callers prefer {', '.join(listed)}; the policy listens on {', '.join(wanted_order)}"
        )
        yield Finding("order", about, text)


def _service(site: Site, service: Service, published: Published) -> Iterator[Finding]:
    name = f"{SRV_LABELS[service.transport]}.{site.domain}"
    about = f"SRV {name}"
    if not published.find(Query(name, "SRV")).is_known:
        return
    wanted = {
        (address, port): place
        for place, ((_, address), port) in enumerate(
            zip(site.addresses, service.ports, strict=True)
        )
    }
    priorities: dict[int, int] = {}
    for record in published.services(name):
        server = record.target.removesuffix(".")
        yield from alias(server, about, published)
        addresses = published.addresses(server)
        if not addresses and published.find(Query(server, "A")).is_known:
            yield Finding(
                "missing", f"A {server}", f"`{record}` leads to a name without an address"
            )
        for address in addresses:
            place = wanted.get((address, record.port))
            if place is None:
                text = (
                    f"`{record}` leads to {_shown(address, record.port)}, which is not the policy's"
                )
                yield Finding("extra", about, text)
            else:
                priorities[place] = min(record.priority, priorities.get(place, record.priority))
    for (address, port), place in wanted.items():
        if place not in priorities:
            needed = [one.value for one in zone_records(site) if one.name == name][place]
            yield Finding("missing", about, f"nothing leads to {_shown(address, port)}: `{needed}`")
    yield from _order(about, list(wanted), priorities)


def _order(
    about: str, wanted: list[tuple[str, int]], priorities: dict[int, int]
) -> Iterator[Finding]:
    """The first address must have a smaller priority than the second."""
    places = sorted(priorities)
    for one, other in pairwise(places):
        first, second = _shown(*wanted[one]), _shown(*wanted[other])
        if priorities[one] == priorities[other]:
            text = f"{first} and {second} have one priority, so that weights draw which is first"
            yield Finding("order", about, text)
        elif priorities[one] > priorities[other]:
            yield Finding("order", about, f"{second} is tried before {first}")


def _unheard(site: Site, published: Published) -> Iterator[Finding]:
    """SRV records of a transport that the policy does not listen on."""
    heard = {one.transport for one in site.services}
    for transport, label in SRV_LABELS.items():
        if transport in heard:
            continue
        for record in published.services(f"{label}.{site.domain}"):
            text = f"`{record}` is of a transport that the policy does not listen on"
            yield Finding("extra", f"SRV {label}.{site.domain}", text)


def _addresses(name: str, wanted: tuple[str, ...], published: Published) -> Iterator[Finding]:
    """The address records of one host."""
    for kind, version in (("A", 4), ("AAAA", 6)):
        query = Query(name, "A" if kind == "A" else "AAAA")
        found = published.find(query)
        if not found.is_known:
            continue
        there = {one for one in found.answer.records if isinstance(one, str)}
        needed = {one for one in wanted if ip_address(one).version == version}
        for address in sorted(needed - there):
            yield Finding("missing", str(query), f"no `{address}`")
        for address in sorted(there - needed):
            yield Finding("extra", str(query), f"`{address}` is not the policy's")


def _network_of(address: str) -> str:
    length = _NEAR[ip_address(address).version]
    return str(ip_network(f"{address}/{length}", strict=False))


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
