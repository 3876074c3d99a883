"""Which of a step's targets can be reached from the address that it is sent from.

Both are IPv4, or both IPv6 (RFC 7984 §3.1); which they are is nobody's choice but the policy's.
"""

from __future__ import annotations

from collections.abc import Callable

from sipfo.plan.order import Step
from sipfo.runtime.core import Core
from sipfo.runtime.locate import Target, reaches
from sipfo.runtime.registrar.lead import Led


class Nearby:
    """Where a plan's steps lead that no lookup is needed for: worked out once for each egress
    address and destinations, since nothing about it changes."""

    __slots__ = ("_core", "_known")

    def __init__(self, core: Core) -> None:
        self._core = core
        self._known: dict[tuple[str, tuple[str, ...]], dict[str, Target]] = {}

    def targets(self, step: Step, local: str) -> dict[str, Target]:
        """The targets of a step that is sent from an address, by name; empty where a name must be
        looked up, or where there is something to say about one of them."""
        key = (local, step.destinations)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._work_out(step.destinations, local)
        return found

    def _work_out(self, destinations: tuple[str, ...], local: str) -> dict[str, Target]:
        found: list[Target] = []
        for uri in destinations:
            targets = self._core.at_once(uri)
            if not targets:
                return {}
            found += targets
        return named(tuple(found)) if all(reaches(local, one) for one in found) else {}


def within_reach(
    step: Step, targets: tuple[Target, ...], local: str, note: Callable[[str], None]
) -> dict[str, Target]:
    """The targets of the family of the egress address, by name; `note` hears of the others."""
    near = tuple(one for one in targets if reaches(local, one))
    for target in targets:
        if target not in near:
            text = f"{step.egress} to {step.route} at {target} skipped: it is sent from"
            note(f"{text} {family(local)}")
    return named(near)


def led_within_reach(led: Led, local: str) -> dict[str, Target]:
    """The same of the ways to a registered user, of which some leave from an address of their own."""

    def leaves_from(name: str) -> str:
        own = led.ways[name].local
        return local if own is None else own[0]

    return {name: one for name, one in led.targets.items() if reaches(leaves_from(name), one)}


def named(targets: tuple[Target, ...]) -> dict[str, Target]:
    """Targets by what the failover machine calls them."""
    return {str(target): target for target in targets}


def family(local: str) -> str:
    """The family of an address, in words."""
    return "IPv6" if ":" in local else "IPv4"
