"""The heart: what is called the same is the same in every world, and what is called different is
shown by a call that goes two ways."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipfo.plan.model import (
    Accept,
    CommitOn,
    CommitOnCode,
    OnCode,
    OnRange,
    OnTag,
    Plan,
    Probe,
    Retry,
    Rule,
)
from sipfo.plan.numbering import Numbering
from sipfo.verify.diff.compare import changes_no_call, compare
from sipfo.verify.diff.difference import Changed, Difference
from sipfo.verify.diff.sides import as_test
from sipfo.verify.judge import judge
from verify.diff.worlds import NUMBERS, call, changed, plans, renamed, worlds
from verify.seed import RETRY, plan

pairs = plans().flatmap(lambda plan: st.tuples(st.just(plan), changed(plan)))
addresses = st.sampled_from(("203.0.113.1", "203.0.113.200", "198.51.100.1", "2001:db8::1"))


def takes(accept: Accept, address: str) -> bool:
    networks = [ip_network(network) for network in accept.networks]
    return accept.anyone or any(ip_address(address) in network for network in networks)


def accept_of(plan: Plan, name: str) -> Accept:
    return next(trunk.accept for trunk in plan.trunks if trunk.name == name)


def check_shown(old: Plan, new: Plan, difference: Difference) -> None:
    """Every difference is one, by its own example."""
    for claimed in difference.claimed:
        owners = [Numbering(plan).trunk_of(claimed.number) for plan in (old, new)]
        assert [one and one.name for one in owners] == [claimed.before, claimed.after]
    for trunk in difference.trunks:
        accepts = accept_of(old, trunk.old), accept_of(new, trunk.new)
        for door in trunk.doors:
            if door.kind == "address":
                taken = [takes(accept, door.caller) for accept in accepts]
                assert taken == [door.before, not door.before]
        for change in trunk.calls:
            if change.before is not None and change.after is not None:
                assert change.before.wire != change.after.wire, change.headline


def check_same(old: Plan, new: Plan, data: st.DataObject) -> None:
    """Nothing that is drawn tells the two plans apart."""
    for _ in range(2):
        world, number = data.draw(worlds()), data.draw(st.sampled_from(NUMBERS))
        before, after = call(old, number, world), call(new, number, world)
        assert (before and before.wire) == (after and after.wire)
        trunks = [Numbering(plan).trunk_of(number) for plan in (old, new)]
        address = data.draw(addresses)
        assert len({trunk and takes(trunk.accept, address) for trunk in trunks}) == 1


@settings(max_examples=200)
@given(pairs, st.data())
def test_same_plans_do_the_same_in_every_world_and_different_ones_are_shown_to_differ(
    pair: tuple[Plan, Plan], data: st.DataObject
) -> None:
    difference = compare(*pair)
    if difference.calls_change:
        check_shown(*pair, difference)
    else:
        check_same(*pair, data)


@settings(max_examples=50)
@given(plans().flatmap(lambda plan: st.tuples(st.just(plan), renamed(plan))))
def test_other_names_and_another_order_of_declarations_change_nothing(
    pair: tuple[Plan, Plan],
) -> None:
    assert compare(*pair).same


@settings(max_examples=50)
@given(pairs)
def test_what_differs_one_way_differs_the_other_way(pair: tuple[Plan, Plan]) -> None:
    old, new = pair
    assert changes_no_call(old, new) == changes_no_call(new, old)


def only(difference: Difference) -> Changed:
    """The one call that changes."""
    (trunk,) = difference.trunks
    (change,) = trunk.calls
    return change


def policy(**update: object) -> Retry:
    return RETRY.model_copy(update=update)


def rules(*added: Rule, without: int = 0) -> tuple[Rule, ...]:
    kept = (rule for rule in RETRY.rules if rule.match != OnCode(code=without or 300))
    return (*kept, *added)


def test_a_class_is_its_range_and_a_code_that_otherwise_covers_is_nothing() -> None:
    ranged = Rule(match=OnRange(first=500, last=502), verdict="failover")
    codes = (Rule(match=OnCode(code=code), verdict="failover") for code in (500, 501, 502))
    old = plan(retry=policy(rules=rules(ranged)))
    assert changes_no_call(old, plan(retry=policy(rules=rules(*codes))))
    assert changes_no_call(plan(), plan(retry=policy(rules=rules(without=404))))


def test_the_shortest_call_shows_a_verdict_and_names_what_changes_alike() -> None:
    new = plan(retry=policy(otherwise="failover", rules=rules(without=486)))
    difference = compare(plan(), new)
    busy, server_error = (change.headline for change in difference.trunks[0].calls)
    assert busy.startswith("486: failover, stop before (and 400, 402-403, ")
    assert server_error.startswith("500: failover, stop before (and 300-399, ")
    for change in difference.trunks[0].calls:
        assert change.before is not None
        assert len(change.before.ladder.attempts) == 1


def test_a_tag_is_told_from_the_code_that_it_stands_beside() -> None:
    tagged = Rule(match=OnTag(code=486, tag="D5"), verdict="failover")
    change = only(compare(plan(), plan(retry=policy(rules=rules(tagged)))))
    assert change.headline == '486 tagged "D5": failover, stop before'


def test_two_tags_in_another_order_change_the_response_that_has_both() -> None:
    one = Rule(match=OnTag(code=486, tag="A1"), verdict="failover")
    two = Rule(match=OnTag(code=486, tag="B2"), verdict="stop")
    old, new = plan(retry=policy(rules=rules(one, two))), plan(retry=policy(rules=rules(two, one)))
    assert only(compare(old, new)).headline == '486 tagged "A1, B2": stop, failover before'


def test_a_commit_shows_in_what_comes_after_it() -> None:
    change = only(compare(plan(), plan(retry=policy(commit=()))))
    assert change.kind == "commit"
    assert change.before is not None
    assert [one.status for one in change.before.scenario.behaviours[0].replies] == [180, 503]


def test_a_longer_timer_shows_in_an_answer_between_the_two() -> None:
    change = only(compare(plan(), plan(retry=policy(no_response=3.0))))
    assert change.headline == "no-response: 3.00 s, 2.00 s before"
    assert change.before is not None and change.after is not None
    outcomes = [played.ladder.attempts[0].outcome for played in (change.before, change.after)]
    assert outcomes == ["no-response", "200"]


def test_a_timer_that_the_deadline_always_cuts_may_change() -> None:
    old = plan(deadline=5.0)
    assert changes_no_call(old, plan(deadline=5.0, retry=policy(no_answer=100.0)))
    assert not changes_no_call(old, plan(deadline=5.0, retry=policy(no_answer=4.9)))


def test_deadlines_differ_only_where_a_call_can_be_pending() -> None:
    # Two addresses by two routes, at most 2 + 4 + 60 s each: the longest call takes 264 s.
    assert changes_no_call(plan(deadline=265.0), plan(deadline=300.0))
    assert changes_no_call(plan(deadline=264.001), plan())
    assert only(compare(plan(deadline=264.0), plan())).kind == "deadline"
    assert only(compare(plan(deadline=10.0), plan(deadline=20.0))).kind == "deadline"


def test_round_robin_differs_from_the_first_call_that_turns() -> None:
    change = only(compare(plan(), plan(round_robin=True)))
    assert change.before is not None
    assert change.before.scenario.calls_before == 1


def test_a_name_that_may_stand_for_several_targets_is_told_in_words() -> None:
    old = plan(routes=("pbx",))
    named = old.routes[0].model_copy(update={"destinations": ("sip:pbx.example.com",)})
    trunk = old.trunks[0].model_copy(update={"egress": ("us.primary",)})
    old = old.model_copy(update={"routes": (named,), "trunks": (trunk,)})
    new = old.model_copy(
        update={
            "retries": (
                policy(
                    rules=(
                        Rule(match=OnCode(code=503), verdict="stop"),
                        *(rule for rule in RETRY.rules if rule.match != OnCode(code=503)),
                    )
                ),
            )
        }
    )
    change = only(compare(old, new))
    assert change.before is None
    assert change.headline == "503: stop, failover before, where a host name has several targets"


def test_early_media_and_183_differ_by_what_no_scenario_holds() -> None:
    old = plan(retry=policy(commit=(CommitOn(point="early-media"),)))
    new = plan(retry=policy(commit=(CommitOnCode(code=183),)))
    calls = compare(old, new).trunks[0].calls
    assert {change.headline for change in calls} == {
        "180 with a body: does not commit, commits before",
        "183 without a body: commits, does not commit before",
    }
    assert all(change.before is None for change in calls)


def test_patience_and_cost_are_no_behaviour() -> None:
    old = plan()
    patient = old.trunks[0].model_copy(update={"patience": 30.0})
    difference = compare(old, old.model_copy(update={"trunks": (patient,)}))
    assert difference.same
    assert len(difference.notes) == 1


def test_a_probe_changes_the_service_and_no_call() -> None:
    old = plan()
    probed = old.routes[0].model_copy(update={"probe": Probe(every=30.0, down_after=3, up_after=2)})
    difference = compare(old, old.model_copy(update={"routes": (probed, *old.routes[1:])}))
    assert not difference.calls_change
    assert not difference.same


@pytest.mark.parametrize("deadline", [None, 7.0])
def test_the_test_of_a_call_passes_before_and_fails_after(deadline: float | None) -> None:
    old, new = plan(deadline=deadline), plan(deadline=deadline, retry=policy(no_response=1.0))
    change = only(compare(old, new))
    assert change.before is not None and change.after is not None
    wanted = as_test(change.before, "it was like this")
    assert judge(wanted, change.before.ladder).ok
    assert not judge(wanted, change.after.ladder).ok
