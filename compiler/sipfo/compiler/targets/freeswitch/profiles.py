"""The sofia profiles: one for each address and port, by which calls arrive, or leave, or both.

A profile has one transaction timer, and Timer B is what FreeSWITCH has for "nothing at all heard": a
100 ends it as every other provisional does. So the `no-response` of all trunks that send from an
address is one figure. What would surprise: UDP and TCP of one address are one profile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sipfo.compiler.targets.freeswitch.encode import Attribute, Comment, attribute, comment
from sipfo.compiler.targets.safe import CannotSay
from sipfo.compiler.targets.sockets import Socket, bracketed, sockets
from sipfo.compiler.targets.source import Source
from sipfo.plan.model import T1_64, Plan, Retry, Trunk


@dataclass(frozen=True, slots=True)
class Profile:
    """One address and port; `transport` is there where it is not both UDP and TCP, `door` says that
    calls arrive there, `timer` is Timer B in milliseconds."""

    comment: Comment
    name: Attribute
    ip: Attribute
    port: int
    transport: Attribute | None
    door: bool
    timer: int


def profiles(plan: Plan, source: Source) -> tuple[Profile, ...]:
    """Every profile. Raises CannotSay."""
    found = []
    for number, (at, addresses) in enumerate(_by_address(plan).items(), start=1):
        host, _, port = at.rpartition(":")
        names = tuple(dict.fromkeys(name for one in addresses for name in one.egress))
        door = any(one.door for one in addresses)
        places = [" ".join(filter(None, [name, source.egress(name)])) for name in names]
        transports = dict.fromkeys(one.address.partition(":")[0] for one in addresses)
        found.append(
            Profile(
                comment(", ".join([*(["calls arrive here"] if door else []), *places])),
                attribute(f"address-{number}"),
                attribute(host.strip("[]")),
                int(port),
                attribute(f"transport={next(iter(transports))}") if len(transports) == 1 else None,
                door,
                _timer(plan, names),
            )
        )
    return tuple(found)


def profile_of(plan: Plan, egress: str) -> str:
    """The name of the profile that an address sends by."""
    one = next(one for one in plan.egress if one.name == egress)
    return f"address-{list(_by_address(plan)).index(f'{bracketed(one.host)}:{one.port}') + 1}"


def at_odds(plan: Plan) -> Iterator[tuple[Trunk, str]]:
    """The trunks whose `no-response` is not that of an earlier trunk that sends from the same
    address, each with the first such address."""
    known: dict[str, float] = {}
    for trunk in plan.trunks:
        wanted = _retry(plan, trunk).no_response
        for name in senders_of(trunk):
            if known.setdefault(profile_of(plan, name), wanted) != wanted:
                yield trunk, name
                break


def _timer(plan: Plan, names: tuple[str, ...]) -> int:
    wanted = {
        _retry(plan, trunk).no_response
        for trunk in plan.trunks
        if not set(names).isdisjoint(senders_of(trunk))
    }
    if len(wanted) > 1:
        raise CannotSay(
            f"{names[0]}: FreeSWITCH has one `no-response` for each address that it sends from"
        )
    return max(1, round(min([*wanted, T1_64]) * 1000))


def senders_of(trunk: Trunk) -> tuple[str, ...]:
    """The addresses that a trunk's attempts are sent from."""
    return trunk.egress if trunk.forward is None else (*trunk.egress, trunk.forward.egress)


def _retry(plan: Plan, trunk: Trunk) -> Retry:
    return next(one for one in plan.retries if one.name == trunk.retry)


def _by_address(plan: Plan) -> dict[str, list[Socket]]:
    found: dict[str, list[Socket]] = {}
    for one in sockets(plan):
        found.setdefault(one.address.partition(":")[2], []).append(one)
    return found
