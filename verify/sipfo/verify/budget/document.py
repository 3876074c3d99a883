"""A budget as the JSON that `sipfo budget --format json` prints; keys are added, never changed.

Times are seconds, exact to the microsecond; null is "it does not come about", or "no limit".
"""

from __future__ import annotations

from typing import TypedDict

from sipfo.plan.ladder import LadderJson, to_json
from sipfo.verify.budget.budget import Budget
from sipfo.verify.write import Unsayable, scenario_text


class StartJson(TypedDict):
    """One attempt: `level` names a region's address or a registrar's instance; `address` counts
    a host name's addresses from 1. `tried` is always, not always, not in silence or never, `why`
    the reason in words, empty for always."""

    number: int
    egress: str
    route: str
    level: str | None
    address: int | None
    soonest: float | None
    silent: float | None
    latest: float | None
    tried: str
    why: str


class BudgetJson(TypedDict):
    """A trunk: its longest wait, the same without the deadline, the attempts in the usual turn, the
    ladder of the call that waits so long, and the test block that states it, null where the
    language has no words for it."""

    trunk: str
    longest: float
    without_deadline: float
    deadline: float | None
    patience: float | None
    names: list[str]
    targets: int
    attempts: list[StartJson]
    ladder: LadderJson | None
    test: str | None


def document(budget: Budget) -> BudgetJson:
    """The budget with the ladder of its worst call."""
    trunk = budget.trunk
    return {
        "trunk": trunk.name,
        "longest": budget.longest,
        "without_deadline": budget.unlimited,
        "deadline": trunk.deadline,
        "patience": trunk.patience,
        "names": list(budget.names),
        "targets": budget.targets,
        "attempts": [
            {
                "number": start.number,
                "egress": start.place.step.egress,
                "route": start.place.step.route,
                "level": start.place.level,
                "address": start.place.nth or None,
                "soonest": start.soonest,
                "silent": start.silent,
                "latest": start.latest,
                "tried": start.tried,
                "why": start.why,
            }
            for start in budget.starts
        ],
        "ladder": None if budget.ladder is None else to_json(budget.ladder),
        "test": _test(budget),
    }


def test_of(budget: Budget) -> str:
    """The test block of the call that waits longest. Raises Unsayable."""
    if budget.scenario is None:
        raise Unsayable("targets of one name that do different things")
    return scenario_text(budget.scenario)


def _test(budget: Budget) -> str | None:
    try:
        return test_of(budget)
    except Unsayable:
        return None
