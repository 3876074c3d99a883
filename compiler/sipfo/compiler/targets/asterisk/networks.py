"""Who may call, as `identify` sections: networks that do not overlap, each with its trunks.

Where one network lies in another, PJSIP would take whichever comes first. So the outer one is cut up
around the inner one, whose callers may do what both allow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

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
    groups: dict[tuple[str, ...], list[Network]] = {}
    for network in allowed:
        names = tuple(
            dict.fromkeys(
                name
                for other, trunks in allowed.items()
                if _inside(network, other)
                for name in trunks
            )
        )
        inner = [one for one in allowed if one != network and _inside(one, network)]
        groups.setdefault(names, []).extend(_without(network, inner))
    return tuple(
        Callers(number, tuple(map(str, _collapsed(networks))), names)
        for number, (names, networks) in enumerate(groups.items(), start=1)
        if networks
    )


def _inside(one: Network, other: Network) -> bool:
    if isinstance(one, IPv4Network):
        return isinstance(other, IPv4Network) and one.subnet_of(other)
    return isinstance(other, IPv6Network) and one.subnet_of(other)


def _without(network: Network, inner: Iterable[Network]) -> list[Network]:
    """What of a network is left when others in it are taken out."""
    left = [network]
    for hole in inner:
        cut: list[Network] = []
        for piece in left:
            if _inside(hole, piece):
                cut.extend(_excluded(piece, hole))
            elif not _inside(piece, hole):
                cut.append(piece)
        left = cut
    return left


def _excluded(piece: Network, hole: Network) -> Iterable[Network]:
    if isinstance(piece, IPv4Network) and isinstance(hole, IPv4Network):
        return piece.address_exclude(hole)
    if isinstance(piece, IPv6Network) and isinstance(hole, IPv6Network):
        return piece.address_exclude(hole)
    return ()


def _collapsed(networks: Iterable[Network]) -> Iterable[Network]:
    found = list(networks)
    yield from collapse_addresses(one for one in found if isinstance(one, IPv4Network))
    yield from collapse_addresses(one for one in found if isinstance(one, IPv6Network))
