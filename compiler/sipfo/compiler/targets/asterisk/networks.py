"""Who may call, as `identify` sections: networks that do not overlap, each with its trunks.

Where one network lies in another, PJSIP would take whichever comes first. So the outer one is cut up
around the inner one, whose callers may do what both allow. One pass over them in order of address,
the outer before the inner: the cost does not grow with their number, only with how deep they lie.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    ip_network,
    summarize_address_range,
)

from sipfo.plan.model import Plan

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Callers:
    """A group of callers: their networks, and the trunks whose calls they may place."""

    number: int
    networks: tuple[str, ...]
    trunks: tuple[str, ...]


def callers(plan: Plan) -> tuple[Callers, ...]:
    """The groups, numbered from 1, in the order of the policy; no address is in two of them."""
    allowed: dict[Network, list[str]] = {}
    for trunk in plan.trunks:
        for text in trunk.accept.networks:
            allowed.setdefault(ip_network(text), []).append(trunk.name)
    ranks = {network: rank for rank, network in enumerate(allowed)}
    around, within = _nested(allowed)
    groups: dict[tuple[str, ...], list[Network]] = {}
    for network in allowed:
        holding = sorted(_chain(network, around), key=ranks.__getitem__)
        names = tuple(dict.fromkeys(name for other in holding for name in allowed[other]))
        groups.setdefault(names, []).extend(_without(network, within[network]))
    return tuple(
        Callers(number, tuple(map(str, _collapsed(networks))), names)
        for number, (names, networks) in enumerate(groups.items(), start=1)
        if networks
    )


def _nested(
    networks: Iterable[Network],
) -> tuple[dict[Network, Network | None], dict[Network, list[Network]]]:
    """Of each network the next one that it lies in, and those next in it, in order of address."""
    around: dict[Network, Network | None] = {}
    within: dict[Network, list[Network]] = {}
    open_: list[Network] = []
    for network in sorted(networks, key=lambda one: (one.version, _ends(one)[0], one.prefixlen)):
        while open_ and not _inside(network, open_[-1]):
            open_.pop()
        around[network] = open_[-1] if open_ else None
        within[network] = []
        if open_:
            within[open_[-1]].append(network)
        open_.append(network)
    return around, within


def _chain(network: Network | None, around: dict[Network, Network | None]) -> Iterator[Network]:
    """A network, and each that it lies in."""
    while network is not None:
        yield network
        network = around[network]


def _ends(network: Network) -> tuple[int, int]:
    """The first and last address as numbers."""
    return int(network.network_address), int(network.broadcast_address)


def _inside(one: Network, other: Network) -> bool:
    (first, last), (begins, ends) = _ends(one), _ends(other)
    return one.version == other.version and begins <= first and last <= ends


def _without(network: Network, inner: Iterable[Network]) -> Iterator[Network]:
    """What of a network is left when others in it, in order and none in another, are taken out."""
    begins, ends = _ends(network)
    for hole in inner:
        first, last = _ends(hole)
        yield from _between(network, begins, first - 1)
        begins = last + 1
    yield from _between(network, begins, ends)


def _between(network: Network, first: int, last: int) -> Iterator[Network]:
    """The networks from one address to another, those included; none if there is none between."""
    if first <= last and isinstance(network, IPv4Network):
        yield from summarize_address_range(IPv4Address(first), IPv4Address(last))
    elif first <= last:
        yield from summarize_address_range(IPv6Address(first), IPv6Address(last))


def _collapsed(networks: Iterable[Network]) -> Iterable[Network]:
    found = list(networks)
    yield from collapse_addresses(one for one in found if isinstance(one, IPv4Network))
    yield from collapse_addresses(one for one in found if isinstance(one, IPv6Network))
