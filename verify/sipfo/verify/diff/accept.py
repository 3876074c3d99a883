"""Two trunks' `accept` to a caller that one takes and the other does not.

Exact on networks: they are compared as sets of addresses, so that two halves are the whole. A
credential is compared by its user; which secret that is, is no matter of one call.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    ip_network,
)

from sipfo.plan.model import Accept

_Stretch = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Door:
    """A caller that only one of two trunks takes: an address, or the user of a credential."""

    caller: str
    kind: str
    before: bool


def doors(old: Accept, new: Accept) -> tuple[Door, ...]:
    """Callers that are taken by one and not by the other: an address that is no longer taken, one
    that now is, and each user; nothing when both take the same."""
    before, after = _Addresses(old), _Addresses(new)
    lost, won = before.beyond(after), after.beyond(before)
    found = [Door(lost, "address", True)] if lost else []
    found += [Door(won, "address", False)] if won else []
    # Whoever comes from anywhere needs no credential, so that none makes a difference.
    users_old = set() if before.all else {one.user for one in old.credentials}
    users_new = set() if after.all else {one.user for one in new.credentials}
    if not after.all:
        found += [Door(user, "credential", True) for user in sorted(users_old - users_new)]
    if not before.all:
        found += [Door(user, "credential", False) for user in sorted(users_new - users_old)]
    return tuple(found)


class _Addresses:
    """The addresses that an `accept` takes without asking, as stretches that do not touch."""

    def __init__(self, accept: Accept) -> None:
        networks = [ip_network(text) for text in accept.networks]
        if accept.anyone:
            networks = [IPv4Network((0, 0)), IPv6Network((0, 0))]
        four = collapse_addresses(one for one in networks if isinstance(one, IPv4Network))
        six = collapse_addresses(one for one in networks if isinstance(one, IPv6Network))
        self._four, self._six = _joined(four), _joined(six)

    @property
    def all(self) -> bool:
        """Whether every address is among them."""
        return self._four == [(0, 2**32 - 1)] and self._six == [(0, 2**128 - 1)]

    def beyond(self, other: _Addresses) -> str | None:
        """An address of these that is none of the other's."""
        four = _outside(self._four, other._four)
        if four is not None:
            return str(IPv4Address(four))
        six = _outside(self._six, other._six)
        return str(IPv6Address(six)) if six is not None else None


def _joined(networks: Iterable[IPv4Network | IPv6Network]) -> list[_Stretch]:
    found: list[_Stretch] = []
    for network in networks:
        first, last = int(network.network_address), int(network.broadcast_address)
        if found and found[-1][1] + 1 == first:
            found[-1] = found[-1][0], last
        else:
            found.append((first, last))
    return found


def _outside(these: list[_Stretch], others: list[_Stretch]) -> int | None:
    """The lowest number within `these` and outside `others`, both in order."""
    for first, last in these:
        at = first
        for start, end in others:
            if start <= at <= end:
                at = end + 1
        if at <= last:
            return at
    return None
