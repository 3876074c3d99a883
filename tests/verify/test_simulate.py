"""Every row of the seed document as a simulated call, then what holds for any policy and call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.plan.hunt import itinerary
from sipfo.plan.ladder import Ladder, Settled
from sipfo.plan.model import CommitOn, Match, OnCause, OnCode, OnTag, Plan, Retry, Rule, Verdict
from sipfo.plan.scenario import Behaviour, Reach, Reply, Scenario
from sipfo.verify.simulate import UnknownTrunk, simulate, turned
from verify.seed import (
    DESK,
    EGRESS,
    FAILOVER_CODES,
    NUMBER,
    RETRY,
    STOP_CODES,
    call,
    does,
    plan,
    plan_to,
)


def rows(ladder: Ladder) -> list[str]:
    """The ladder's attempts in a test block's words."""
    return [f"{one.egress} to {one.route} {one.outcome}" for one in ladder.attempts]


@pytest.mark.parametrize("code", FAILOVER_CODES)
def test_single_route_is_tried_from_the_first_address_then_from_the_second(code: int) -> None:
    ladder = simulate(plan(("pbx",)), call(does("pbx", code, egress="us.primary")))
    assert rows(ladder) == [f"us.primary to pbx {code}", "us.secondary to pbx 200"]
    assert ladder.result == Settled("answered", 200, "pbx")


@pytest.mark.parametrize("code", FAILOVER_CODES)
def test_all_routes_by_the_first_address_then_all_by_the_second(code: int) -> None:
    ladder = simulate(plan(), call(does("pbx-east", code), does("pbx-west", code)))
    assert rows(ladder) == [
        f"{egress} to {route} {code}" for egress in EGRESS for route in ("pbx-east", "pbx-west")
    ]
    # "a 503 leaves as 500" (RFC 3261 §16.7)
    assert ladder.result == Settled("refused", 500 if code == 503 else code, "pbx-west")


@pytest.mark.parametrize("reach", ["refuses", "unresolvable"])
def test_transport_error_fails_over(reach: Reach) -> None:
    ladder = simulate(plan(), call(does("pbx-east", reach=reach)))
    assert rows(ladder) == ["us.primary to pbx-east transport-error", "us.primary to pbx-west 200"]
    took = 0.1 if reach == "refuses" else 0.0
    assert ladder.attempts[0].took == took
    assert (ladder.attempts[0].target is None) == (reach == "unresolvable")


@pytest.mark.parametrize("code", STOP_CODES)
def test_final_answer_of_the_called_party_stops(code: int) -> None:
    ladder = simulate(plan(), call(does("pbx-east", code)))
    assert rows(ladder) == [f"us.primary to pbx-east {code}"]
    assert ladder.result == Settled("refused", code, "pbx-east")


def test_ringing_commits() -> None:
    ladder = simulate(plan(), call(does("pbx-east", 180, 503)))
    assert rows(ladder) == ["us.primary to pbx-east 503"]
    assert ladder.result == Settled("refused", 500, "pbx-east")


def test_answer_ends_the_hunt() -> None:
    ladder = simulate(plan(), call(does("pbx-east", (200, 1.5))))
    assert rows(ladder) == ["us.primary to pbx-east 200"]
    assert ladder.elapsed == 1.5
    assert ladder.attempts[0].phrase == "OK"


def test_silence_is_no_response_and_counts_as_408() -> None:
    ladder = simulate(plan(), call(does("pbx-east", reach="silent")))
    assert rows(ladder) == ["us.primary to pbx-east no-response", "us.primary to pbx-west 200"]
    assert [(one.at, one.took) for one in ladder.attempts] == [(0.0, 2.0), (2.0, 0.1)]


def test_100_alone_is_no_progress() -> None:
    ladder = simulate(plan(), call(does("pbx-east", 100)))
    assert rows(ladder)[0] == "us.primary to pbx-east no-progress"
    assert ladder.attempts[0].took == pytest.approx(0.1 + RETRY.no_progress)


def test_ringing_for_ever_is_no_answer() -> None:
    ladder = simulate(plan(), call(does("pbx-east", 180)))
    assert rows(ladder) == ["us.primary to pbx-east no-answer"]
    assert ladder.elapsed == pytest.approx(0.1 + RETRY.no_answer)


def test_early_media_commits_on_183_and_not_on_180() -> None:
    retry = RETRY.model_copy(update={"commit": (CommitOn(point="early-media"),)})
    assert len(simulate(plan(retry=retry), call(does("pbx-east", 183, 503))).attempts) == 1
    assert len(simulate(plan(retry=retry), call(does("pbx-east", 180, 503))).attempts) == 2


def test_carriers_follow_when_every_route_failed() -> None:
    ladder = simulate(
        plan(("pbx",), carriers=("northstar", "baltic")),
        call(does("pbx", reach="refuses"), does("northstar", 503)),
    )
    assert rows(ladder) == [
        "us.primary to pbx transport-error",
        "us.secondary to pbx transport-error",
        "us.primary to northstar 503",
        "us.primary to baltic 200",
    ]
    assert ladder.result == Settled("answered", 200, "baltic")


def test_carriers_are_not_tried_after_a_stop() -> None:
    ladder = simulate(plan(carriers=("northstar",)), call(does("pbx-east", 486)))
    assert rows(ladder) == ["us.primary to pbx-east 486"]


def test_round_robin_turns_with_every_earlier_call() -> None:
    three = plan(("a", "b", "c"), round_robin=True)
    first = [simulate(three, call(calls_before=n)).attempts[0].route for n in range(4)]
    assert first == ["a", "b", "c", "a"]


def test_caller_who_gives_up_cuts_the_attempt_under_way() -> None:
    ladder = simulate(plan(), call(does("pbx-east", reach="silent"), cancel_after=1.0))
    assert rows(ladder) == ["us.primary to pbx-east cancelled"]
    assert ladder.result == Settled("cancelled", 487)
    assert ladder.elapsed == 1.0


def test_deadline_cuts_the_attempt_under_way_and_the_caller_gets_408() -> None:
    everything_silent = call(does("pbx-east", reach="silent"), does("pbx-west", reach="silent"))
    ladder = simulate(plan(deadline=3.0), everything_silent)
    assert rows(ladder) == ["us.primary to pbx-east no-response", "us.primary to pbx-west deadline"]
    assert ladder.result == Settled("refused", 408)
    assert ladder.elapsed == 3.0


def test_no_attempt_starts_at_the_very_end_of_the_deadline() -> None:
    ladder = simulate(plan(deadline=2.0), call(does("pbx-east", reach="silent")))
    assert rows(ladder) == ["us.primary to pbx-east deadline"]
    ladder = simulate(plan(deadline=2.0), call(does("pbx-east", (503, 2.0))))
    assert rows(ladder) == ["us.primary to pbx-east 503"]
    assert ladder.result == Settled("refused", 408)


def test_response_at_the_instant_of_a_timer_wins() -> None:
    assert rows(simulate(plan(), call(does("pbx-east", (200, 2.0))))) == [
        "us.primary to pbx-east 200"
    ]


def test_response_after_the_attempt_ended_is_stale() -> None:
    ladder = simulate(plan(), call(does("pbx-east", (200, 2.05)), does("pbx-west", 100, 200)))
    assert rows(ladder) == ["us.primary to pbx-east no-response", "us.primary to pbx-west 200"]


def test_behaviour_for_one_egress_goes_before_the_general_one() -> None:
    ladder = simulate(plan(("pbx",)), call(does("pbx", 503, egress="us.primary"), does("pbx", 486)))
    assert rows(ladder) == ["us.primary to pbx 503", "us.secondary to pbx 486"]


def test_nobody_registered_is_a_480_made_here_from_each_egress() -> None:
    ladder = simulate(plan_to(DESK), call(does("desk", reach="unregistered")))
    assert rows(ladder) == ["us.primary to desk 480", "us.secondary to desk 480"]
    assert [(one.target, one.level, one.took) for one in ladder.attempts] == [(None, None, 0)] * 2
    assert ladder.result == Settled("refused", 480)


def test_a_480_of_a_phone_is_told_before_one_made_here() -> None:
    other = DESK.model_copy(update={"name": "phone"})
    nobody = does("phone", reach="unregistered")
    ladder = simulate(plan_to(DESK, other), call(does("desk", 480), nobody))
    assert ladder.result == Settled("refused", 480, "desk")


def test_route_major_tries_a_route_from_both_addresses_before_the_next() -> None:
    ladder = simulate(plan(order="route-major"), call(does("pbx-east", 503)))
    assert rows(ladder) == [
        "us.primary to pbx-east 503",
        "us.secondary to pbx-east 503",
        "us.primary to pbx-west 200",
    ]


@pytest.mark.parametrize(
    ("drawn", "order"),
    [
        ((), "bca"),
        (("a",), "abc"),
        (("c",), "cba"),
        (("c", "a"), "cab"),
        (("a", "c", "b"), "acb"),
    ],
)
def test_what_is_drawn_goes_first_and_the_rest_by_weight(
    drawn: tuple[str, ...], order: str
) -> None:
    policy = plan(("a", "b", "c"), weights=(10, 70, 20))
    scenario = call(*(does(route, 503) for route in "abc"), drawn=drawn)
    assert [one.route for one in simulate(policy, scenario).attempts] == [*order, *order]
    assert turned(policy.trunks[0], scenario) == tuple("abc".index(route) for route in order)


def test_a_trunk_that_is_not_weighted_draws_nothing() -> None:
    scenario = call(does("b", 503), calls_before=1, drawn=("a",))
    assert [one.route for one in simulate(plan(("a", "b")), scenario).attempts] == ["a"]
    turning = simulate(plan(("a", "b"), round_robin=True), scenario)
    assert [one.route for one in turning.attempts] == ["b", "a"]


def judging(match: Match, verdict: Verdict, busy: Verdict) -> Retry:
    """The seed's policy with one more rule, where 486 does as said."""
    rules = (Rule(match=match, verdict=verdict), Rule(match=OnCode(code=486), verdict=busy))
    return RETRY.model_copy(update={"rules": rules})


TAGGED = judging(OnTag(code=486, tag="D5"), "failover", busy="stop")
CAUSED = judging(OnCause(cause=34), "failover", busy="stop")


@pytest.mark.parametrize(
    ("retry", "reply", "attempts"),
    [
        (TAGGED, Reply(status=486, tag="D5"), 2),
        (TAGGED, Reply(status=486, tag="D56"), 1),
        (TAGGED, Reply(status=486), 1),
        (TAGGED, Reply(status=480, tag="D5"), 1),
        (TAGGED, Reply(status=486, cause=34), 1),
        (CAUSED, Reply(status=486, cause=34), 2),
        (CAUSED, Reply(status=500, cause=34), 2),
        (CAUSED, Reply(status=486, cause=38), 1),
        (CAUSED, Reply(status=486, tag="34"), 1),
        (judging(OnCause(cause=34), "stop", "failover"), Reply(status=486, cause=34), 1),
        (judging(OnCause(cause=34), "stop", "failover"), Reply(status=486), 2),
    ],
)
def test_a_tag_and_a_cause_are_judged(retry: Retry, reply: Reply, attempts: int) -> None:
    ladder = simulate(plan(retry=retry), call(does("pbx-east", reply)))
    assert len(ladder.attempts) == attempts


def test_a_tag_stands_in_the_reason_phrase() -> None:
    said = does("pbx-east", Reply(status=486, tag="D5"))
    (attempt,) = simulate(plan(), call(said)).attempts
    assert (attempt.outcome, attempt.phrase) == ("486", "Busy Here D5")
    (attempt,) = simulate(plan(), call(does("pbx-east", Reply(status=499, tag="D5")))).attempts
    assert attempt.phrase == "D5"


def test_unknown_trunk_is_said() -> None:
    with pytest.raises(UnknownTrunk, match="no trunk nowhere"):
        simulate(plan(), call().model_copy(update={"trunk": "nowhere"}))


DELAYS = st.sampled_from([0.0, 0.1, 0.3, 2.0, 4.0, 70.0])
FINAL = st.sampled_from([200, 302, 404, 408, 480, 486, 503, 504, 603])


@st.composite
def behaviours(draw: st.DrawFn, route: str) -> Behaviour:
    reach: Reach = draw(st.sampled_from(["replies", "silent", "refuses", "unresolvable"]))
    replies: list[Reply] = []
    if reach == "replies":
        provisional = draw(st.lists(st.sampled_from([100, 180, 183]), max_size=3))
        final = draw(st.lists(FINAL, max_size=1))
        replies = [Reply(status=one, after=draw(DELAYS)) for one in provisional + final]
    egress = draw(st.sampled_from([None, *EGRESS]))
    return Behaviour(route=route, egress=egress, reach=reach, replies=tuple(replies))


@st.composite
def calls(draw: st.DrawFn) -> tuple[Plan, Scenario]:
    routes = ("a", "b", "c")[: draw(st.integers(1, 3))]
    carriers = ("x", "y")[: draw(st.integers(0, 2))]
    policy = plan(
        routes,
        carriers=carriers,
        round_robin=draw(st.booleans()),
        weights=tuple(draw(st.just(0) | st.integers(0, 9)) for _ in routes)
        if draw(st.booleans())
        else (),
        order=draw(st.sampled_from(["source-major", "route-major"])),
        deadline=draw(st.sampled_from([None, 0.1, 3.0, 20.0])),
    )
    scenario = call(
        *(draw(behaviours(route)) for route in routes + carriers if draw(st.booleans())),
        calls_before=draw(st.integers(0, 5)),
        drawn=tuple(draw(st.lists(st.sampled_from(routes), unique=True))),
        cancel_after=draw(st.sampled_from([None, 0.0, 0.1, 5.0])),
    )
    return policy, scenario


@given(calls())
def test_attempts_are_a_prefix_of_the_plans_order(drawn: tuple[Plan, Scenario]) -> None:
    policy, scenario = drawn
    trunk = policy.trunks[0]
    order = itinerary(policy, trunk, NUMBER, turned=turned(trunk, scenario)).steps
    seen = [(one.egress, one.route) for one in simulate(policy, scenario).attempts]
    assert seen == [(step.egress, step.route) for step in order][: len(seen)]


@given(calls())
def test_every_call_ends_within_its_deadline_and_its_callers_patience(
    drawn: tuple[Plan, Scenario],
) -> None:
    policy, scenario = drawn
    ladder = simulate(policy, scenario)
    for limit in (policy.trunks[0].deadline, scenario.cancel_after):
        assert limit is None or ladder.elapsed <= limit


@given(calls())
def test_attempts_follow_each_other_without_gap_or_overlap(drawn: tuple[Plan, Scenario]) -> None:
    ladder = simulate(*drawn)
    clock = 0.0
    for one in ladder.attempts:
        assert one.at == pytest.approx(clock)
        clock = one.at + one.took
    assert clock == pytest.approx(ladder.elapsed) or ladder.result.kind != "answered"


@given(calls())
def test_the_same_call_gives_the_same_ladder(drawn: tuple[Plan, Scenario]) -> None:
    assert simulate(*drawn) == simulate(*drawn)
