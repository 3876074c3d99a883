"""What an operator has taken out of service: a route, a carrier, or one target of either.

It lasts until the operator takes it back or the process ends, through every reload: a name that the
next plan keeps is the same thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sipfo.plan.order import Step

DISABLED: Final = "disabled by the operator"


class Disabled:
    """The names that are out of service, and targets (`udp:192.0.2.1:5060`) of names."""

    __slots__ = ("_parts", "_wholes")

    def __init__(self) -> None:
        self._wholes: set[tuple[bool, str]] = set()
        self._parts: dict[tuple[bool, str], set[str]] = {}

    def put(self, carrier: bool, name: str, target: str | None = None) -> None:
        """Take a destination, or one target of it, out of service."""
        if target is None:
            self._wholes.add((carrier, name))
        else:
            self._parts.setdefault((carrier, name), set()).add(target)

    def take_back(self, carrier: bool, name: str, target: str | None = None) -> None:
        """Put it into service again: a whole destination with every target."""
        if target is None:
            self._wholes.discard((carrier, name))
            self._parts.pop((carrier, name), None)
        else:
            self._parts.get((carrier, name), set()).discard(target)

    @property
    def every(self) -> tuple[tuple[bool, str, str | None], ...]:
        """All that is out of service, as `put` takes it."""
        parts = [(*key, one) for key, targets in self._parts.items() for one in targets]
        return (*((*key, None) for key in self._wholes), *parts)

    def declare(self, every: Iterable[tuple[bool, str, str | None]]) -> None:
        """This is all that is out of service from now on."""
        self._wholes.clear()
        self._parts.clear()
        for carrier, name, target in every:
            self.put(carrier, name, target)

    def holds(self, carrier: bool, name: str, target: str) -> bool:
        """Whether a target is out of service."""
        key = (carrier, name)
        return key in self._wholes or target in self._parts.get(key, ())

    def others(self, step: Step, targets: Sequence[str]) -> tuple[str, ...]:
        """Those of a step's targets that are in service."""
        if not self._wholes and not self._parts:
            return tuple(targets)
        return tuple(one for one in targets if not self.holds(step.carrier, step.route, one))
