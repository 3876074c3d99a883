"""An audit as the JSON that `sipfo audit --format json` prints; keys are added, never changed."""

from __future__ import annotations

from typing import TypedDict

from sipfo.plan.ladder import LadderJson, to_json
from sipfo.verify.audit.audit import Audit
from sipfo.verify.audit.trial import Trial
from sipfo.verify.budget.expect import expecting
from sipfo.verify.write import Unsayable, scenario_text


class FailureJson(TypedDict):
    """`kind` is egress, route, level, instance, carrier, address, name or network; `what` is its
    address, or who shares it; `mode` is silent, refuses or unresolvable."""

    kind: str
    name: str
    what: str
    mode: str


class TrialJson(TypedDict):
    """A call with these failures: `why` it is lost (empty when it is not), the seconds to its
    result, its ladder, and for a lost call the test block that states it as it is now."""

    failures: list[FailureJson]
    lost: bool
    why: str
    elapsed: float
    ladder: LadderJson
    test: str | None


class TrunkJson(TypedDict):
    """A trunk: each single thing that it uses; with a depth of 2 the pairs that lose calls, and the
    slowest that does not."""

    trunk: str
    deadline: float | None
    patience: float | None
    singles: list[TrialJson]
    pairs: list[TrialJson]
    slowest_pair: TrialJson | None


class AuditJson(TypedDict):
    """The whole audit; times are seconds."""

    depth: int
    trunks: list[TrunkJson]


def document(audit: Audit) -> AuditJson:
    """The audit as JSON values."""
    return {
        "depth": audit.depth,
        "trunks": [
            {
                "trunk": one.trunk.name,
                "deadline": one.trunk.deadline,
                "patience": one.trunk.patience,
                "singles": [_trial(one.trunk.name, trial) for trial in one.singles],
                "pairs": [_trial(one.trunk.name, trial) for trial in one.pairs],
                "slowest_pair": None
                if one.slowest is None
                else _trial(one.trunk.name, one.slowest),
            }
            for one in audit.trunks
        ],
    }


def _trial(trunk: str, trial: Trial) -> TrialJson:
    return {
        "failures": [
            {
                "kind": one.thing.kind,
                "name": one.thing.name,
                "what": one.thing.what,
                "mode": one.mode,
            }
            for one in trial.failures
        ],
        "lost": bool(trial.loss),
        "why": trial.loss,
        "elapsed": trial.ladder.elapsed,
        "ladder": to_json(trial.ladder),
        "test": _test(trunk, trial) if trial.loss else None,
    }


def test_of(trunk: str, trial: Trial) -> str:
    """A trial as a test block that expects what happens now. Raises Unsayable."""
    failed = " and ".join(f"{one.thing.label} {one.mode}" for one in trial.failures)
    named = trial.scenario.model_copy(update={"name": f"{trunk}: {failed}"})
    return scenario_text(expecting(named, trial.ladder))


def _test(trunk: str, trial: Trial) -> str | None:
    try:
        return test_of(trunk, trial)
    except Unsayable:
        return None
