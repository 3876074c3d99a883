"""The ways to a registered user as targets that a hunt can name, each by a name of its own.

Two telephones behind one instance have the same target; a number after it tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sipfo.plan.order import Step
from sipfo.runtime.core import Core
from sipfo.runtime.locate import Target
from sipfo.runtime.registrar.passing import Passed
from sipfo.runtime.registrar.registrars import Registrars
from sipfo.runtime.registrar.way import Way


@dataclass(frozen=True, slots=True)
class Led:
    """Where a step to a registered user leads: targets and the ways to them, by name and in order;
    `why` says why there are none, None where only their names did not resolve."""

    targets: dict[str, Target]
    ways: dict[str, Way]
    why: str | None
    notes: tuple[str, ...] = ()


Then = Callable[[Led, Step, float], None]


def lead(
    core: Core,
    registrars: Registrars,
    step: Step,
    passed: Passed | None,
    then: Then,
    now: float,
) -> None:
    """Find the ways of a step, or of a call that was `passed` on, and their targets, and tell
    `then`."""

    def found(ways: tuple[Way, ...], why: str, notes: tuple[str, ...], now: float) -> None:
        if not ways:
            then(Led({}, {}, why, (why, *notes)), step, now)
        else:
            _Resolving(core, ways, step, notes, then).go_on(now)

    if passed is not None:
        registrars.lead_on(passed, found, now)
    else:
        registrars.lead(step, found, now)


class _Resolving:
    """Way after way to its targets: a Path or a Contact may be a name (RFC 3263)."""

    __slots__ = ("_core", "_failed", "_left", "_notes", "_step", "_targets", "_then", "_ways")

    def __init__(
        self, core: Core, ways: Sequence[Way], step: Step, notes: Sequence[str], then: Then
    ) -> None:
        self._core = core
        self._left = list(ways)
        self._step = step
        self._then = then
        self._targets: dict[str, Target] = {}
        self._ways: dict[str, Way] = {}
        self._notes = list(notes)
        self._failed: list[str] = []

    def go_on(self, now: float) -> None:
        if not self._left:
            why = None if self._failed and not self._targets else ""
            led = Led(self._targets, self._ways, why, (*self._notes, *self._failed))
            self._then(led, self._step, now)
            return
        way = self._left.pop(0)

        def found(targets: tuple[Target, ...], now: float) -> None:
            for target in targets:
                name = self._name(target)
                self._targets[name], self._ways[name] = target, way
            self.go_on(now)

        self._core.locate((str(way.hop),), found, now, self._failed.append)

    def _name(self, target: Target) -> str:
        plain = name = str(target)
        number = 1
        while name in self._targets:
            number += 1
            name = f"{plain} ({number})"
        return name
