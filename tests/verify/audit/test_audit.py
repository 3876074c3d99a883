"""The audit finds what trying everything finds, and each loss is a test that passes."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings

from cli.command import EXAMPLES
from sipfo.compiler.pipeline import compile_source
from sipfo.plan.model import Carrier, NumberPrefix, OnCode, OnLocal, Plan, Rule
from sipfo.verify.audit.audit import TrunkAudit, audit
from sipfo.verify.audit.document import test_of as block_of
from sipfo.verify.audit.failure import Failing
from sipfo.verify.audit.trial import Trial
from sipfo.verify.judge import judge
from sipfo.verify.simulate import simulate
from verify.audit.oracle import worst
from verify.budget.draws import plans
from verify.seed import RETRY, plan

STRICT = RETRY.model_copy(update={"rules": (Rule(match=OnCode(code=503), verdict="failover"),)})
"""Only a 503 fails over: not silence, and not a refusal."""


def of(policy: Plan, depth: int = 1) -> TrunkAudit:
    """The audit of a plan's one trunk."""
    (found,) = audit(policy, depth=depth).trunks
    return found


def single(found: TrunkAudit, name: str) -> Trial:
    (trial,) = (one for one in found.singles if one.failures[0].thing.name == name)
    return trial


def spread(policy: Plan) -> Plan:
    """The plan with every destination in a network of its own."""
    return policy.model_copy(
        update={
            "routes": tuple(
                one.model_copy(update={"destinations": (f"sip:10.0.{place}.1",)})
                for place, one in enumerate(policy.routes)
            ),
            "carriers": tuple(
                Carrier(name=one.name, destination=f"sip:10.1.{place}.1")
                for place, one in enumerate(policy.carriers)
            ),
        }
    )


def seen(trial: Trial) -> tuple[bool, float]:
    return bool(trial.loss), 0.0 if trial.loss else trial.ladder.elapsed


@settings(max_examples=40)
@given(plans())
def test_each_single_thing_does_what_trying_everything_finds(policy: Plan) -> None:
    for trial in of(policy).singles:
        assert seen(trial) == worst(policy, [trial.failures[0].thing])


@settings(max_examples=10)
@given(plans())
def test_the_lost_pairs_are_those_that_trying_everything_finds(policy: Plan) -> None:
    found = of(policy, depth=2)
    failing = Failing(policy.trunks[0], {route.name: route for route in policy.routes})
    harmless = [one.failures[0].thing for one in found.singles if not one.loss]
    told = [
        frozenset().union(*(failing.footprint(one.thing) for one in trial.failures))
        for trial in found.pairs
    ]
    late = []
    for first, second in combinations(harmless, 2):
        here, there = failing.footprint(first), failing.footprint(second)
        if here <= there or there <= here:
            continue
        lost, elapsed = worst(policy, [first, second])
        assert lost == any(parts <= here | there for parts in told)
        late += [] if lost else [elapsed]
    assert max(late, default=None) == (found.slowest and found.slowest.ladder.elapsed)


def test_two_addresses_and_two_routes_lose_nothing_alone() -> None:
    found = of(spread(plan(carriers=("northstar",))))
    assert found.lost == ()
    assert {one.failures[0].thing.name: one.ladder.elapsed for one in found.singles} == {
        "us.primary": 4.1,
        "us.secondary": 0.1,
        "pbx-east": 2.1,
        "pbx-west": 0.1,
        "northstar": 0.1,
    }


def test_silence_that_does_not_fail_over_loses_calls() -> None:
    found = of(spread(plan(retry=STRICT)))
    assert [(one.failures[0].thing.name, one.loss) for one in found.lost] == [
        ("us.primary", "no-response stops"),
        ("pbx-east", "no-response stops"),
    ]


def test_a_refusal_is_told_where_only_it_loses_calls() -> None:
    silence = Rule(match=OnLocal(outcome="no-response"), verdict="failover")
    retry = STRICT.model_copy(update={"rules": (*STRICT.rules, silence)})
    (lost,) = of(spread(plan(retry=retry))).lost
    assert (lost.failures[0].mode, lost.loss) == ("refuses", "transport-error stops")


def test_the_only_route_and_the_only_address_are_told() -> None:
    policy = spread(plan(("pbx",)))
    assert single(of(policy), "pbx").loss == "the only route"
    alone = policy.trunks[0].model_copy(update={"egress": ("us.primary",)})
    found = of(policy.model_copy(update={"trunks": (alone,)}))
    assert single(found, "us.primary").loss == "the only address to send from"


def test_a_network_that_all_routes_share_is_told() -> None:
    trial = single(of(plan()), "198.51.100.0/24")
    assert trial.loss == "every destination is in it"
    assert trial.failures[0].thing.label == "network 198.51.100.0/24 (pbx-east, pbx-west)"


def test_a_call_answered_after_the_callers_patience_is_lost() -> None:
    policy = spread(plan())
    trunk = policy.trunks[0].model_copy(update={"patience": 4.0})
    (lost,) = of(policy.model_copy(update={"trunks": (trunk,)})).lost
    assert (lost.failures[0].thing.name, lost.loss) == ("us.primary", "answered after the patience")
    assert lost.ladder.elapsed == 4.1


def test_a_deadline_that_passes_first_is_told() -> None:
    (lost,) = of(spread(plan(deadline=4.0))).lost
    assert (lost.failures[0].thing.name, lost.loss) == ("us.primary", "the deadline passes first")


def test_a_round_robin_is_failed_where_it_starts() -> None:
    found = of(spread(plan(round_robin=True)))
    assert single(found, "pbx-west").ladder.elapsed == 2.1
    assert single(found, "pbx-west").scenario.calls_before == 1


def test_a_weighted_draw_meets_what_failed_first() -> None:
    policy = spread(plan())
    trunk = policy.trunks[0].model_copy(update={"method": "weighted", "weights": (90, 10)})
    trial = single(of(policy.model_copy(update={"trunks": (trunk,)})), "pbx-west")
    assert trial.ladder.elapsed == 2.1
    assert trial.scenario.drawn == ("pbx-west", "pbx-east")


def test_pairs_lose_calls_only_together_and_are_told_once() -> None:
    found = of(spread(plan()), depth=2)
    assert found.lost == ()
    assert [[one.thing.name for one in trial.failures] for trial in found.pairs] == [
        ["us.primary", "us.secondary"],
        ["pbx-east", "pbx-west"],
    ]
    assert found.slowest is not None
    assert found.slowest.ladder.elapsed == 6.1  # an address, and a route from the other


def test_pairs_do_not_make_a_single_point_of_failure() -> None:
    assert not audit(spread(plan()), depth=2).has_single_point
    assert audit(plan()).has_single_point


def test_each_trunk_is_asked_about_what_it_uses() -> None:
    policy = spread(plan())
    other = policy.trunks[0].model_copy(
        update={
            "name": "other",
            "routes": ("pbx-west",),
            "numbers": (NumberPrefix(prefix="+44"),),
        }
    )
    found = audit(policy.model_copy(update={"trunks": (*policy.trunks, other)}))
    assert [len(one.singles) for one in found.trunks] == [4, 3]
    assert [one.failures[0].thing.name for one in found.trunks[1].lost] == ["pbx-west"]
    assert [one.trunk.name for one in audit(policy, "acme").trunks] == ["acme"]


@pytest.mark.parametrize("name", ["telnyx", "srv", "round-robin", "single-route", "first"])
def test_each_loss_of_an_example_is_a_test_that_compiles_and_passes(
    name: str,
) -> None:
    text = (EXAMPLES / f"{name}.sipfo").read_text(encoding="utf-8")
    compilation = compile_source(text, name)
    assert compilation.plan is not None
    found = audit(compilation.plan, depth=2)
    blocks = [
        block_of(trunk.trunk.name, trial)
        for trunk in found.trunks
        for trial in (*trunk.lost, *trunk.pairs)
    ]
    assert blocks
    again = compile_source(text + "".join(blocks), name)
    assert again.plan is not None, [one.message for one in again.diagnostics]
    for scenario in again.scenarios[-len(blocks) :]:
        ladder = simulate(again.plan, scenario)
        assert judge(scenario, ladder).ok
        assert ladder.result.kind != "answered"
