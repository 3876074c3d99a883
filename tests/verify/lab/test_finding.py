"""A test that an engine passes, fails, or passes but for what is declared."""

from __future__ import annotations

from dataclasses import replace

from sipfo.plan.ladder import Settled
from sipfo.plan.model import OnLocal, Plan, Rule
from sipfo.plan.scenario import Scenario, SeenAttempt, SeenResult
from sipfo.verify.lab.engines.deaf import deaf_to_icmp
from sipfo.verify.lab.engines.engine import Differences
from sipfo.verify.lab.finding import Finding, find
from sipfo.verify.lab.space.job import Report
from sipfo.verify.simulate import simulate
from verify.seed import call, does, plan

PLAN = plan()
DEAD = call(does("pbx-east", reach="refuses")).model_copy(
    update={
        "attempts": (
            SeenAttempt(egress="us.primary", route="pbx-east", outcome="transport-error"),
            SeenAttempt(egress="us.primary", route="pbx-west", outcome="200"),
        ),
        "result": SeenResult(kind="answered", by="pbx-west", within=1.0),
    }
)


def found(scenario: Scenario, report: Report, differences: Differences | None = None) -> Finding:
    return find(PLAN, scenario, differences or Differences(scenario), report)


def deaf() -> Differences:
    return Differences(*deaf_to_icmp(PLAN, DEAD))


def test_what_the_model_does_is_as_it_must_be() -> None:
    assert found(DEAD, Report(simulate(PLAN, DEAD))).ok


def test_a_remark_is_enough_to_fail() -> None:
    finding = found(DEAD, Report(simulate(PLAN, DEAD), ("somebody was left without BYE",)))
    assert finding.strayed == ("somebody was left without BYE",)
    assert not finding.ok


def test_an_engine_that_strays_fails_though_the_test_expects_nothing() -> None:
    busy = simulate(PLAN, call(does("pbx-east", 486)))
    finding = found(call(), Report(busy))
    assert finding.missed == ()
    assert not finding.ok


def test_a_test_that_is_wrong_fails_though_the_engine_does_not_stray() -> None:
    wrong = DEAD.model_copy(update={"result": SeenResult(kind="refused", code=486)})
    finding = found(wrong, Report(simulate(PLAN, wrong)))
    assert finding.missed == ("result: expected refused 486, saw answered 200 by pbx-west",)
    assert finding.strayed == ()


def test_a_declared_difference_passes_and_is_said_with_its_cost() -> None:
    seen = simulate(PLAN, deaf().scenario)
    assert [one.outcome for one in seen.attempts] == ["no-response", "200"]
    assert seen.elapsed > 1.0  # later than the test allows
    finding = found(DEAD, Report(seen), deaf())
    assert finding.ok
    assert finding.notes == (
        "pbx-east is a UDP port that nobody has: no-response instead of transport-error",
        "the caller is told 1.90 s later",
    )


def test_who_does_better_than_declared_strays_from_what_is_declared() -> None:
    assert not found(DEAD, Report(simulate(PLAN, DEAD)), deaf()).ok


def test_a_declared_difference_excuses_nothing_else() -> None:
    seen = simulate(PLAN, deaf().scenario)
    finding = found(DEAD, Report(replace(seen, result=Settled("refused", 500))), deaf())
    assert len(finding.missed) == 1
    assert not finding.ok


def test_a_declared_difference_does_not_pass_a_test_that_is_wrong_on_the_model() -> None:
    wrong = DEAD.model_copy(
        update={
            "attempts": (SeenAttempt(egress="us.primary", route="pbx-east", outcome="503"),),
        }
    )
    finding = found(wrong, Report(simulate(PLAN, deaf().scenario)), deaf())
    assert any("expected us.primary to pbx-east 503" in one for one in finding.missed)


def stopped_by_silence() -> tuple[Plan, Scenario, Differences]:
    """A call that a closed port fails over, and that silence, in its place, ends."""
    silent = PLAN.retries[0].model_copy(
        update={
            "rules": (
                Rule(match=OnLocal(outcome="transport-error"), verdict="failover"),
                Rule(match=OnLocal(outcome="no-response"), verdict="stop"),
            )
        }
    )
    strict = PLAN.model_copy(update={"retries": (silent,)})
    return strict, DEAD, Differences(*deaf_to_icmp(strict, DEAD))


def test_a_declared_difference_in_what_the_caller_gets_is_said_and_is_no_failure() -> None:
    strict, scenario, differences = stopped_by_silence()
    seen = simulate(strict, differences.scenario)
    finding = find(strict, scenario, differences, Report(seen))
    assert finding.ok
    assert finding.is_other
    assert finding.notes[1:] == (
        "the caller gets refused 408, and by the policy answered 200 by pbx-west",
    )


def test_a_test_that_asks_for_the_declared_difference_is_wrong_on_the_model() -> None:
    strict, scenario, differences = stopped_by_silence()
    wrong = scenario.model_copy(update={"result": SeenResult(kind="refused", code=408)})
    report = Report(simulate(strict, differences.scenario))
    finding = find(strict, wrong, differences, report)
    assert finding.missed == ("result: expected refused 408, saw answered 200 by pbx-west",)


def test_a_declared_lateness_is_the_engine_s_and_not_the_test_s() -> None:
    scenario = call().model_copy(update={"result": SeenResult(kind="answered", within=0.5)})
    ladder = simulate(PLAN, scenario)
    late = Report(replace(ladder, elapsed=0.7))
    assert not found(scenario, late).ok
    assert found(scenario, late, Differences(scenario, later=0.3)).ok


def refused_with(code: int) -> Report:
    """What the seed's call comes to when its first route redirects, told with another code."""
    seen = simulate(PLAN, call(does("pbx-east", 302)))
    return Report(replace(seen, result=Settled("refused", code)))


def test_a_code_that_is_declared_for_another_is_as_good_as_that() -> None:
    scenario = call(does("pbx-east", 302))
    told = Differences(scenario, told={302: 480})
    finding = found(scenario, refused_with(480), told)
    assert finding.ok
    assert finding.is_other
    assert finding.notes == ("the caller is told 480 for 302",)
    assert not found(scenario, refused_with(480)).ok
    assert not found(scenario, refused_with(404), told).ok
