"""A plan and its tests to the whole measure: parts exercised, and mutants that survive the tests.

What would surprise: a mutant that changes no call, or none that a test can hold, is not counted;
the exact comparison of two plans says so, and gives the test that would kill a survivor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario
from sipfo.verify.coverage.exercised import exercised
from sipfo.verify.coverage.mutants import Mutant, mutants
from sipfo.verify.coverage.parts import Part, parts
from sipfo.verify.diff.block import block_of
from sipfo.verify.diff.compare import compare
from sipfo.verify.diff.sides import as_test
from sipfo.verify.judge import judge
from sipfo.verify.simulate import simulate


@dataclass(frozen=True, slots=True)
class Survivor:
    """A change that no test notices; `block` is a test block that would."""

    part: Part
    words: str
    block: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every part and whether it is exercised, how many mutants were killed, and the others. `tests`
    are those that pass; `failing` those that do not, and so prove nothing."""

    tests: int
    failing: tuple[str, ...]
    parts: tuple[tuple[Part, bool], ...]
    killed: int
    survivors: tuple[Survivor, ...]

    @property
    def exercised_percent(self) -> float:
        """How many parts of a hundred are exercised; 100 of none."""
        return _percent(sum(is_exercised for _, is_exercised in self.parts), len(self.parts))

    @property
    def killed_percent(self) -> float:
        """How many mutants of a hundred a test notices; 100 of none."""
        return _percent(self.killed, self.killed + len(self.survivors))

    @property
    def percent(self) -> float:
        """The lower of the two: a rule may be exercised by a test that expects nothing of it."""
        return min(self.exercised_percent, self.killed_percent)


def _percent(count: int, of: int) -> float:
    return 100 * count / of if of else 100.0


def measure(plan: Plan, scenarios: Sequence[Scenario]) -> Coverage:
    """What the tests of a plan are worth."""
    passing = [one for one in scenarios if _passes(plan, one)]
    failing = tuple(one.name for one in scenarios if one not in passing)
    by_trunk: dict[str, list[Scenario]] = {}
    for scenario in passing:
        by_trunk.setdefault(scenario.trunk, []).append(scenario)
    met = exercised(plan, passing)
    killed = 0
    survivors: list[Survivor] = []
    for mutant in mutants(plan):
        tests = [one for trunk in mutant.after.trunks for one in by_trunk.get(trunk.name, ())]
        if not all(_passes(mutant.after, one) for one in tests):
            killed += 1
            continue
        survivor = _survivor(mutant)
        if survivor is not None:
            survivors.append(survivor)
    return Coverage(
        tests=len(passing),
        failing=failing,
        parts=tuple((part, part in met) for part in parts(plan)),
        killed=killed,
        survivors=tuple(survivors),
    )


def _passes(plan: Plan, scenario: Scenario) -> bool:
    return judge(scenario, simulate(plan, scenario)).ok


def _survivor(mutant: Mutant) -> Survivor | None:
    """The mutant as a survivor; None when no test could tell it from the plan."""
    for trunk in compare(mutant.before, mutant.after).trunks:
        for change in trunk.calls:
            if change.before is not None:
                noticing = as_test(change.before, change.headline)
                if not _passes(mutant.after, noticing):
                    return Survivor(mutant.part, mutant.words, block_of(change))
    return None
