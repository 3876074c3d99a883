"""The tries of a call to the steps of its plan: which route, by which egress, at which level.

What would surprise: a place may belong to several steps (two routes, one address; two egresses, one
address). A try is the next step in the order that it can be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sipfo.plan.order import Step
from sipfo.plan.scenario import Scenario
from sipfo.verify.conduct import levels_in_order
from sipfo.verify.lab.stage import Stage
from sipfo.verify.lab.wire.course import Try
from sipfo.verify.lab.wire.packet import Address
from sipfo.verify.targets import Place, place_of


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in the order: a step's destination, where it is declared and where it stands; for a
    registered user `asked` is the host that its telephone is asked for at."""

    step: Step
    declared: Place
    stands: Place
    egress: Address
    asked: str | None = None

    def may_be(self, one: Try) -> bool:
        """Whether a try went there: a connection comes from any port of its address, and one that
        was refused does not say whether it would have been TLS."""
        if one.destination != (self.stands.host, self.stands.port):
            return False
        if self.stands.transport == "udp" or one.transport == "udp":
            return one.transport == self.stands.transport and one.source == self.egress
        same = one.invite is None or one.transport == self.stands.transport
        return same and one.source[0] == self.egress[0]


@dataclass(frozen=True, slots=True)
class Placed:
    """A try and its slot; None for what is in no plan."""

    one: Try
    slot: Slot | None


def slots(stage: Stage, order: Sequence[Step], scenario: Scenario) -> Iterator[Slot]:
    """The order of a call, destination by destination; names that do not resolve stand nowhere."""
    for step in order:
        for place in levels_in_order(scenario, step):
            declared = place_of(step.destinations[place])
            device = stage.device_of(step)
            asked = device.host if device is not None else None
            own = stage.by_itself.get(declared)
            if own is not None:
                yield Slot(step, declared, own.stands, stage.egress[own.sender], asked)
                continue
            host = stage.names.get(declared.host, declared.host)
            stands = Place(declared.transport, host, declared.port)
            yield Slot(step, declared, stands, stage.egress[step.egress], asked)


def put_in_order(
    tries: Sequence[Try], order: Sequence[Slot], is_probed: bool = False
) -> list[Placed]:
    """Each try with its slot. Where targets are probed, a connection that was refused was for the
    call only if it comes next."""
    found: list[Placed] = []
    next_up = 0
    for one in tries:
        ahead = [place for place in range(next_up, len(order)) if order[place].may_be(one)]
        if one.invite is None and (not ahead or (is_probed and ahead[0] != next_up)):
            continue
        behind = [place for place in range(next_up) if order[place].may_be(one)]
        at = ahead[0] if ahead else behind[0] if behind else None
        found.append(Placed(one, order[at] if at is not None else None))
        if ahead:
            next_up = ahead[0] + 1
    return found
