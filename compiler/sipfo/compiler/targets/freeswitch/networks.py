"""Who may call, as network lists: one for each trunk that names networks, and one of all of them.

The script asks for them by name. What would surprise: a caller whom no list knows is a stranger, and
is refused in the same way whether the number is somebody's or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sipfo.compiler.targets.freeswitch.encode import Attribute, attribute
from sipfo.plan.model import Plan

EVERYBODY: Final = "callers"
"""The list of all networks that some trunk accepts."""


@dataclass(frozen=True, slots=True)
class NetworkList:
    """A list that denies whoever is in none of its networks."""

    name: Attribute
    networks: tuple[Attribute, ...]


def networks(plan: Plan) -> tuple[NetworkList, ...]:
    """Every list, that of all callers last."""
    found = [
        NetworkList(attribute(f"trunk-{one.name}"), tuple(map(attribute, one.accept.networks)))
        for one in plan.trunks
        if not one.accept.anyone
    ]
    every = dict.fromkeys(network for one in plan.trunks for network in one.accept.networks)
    found.append(NetworkList(attribute(EVERYBODY), tuple(map(attribute, every))))
    return tuple(found)
