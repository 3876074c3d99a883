"""What a policy says to DNS: a domain, its signalling addresses in failover order, and the transports
that are listened on.

A region that has a domain and is the policy's own is such a site. What would surprise: a library's
region is not, because its domain is the provider's; with a domain that was asked for, the region
that trunks send from stands for it, and without a region the addresses that are listened on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sipfo.compiler import policy
from sipfo.compiler.lower import egress_names, listen_port
from sipfo.compiler.targets.safe import CannotSay
from sipfo.compiler.values.address import parse_ip
from sipfo.compiler.values.host import host_fault
from sipfo.grammar.tree import LibraryName
from sipfo.plan.model import Transport

_LABELS: Final = ("primary", "secondary")
_LONGEST: Final = 253
"""Characters of a domain name, RFC 1035 §2.3.4."""

_BEFORE: Final = len("_sips._tcp.")


@dataclass(frozen=True, slots=True)
class Service:
    """A transport, and the port of each address for it."""

    transport: Transport
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A domain in lower case; `addresses` are a label and an address each, the first is tried
    first; `services` are in the order in which the policy listens."""

    domain: str
    addresses: tuple[tuple[str, str], ...]
    services: tuple[Service, ...]


def sites(source: policy.Policy, domain: str | None = None) -> tuple[Site, ...]:
    """The sites of a policy without errors, or the one that stands for `domain`. Raises
    CannotSay."""
    if domain is not None:
        return (_site(source, _checked(domain), _asked(source)),)
    found = tuple(
        _site(source, region.domain, _addresses(region))
        for region in source.regions
        if region.domain is not None and not isinstance(region.name, LibraryName)
    )
    if not found:
        raise CannotSay(
            "no region of the policy has a domain of yours: write `domain sip.example.com` into the"
            " region, or give `--domain sip.example.com`"
        )
    return found


def _site(source: policy.Policy, domain: str, addresses: tuple[str, ...]) -> Site:
    domain = domain.removesuffix(".")
    if len(domain) + max(_BEFORE, len("secondary.")) > _LONGEST:
        raise CannotSay(f"`{domain}` is too long to have names below it")
    labels = [
        _LABELS[place] if place < len(_LABELS) else f"address-{place + 1}"
        for place in range(len(addresses))
    ]
    transports = dict.fromkeys(listen.transport for listen in source.listens)
    services = tuple(
        Service(transport, tuple(_port(source, transport, host) for host in addresses))
        for transport in transports
    )
    return Site(domain, tuple(zip(labels, addresses, strict=True)), services)


def _port(source: policy.Policy, transport: Transport, host: str) -> int:
    """The port of an address: its own `listen`, or the first one of the transport."""
    of_it = [one for one in source.listens if one.transport == transport]
    own = [one for one in of_it if one.endpoint.host == host]
    return listen_port((own or of_it)[0])


def _asked(source: policy.Policy) -> tuple[str, ...]:
    """The addresses of the region that trunks send from; of `listen`, if there is none."""
    regions = {region.name.text: region for region in source.regions}
    used = dict.fromkeys(_regions_of(source, regions))
    if len(used) > 1:
        names = ", ".join(f"`{name}`" for name in used)
        raise CannotSay(f"one domain, and trunks send from {names}: give each its own `domain`")
    if used:
        return _addresses(regions[next(iter(used))])
    return tuple(dict.fromkeys(listen.endpoint.host for listen in source.listens))


def _regions_of(source: policy.Policy, regions: dict[str, policy.Region]) -> Iterator[str]:
    for trunk in source.trunks:
        for name in egress_names(regions, trunk):
            region = name.rpartition(".")[0]
            if region:
                yield region


def _addresses(region: policy.Region) -> tuple[str, ...]:
    both = (region.primary, region.secondary)
    return tuple(dict.fromkeys(one.host for one in both if one is not None))


def _checked(domain: str) -> str:
    fault = host_fault(domain)
    if fault is not None or parse_ip(domain) is not None:
        raise CannotSay(fault or f"an address, not a domain: `{domain}`")
    return domain.lower()
