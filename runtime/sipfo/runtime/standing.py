"""What speaks against sending a call somewhere now: a limit, a Retry-After, a target that is down,
an operator who said so.

The failover machine knows one word for all of them, "held"; what the reason is, an operator reads.
What would surprise: held targets are tried anyway when nothing else is left, but neither against a
limit nor against an operator's word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sipfo.plan.model import Limit, Probe
from sipfo.plan.order import Step
from sipfo.plan.outcome import Outcome
from sipfo.runtime.disabled import DISABLED, Disabled
from sipfo.runtime.health import Healths, Path, met_by_call
from sipfo.runtime.holds import Holds
from sipfo.runtime.quotas import Quotas


@dataclass(init=False, slots=True, unsafe_hash=True)
class Choice:
    """Which of a step's targets may be tried, in their order, and what speaks against the others.

    `full` is what speaks against the whole step, whatever else there is: a carrier's limit, or an
    operator; `held` are those to name as held when none is free. `claimed`: a call of the carrier
    is taken already.
    """

    free: Final[tuple[str, ...]]
    against: Final[dict[str, str]]
    full: Final[str | None]
    held: Final[tuple[str, ...]]
    claimed: Final[bool]

    def __init__(
        self,
        free: tuple[str, ...],
        against: dict[str, str],
        full: str | None,
        held: tuple[str, ...] = (),
        claimed: bool = False,
    ) -> None:
        self.free = free
        self.against = against
        self.full = full
        self.held = held
        self.claimed = claimed

    @property
    def reasons(self) -> str:
        """What speaks against the others, each reason once."""
        return "; ".join(dict.fromkeys(self.against.values()))


class Standing:
    """What is known of destinations before a call is sent there."""

    __slots__ = ("carriers", "disabled", "healths", "holds")

    def __init__(self, holds: Holds, healths: Healths, carriers: Quotas) -> None:
        self.holds = holds
        self.healths = healths
        self.carriers = carriers
        self.disabled = Disabled()

    def declare(
        self, probes: Mapping[Path, Probe], carriers: Iterable[tuple[str, Limit | None]]
    ) -> None:
        """Another plan from now on; what is known of what stays is kept."""
        self.healths.declare(probes)
        self.carriers.declare(carriers)

    def choose(
        self, step: Step, targets: Iterable[str], now: float, claims: bool = False
    ) -> Choice:
        """Which of a step's targets may be tried. One that `claims` has a call of a carrier that is
        not full, and begins it or gives it back (`unclaim`)."""
        names = tuple(targets)
        full = None
        if step.carrier:
            ask = self.carriers.claim if claims else self.carriers.against
            full = ask(step.route, now)
        claimed = claims and step.carrier and full is None
        allowed = self.disabled.others(step, names)
        if names and not allowed:
            full = DISABLED
        free: list[str] = []
        against: dict[str, str] = {}
        path = Path.of(step) if self.healths.probes else None
        for target in names:
            why = full or (None if target in allowed else DISABLED)
            why = why or self.against(path, target, now)
            if why is None:
                free.append(target)
            else:
                against[target] = why
        return Choice(tuple(free), against, full, allowed or names, claimed)

    def attempt_ended(self, step: Step, target: str, outcome: Outcome) -> None:
        """An attempt has its outcome, which says something about its target."""
        if self.healths.probes:
            event = met_by_call(outcome)
            if event is not None:
                self.healths.take(Path.of(step), target, event)

    def unclaim(self, step: Step, now: float) -> None:
        """What was claimed of a carrier came to nothing."""
        self.carriers.unclaim(step.route, now)

    def call_begins(self, step: Step, now: float) -> None:
        """An INVITE goes out: a carrier's call counts from here."""
        if step.carrier:
            self.carriers.take(step.route, now)

    def call_ended(self, step: Step) -> None:
        """The attempt has failed, or the call that it was answered for is over."""
        if step.carrier:
            self.carriers.give_back(step.route)

    def against(self, path: Path | None, target: str, now: float) -> str | None:
        """What is known against a target at the end of a path, None where nothing is probed; None
        if nothing is."""
        if self.holds.holds(target, now):
            return "asked to be left alone (Retry-After)"
        if path is not None and self.healths.is_down(path, target):
            return "down"
        return None
