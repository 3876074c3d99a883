"""The longest wait is exact: the simulator waits as long on its scenario, and never any longer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.command import EXAMPLES
from sipfo.compiler.pipeline import compile_source
from sipfo.plan.model import (
    CommitOn,
    CommitOnCode,
    NumberPrefix,
    OnCode,
    OnLocal,
    Plan,
    Retry,
    Route,
    Rule,
)
from sipfo.plan.order import Order
from sipfo.plan.scenario import Behaviour
from sipfo.verify.budget.budget import Budget, budgets
from sipfo.verify.budget.document import test_of as block_of
from sipfo.verify.budget.moves import moves_of
from sipfo.verify.budget.paths import Stop, longest_of, walk
from sipfo.verify.judge import judge
from sipfo.verify.simulate import TICKS, simulate, turned
from sipfo.verify.write import Unsayable, scenario_text
from verify.budget.draws import plans, scenarios
from verify.seed import NUMBER, RETRY, call, does, plan

FAR = Route(
    name="pbx-west", destinations=("sip:203.0.113.1", "sip:203.0.113.2"), levels=("one", "two")
)


def budget(policy: Plan, targets: int = 1) -> Budget:
    """The budget of a plan's one trunk."""
    (found,) = budgets(policy, targets=targets)
    return found


def retrying(*rules: Rule, commit: tuple[CommitOn, ...] = ()) -> Retry:
    """The seed's timers (2, 4 and 60 s) with these rules, and `otherwise stop`."""
    return RETRY.model_copy(update={"rules": rules, "commit": commit})


def fails_over(code: int) -> Rule:
    return Rule(match=OnCode(code=code), verdict="failover")


def with_limits(policy: Plan, **limits: float) -> Plan:
    trunk = policy.trunks[0].model_copy(update=limits)
    return policy.model_copy(update={"trunks": (trunk,)})


@settings(max_examples=40)
@given(plans())
def test_the_simulator_waits_as_long_as_the_budget_on_its_scenario(policy: Plan) -> None:
    found = budget(policy)
    assert found.scenario is not None
    ladder = simulate(policy, found.scenario)
    assert ladder.elapsed == found.longest
    assert ladder == found.ladder
    assert judge(found.scenario, ladder).ok


@settings(max_examples=80)
@given(st.data())
def test_no_call_waits_longer_than_the_budget(data: st.DataObject) -> None:
    policy = data.draw(plans())
    scenario = data.draw(scenarios(policy))
    assert simulate(policy, scenario).elapsed <= budget(policy).longest


@settings(max_examples=80)
@given(st.data())
def test_no_attempt_starts_before_its_soonest_or_after_its_latest(data: st.DataObject) -> None:
    policy = data.draw(plans())
    scenario = data.draw(scenarios(policy)).model_copy(update={"holders": ()})
    trunk = policy.trunks[0]
    steps = Order(policy).steps(trunk, NUMBER, turned(trunk, scenario))
    stops: dict[tuple[str, str, str | None], Stop] = {}
    for stop in walk(steps, moves_of(policy.retries[0])):
        step = stop.place.step
        stops[step.egress, step.route, stop.place.level] = stop
        stops.setdefault((step.egress, step.route, None), stop)  # its name was not found
    for one in simulate(policy, scenario).attempts:
        stop = stops[one.egress, one.route, one.level]
        assert stop.soonest is not None
        assert stop.soonest <= round(one.at * TICKS) <= stop.latest


@settings(max_examples=40)
@given(plans())
def test_the_silent_column_is_a_silent_call(policy: Plan) -> None:
    policy = with_limits(policy, deadline=80_000.0)
    trunk, found = policy.trunks[0], budget(policy)
    carriers = trunk.forward.carriers if trunk.forward is not None else ()
    silent = tuple(Behaviour(route=name, reach="silent") for name in (*trunk.routes, *carriers))
    scenario = found.scenario
    assert scenario is not None
    ladder = simulate(policy, scenario.model_copy(update={"behaviours": silent}))
    reached = [start.silent for start in found.starts if start.silent is not None]
    assert reached == [one.at for one in ladder.attempts]


def test_each_attempt_lasts_its_three_timers_and_the_last_answers_at_the_last_moment() -> None:
    policy = plan(("pbx",), retry=retrying(fails_over(503)))
    found = budget(policy)
    assert found.longest == found.unlimited == 2 * 66.0
    assert found.ladder is not None
    assert [(one.outcome, one.took) for one in found.ladder.attempts] == [
        ("503", 66.0),
        ("200", 66.0),
    ]


def test_an_attempt_that_commits_when_it_rings_fails_over_before_it_rings() -> None:
    retry = retrying(fails_over(503), commit=(CommitOn(point="progress"),))
    assert budget(plan(("pbx",), retry=retry)).longest == 6.0 + 66.0


def test_where_only_silence_fails_over_an_attempt_lasts_its_one_timer() -> None:
    retry = retrying(Rule(match=OnLocal(outcome="no-response"), verdict="failover"))
    found = budget(plan(("pbx",), retry=retry))
    assert found.longest == 2.0 + 66.0
    assert [start.soonest for start in found.starts] == [0.0, 2.0]


def test_a_refusal_takes_a_round_trip_and_at_the_soonest_no_time() -> None:
    retry = retrying(Rule(match=OnLocal(outcome="transport-error"), verdict="failover"))
    found = budget(plan(("pbx",), retry=retry))
    assert found.longest == 66.1
    assert [(start.soonest, start.latest) for start in found.starts] == [(0.0, 0.0), (0.0, 0.1)]


def test_the_deadline_ends_the_wait() -> None:
    found = budget(plan(deadline=20.0))
    assert (found.longest, found.unlimited) == (20.0, 4 * 66.0)
    assert [start.tried for start in found.starts] == ["always"] + 3 * ["not always"]
    assert {start.why for start in found.starts[1:]} == {"deadline"}


def test_silence_before_it_keeps_an_attempt_from_being_tried() -> None:
    found = budget(with_limits(plan(), patience=4.0))
    assert [(start.silent, start.tried, start.why) for start in found.starts] == [
        (0.0, "always", ""),
        (2.0, "not always", "patience"),
        (4.0, "not in silence", "patience"),
        (6.0, "not in silence", "patience"),
    ]
    assert found.longest == 4 * 66.0


def test_of_two_limits_the_earlier_is_told() -> None:
    found = budget(with_limits(plan(), patience=4.0, deadline=5.0))
    assert {start.why for start in found.starts[1:]} == {"patience"}


def test_an_attempt_after_timers_alone_can_be_too_late_for_ever() -> None:
    retry = retrying(Rule(match=OnLocal(outcome="no-response"), verdict="failover"))
    found = budget(plan(retry=retry, deadline=4.0))
    assert [start.number for start in found.never] == [3, 4]
    assert {start.why for start in found.never} == {"deadline"}


def test_nothing_fails_over_to_anything_where_all_stops() -> None:
    found = budget(plan(retry=retrying()))
    assert [start.why for start in found.never] == 3 * ["nothing fails over to it"]
    assert found.longest == 66.0
    assert [start.silent for start in found.starts] == [0.0, None, None, None]


def test_silence_that_stops_is_told() -> None:
    found = budget(plan(("pbx",), retry=retrying(fails_over(503))))
    assert (found.starts[1].tried, found.starts[1].why) == ("not in silence", "no-response stops")


def test_the_second_level_needs_what_rfc_3263_calls_failure() -> None:
    policy = plan(retry=retrying(fails_over(480)))
    policy = policy.model_copy(update={"routes": (policy.routes[0], FAR)})
    found = budget(policy)
    assert [start.place.destination for start in found.never] == 2 * ["pbx-west.two"]
    retry = retrying(fails_over(480), fails_over(503))
    assert budget(policy.model_copy(update={"retries": (retry,)})).never == ()


def test_a_name_counts_as_many_targets_as_one_says() -> None:
    policy = plan(("pbx",), retry=retrying(fails_over(503)))
    policy = policy.model_copy(
        update={"routes": (Route(name="pbx", destinations=("sip:pbx.example.com",)),)}
    )
    one, three = budget(policy), budget(policy, targets=3)
    assert one.names == three.names == ("pbx.example.com",)
    assert (one.longest, three.longest) == (2 * 66.0, 6 * 66.0)
    assert [start.place.nth for start in three.starts] == [1, 2, 3, 1, 2, 3]
    assert three.scenario is None and one.scenario is not None


@settings(max_examples=40)
@given(st.data())
def test_the_turn_makes_no_difference(data: st.DataObject) -> None:
    policy = data.draw(plans())
    trunk, found = policy.trunks[0], budget(policy)
    turn = data.draw(st.permutations(range(len(trunk.routes))))
    moves = moves_of(policy.retries[0])
    last = longest_of(walk(Order(policy).steps(trunk, NUMBER, turn), moves))
    assert (last.latest + moves.ending_ticks) / TICKS == found.unlimited


def test_a_wait_that_the_language_has_no_words_for_is_told() -> None:
    retry = retrying(fails_over(503), commit=(CommitOn(point="early-media"),))
    quiet = CommitOnCode(code=180)
    retry = retry.model_copy(update={"commit": (*retry.commit, quiet)})
    found = budget(plan(("pbx",), retry=retry))
    assert found.longest == 2 * 66.0  # a 181 does not commit, and may be followed by a 503
    with pytest.raises(Unsayable, match="a 181"):
        block_of(found)


@pytest.mark.parametrize("name", ["telnyx", "srv", "round-robin", "first"])
def test_the_longest_wait_of_an_example_is_a_test_that_compiles_and_passes(
    name: str,
) -> None:
    text = (EXAMPLES / f"{name}.sipfo").read_text(encoding="utf-8")
    compilation = compile_source(text, name)
    assert compilation.plan is not None
    for found in budgets(compilation.plan):
        assert found.scenario is not None
        again = compile_source(text + scenario_text(found.scenario), name)
        assert again.plan is not None
        scenario = again.scenarios[-1]
        assert scenario == found.scenario
        ladder = simulate(again.plan, scenario)
        assert ladder.elapsed == found.longest
        assert judge(scenario, ladder).ok


def test_one_trunk_can_be_asked_for() -> None:
    policy = plan()
    other = policy.trunks[0].model_copy(
        update={"name": "other", "numbers": (NumberPrefix(prefix="+44"),)}
    )
    policy = policy.model_copy(update={"trunks": (*policy.trunks, other)})
    assert [one.trunk.name for one in budgets(policy)] == ["acme", "other"]
    assert [one.trunk.name for one in budgets(policy, "other")] == ["other"]


def test_what_the_scenario_does_is_said_once_where_addresses_do_not_differ() -> None:
    found = budget(plan())
    assert found.scenario is not None
    said = [(one.route, one.egress) for one in found.scenario.behaviours]
    assert said == [("pbx-east", None), ("pbx-west", "us.primary"), ("pbx-west", "us.secondary")]


def test_a_call_that_nothing_happens_to_is_within_the_budget() -> None:
    policy = plan()
    assert simulate(policy, call(does("pbx-east", 200))).elapsed < budget(policy).longest


def test_a_wait_of_more_than_a_day_is_told_and_left_out_of_the_scenario() -> None:
    slow = retrying(fails_over(503)).model_copy(update={"no_answer": 86400.0})
    found = budget(plan(retry=slow))
    assert found.longest > 86400
    assert found.scenario is not None and found.scenario.result is not None
    assert found.scenario.result.within is None
