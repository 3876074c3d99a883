"""Failures to what a trunk's call then does: the simulator's ladder, and whether the call is lost.

What would surprise: most trials need no simulation. A call that never meets a failure does what it
did without it, so that only a failure of what would have answered makes another call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sipfo.plan.ladder import Ladder
from sipfo.plan.model import Plan, Route, Trunk
from sipfo.plan.outcome import TRANSPORT_ERROR, Judge, timed_out
from sipfo.plan.scenario import Scenario
from sipfo.verify.audit.failure import Circumstances, Failing, Failure
from sipfo.verify.audit.inventory import Part, Spot, destinations_of
from sipfo.verify.audit.things import Mode, Thing
from sipfo.verify.simulate import simulate


@dataclass(frozen=True, slots=True)
class Trial:
    """A call with these failures. `loss` says why it is lost; it is empty when the call is answered
    in time."""

    failures: tuple[Failure, ...]
    scenario: Scenario
    ladder: Ladder
    loss: str = ""

    @property
    def badness(self) -> tuple[bool, float]:
        """To compare trials by: a lost call is worse than any answered one, a later than a sooner."""
        return bool(self.loss), self.ladder.elapsed


class Trials:
    """A trunk's trials; what was simulated once is remembered."""

    __slots__ = ("_failing", "_judge", "_number", "_plan", "_played", "_trunk")

    def __init__(self, plan: Plan, trunk: Trunk, number: str, routes: Mapping[str, Route]) -> None:
        """`number` is one of the trunk's; `routes` are the plan's, by name."""
        self._plan = plan
        self._trunk = trunk
        self._number = number
        self._failing = Failing(trunk, routes)
        self._judge = Judge(next(retry for retry in plan.retries if retry.name == trunk.retry))
        self._played: dict[tuple[tuple[Failure, ...], Circumstances], tuple[Scenario, Ladder]] = {}

    def parts(self) -> Iterator[Part]:
        """Every part of the plan that the trunk uses."""
        return self._failing.parts()

    def footprint(self, thing: Thing) -> frozenset[Part]:
        """The parts of a thing that the trunk uses."""
        return self._failing.footprint(thing)

    def modes(self, thing: Thing) -> tuple[Mode, ...]:
        """The modes that may be the worst: where every one of them fails over, silence takes
        longest and the others can lose nothing that it does not."""
        kinds = (timed_out("no-response"), TRANSPORT_ERROR)
        if all(self._judge.verdict(outcome) == "failover" for outcome in kinds):
            return thing.modes[:1]
        return thing.modes

    def worst(self, failures: Sequence[Failure]) -> Trial:
        """The worst that these failures do to a call, over the circumstances of calls."""
        found = [
            self._trial(tuple(failures), circumstances)
            for circumstances in self._failing.circumstances(failures)
        ]
        return max(found, key=lambda trial: trial.badness)

    def _trial(self, failures: tuple[Failure, ...], circumstances: Circumstances) -> Trial:
        """Let the call meet its failures one by one, until it meets no other."""
        met: tuple[Failure, ...] = ()
        while True:
            scenario, ladder = self._play(met, circumstances)
            new = [one for one in failures if one not in met and self._meets(ladder, one)]
            if not new:
                return Trial(failures, scenario, ladder, self._loss(failures, ladder))
            met = tuple(one for one in failures if one in met or one is new[0])

    def _play(
        self, failures: tuple[Failure, ...], circumstances: Circumstances
    ) -> tuple[Scenario, Ladder]:
        played = self._played.get((failures, circumstances))
        if played is None:
            scenario = Scenario(
                name="",
                trunk=self._trunk.name,
                number=self._number,
                calls_before=circumstances.calls_before,
                drawn=circumstances.drawn,
                holders=circumstances.holders,
                behaviours=self._failing.behaviours(failures),
            )
            played = (scenario, simulate(self._plan, scenario))
            self._played[failures, circumstances] = played
        return played

    def _meets(self, ladder: Ladder, failure: Failure) -> bool:
        """Whether the failure changes the call: what answered it would not, or a name that a dead
        address was to be sent to no longer resolves."""
        thing = failure.thing
        return any(
            thing.has(one.egress, Spot(one.route, one.level))
            for one in ladder.attempts
            if one.outcome == "200"
            or (failure.mode == "unresolvable" and one.outcome == "no-response")
        )

    def _loss(self, failures: Sequence[Failure], ladder: Ladder) -> str:
        """Why the call is lost, if it is."""
        if ladder.result.kind == "answered":
            patience = self._trunk.patience
            late = patience is not None and ladder.elapsed > patience
            return "answered after the patience" if late else ""
        last = ladder.attempts[-1].outcome if ladder.attempts else "deadline"
        verdicts = {
            "no-response": self._judge.verdict(timed_out("no-response")),
            "transport-error": self._judge.verdict(TRANSPORT_ERROR),
        }
        if verdicts.get(last) == "stop":
            return f"{last} stops"
        deadline = self._trunk.deadline
        if deadline is not None and ladder.elapsed >= deadline:
            return "the deadline passes first"
        return self._nothing_left(failures)

    def _nothing_left(self, failures: Sequence[Failure]) -> str:
        senders, destinations = self._trunk.egress, destinations_of(self._trunk)
        if any(one.thing.egresses.issuperset(senders) for one in failures):
            if len(senders) > 1:
                return "every address to send from is in it"
            return "the only address to send from"
        if len(destinations) == 1:
            return "the only route"
        routes = {spot.route for one in failures for spot in one.thing.spots}
        if len(failures) == 1 and routes.issuperset(destinations):
            return "every destination is in it"
        return "nothing else is left"
