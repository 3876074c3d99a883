"""A test's scenario and what an engine made of it, to whether it is as it must be.

Two questions: does the engine do what the model does, but for the differences that its capability
table declares; and does the test see what it expects. Where a difference is declared, the attempts
that a test expects are the model's; what the caller gets must hold on the engine itself, later by
as much as the difference costs, unless the difference is one in that as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sipfo.plan.ladder import Ladder
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario
from sipfo.verify.judge import judge
from sipfo.verify.lab.against import against
from sipfo.verify.lab.engines.engine import Differences
from sipfo.verify.lab.space.job import Report
from sipfo.verify.simulate import simulate
from sipfo.verify.words import duration, result_words


@dataclass(frozen=True, slots=True)
class Finding:
    """`missed` is what the test expects and was not seen, `strayed` what the engine does that the
    model, which does `model`, does not; `notes` are declared differences that were met. `is_other`
    says that the caller gets something else by one of them than the policy says."""

    model: Ladder
    missed: tuple[str, ...] = ()
    strayed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_other: bool = False

    @property
    def ok(self) -> bool:
        """Whether everything is as it must be, or as it is declared."""
        return not self.missed and not self.strayed


def find(plan: Plan, scenario: Scenario, differences: Differences, report: Report) -> Finding:
    """Judge one call that was played. Raises UnknownTrunk."""
    model = simulate(plan, differences.scenario)
    seen = _meant(model, report.ladder, differences)
    strayed = (*against(model, seen, differences.later), *report.remarks)
    plain = simulate(plan, scenario)
    cost = max(0.0, model.elapsed - plain.elapsed)
    told = _sooner(seen, cost + differences.later)
    notes = list(differences.notes)
    is_told = seen.result != report.ladder.result
    if is_told:
        notes.append(f"the caller is told {report.ladder.result.code} for {seen.result.code}")
    if not differences.notes:
        missed = judge(scenario, told).differences
        return Finding(model, missed, strayed, (*notes, *report.notes), is_told)
    is_other = model.result != plain.result
    if is_other:
        by_policy, here = result_words(plain.result), result_words(model.result)
        notes.append(f"the caller gets {here}, and by the policy {by_policy}")
        missed = judge(scenario, plain).differences
    else:
        meant = judge(scenario.model_copy(update={"result": None}), plain).differences
        got = judge(scenario.model_copy(update={"attempts": None}), told).differences
        missed = (*meant, *got)
        notes += [f"the caller is told {duration(cost)} later"] if cost else []
    return Finding(model, missed, strayed, (*notes, *report.notes), is_other or is_told)


def _meant(model: Ladder, seen: Ladder, differences: Differences) -> Ladder:
    """What was seen, with the result that a declared other code stands for."""
    code = model.result.code
    if model.result.kind == "refused" and differences.told.get(code) == seen.result.code:
        return replace(seen, result=model.result)
    return seen


def _sooner(ladder: Ladder, seconds: float) -> Ladder:
    return replace(ladder, elapsed=ladder.elapsed - seconds)
