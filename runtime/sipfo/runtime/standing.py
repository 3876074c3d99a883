"""What speaks against sending a call somewhere now: a limit, a Retry-After, a target that is down.

The failover machine knows one word for all three, "held"; what the reason is, an operator reads.
What would surprise: held targets are tried anyway when nothing else is left, but a limit holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sipfo.plan.order import Step
from sipfo.plan.outcome import Outcome
from sipfo.runtime.health import Healths, Path, met_by_call
from sipfo.runtime.holds import Holds
from sipfo.runtime.quotas import Quotas


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of a step's targets may be tried, in their order, and what speaks against the others;
    `full` is what speaks against the whole step, whatever else there is: a carrier's limit."""

    free: tuple[str, ...]
    against: dict[str, str]
    full: str | None

    @property
    def reasons(self) -> str:
        """What speaks against the others, each reason once."""
        return "; ".join(dict.fromkeys(self.against.values()))


class Standing:
    """What is known of destinations before a call is sent there."""

    __slots__ = ("carriers", "healths", "holds")

    def __init__(self, holds: Holds, healths: Healths, carriers: Quotas) -> None:
        self.holds = holds
        self.healths = healths
        self.carriers = carriers

    def choose(self, step: Step, targets: Iterable[str], now: float) -> Choice:
        """Which of a step's targets may be tried."""
        full = self.carriers.against(step.route, now) if step.carrier else None
        free: list[str] = []
        against: dict[str, str] = {}
        for target in targets:
            why = full or self._against(step, target, now)
            if why is None:
                free.append(target)
            else:
                against[target] = why
        return Choice(tuple(free), against, full)

    def attempt_ended(self, step: Step, target: str, outcome: Outcome) -> None:
        """An attempt has its outcome, which says something about its target."""
        event = met_by_call(outcome)
        if event is not None:
            self.healths.take(Path.of(step), target, event)

    def call_begins(self, step: Step, now: float) -> None:
        """An INVITE goes out: a carrier's call counts from here."""
        if step.carrier:
            self.carriers.take(step.route, now)

    def call_ended(self, step: Step) -> None:
        """The attempt has failed, or the call that it was answered for is over."""
        if step.carrier:
            self.carriers.give_back(step.route)

    def _against(self, step: Step, target: str, now: float) -> str | None:
        if self.holds.holds(target, now):
            return "asked to be left alone (Retry-After)"
        if self.healths.is_down(Path.of(step), target):
            return "down"
        return None
