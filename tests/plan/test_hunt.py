"""The sharp edges of a call's set-up, one by one."""

from __future__ import annotations

import pytest

from plan.samples import DIALLED, FORWARDED_TO, STANDARD, path, policy, small_plan
from sipfo.plan.action import (
    Abandon,
    Action,
    Finish,
    Invite,
    Locate,
    Over,
    Result,
    Skipped,
    Unreached,
)
from sipfo.plan.event import (
    CallerLeft,
    DeadlinePassed,
    Event,
    Expired,
    Failed,
    Heard,
    Located,
    Placed,
    Responded,
)
from sipfo.plan.hunt import Hunt, Itinerary, itinerary
from sipfo.plan.model import CommitOnCode, OnCode, OnLocal, Timer
from sipfo.plan.outcome import (
    CANCELLED,
    DEADLINE,
    TRANSPORT_ERROR,
    UNREGISTERED,
    Final,
    responded,
    timed_out,
)


def play(route: Itinerary, *events: Event) -> tuple[Hunt, tuple[Action, ...]]:
    """The hunt after the call is placed and these events happen, and the last one's actions."""
    hunt, actions = Hunt(route).advance(Placed())
    for event in events:
        hunt, actions = hunt.advance(event)
    return hunt, actions


ONE = Located(("a",))
TWO = Located(("a", "b"))


@pytest.mark.parametrize("status", [100, 180, 183, 199])
def test_no_response_never_fires_after_a_provisional(status: int) -> None:
    hunt, _ = play(path("r0", "r1"), ONE, Heard(1, status))
    assert hunt.advance(Expired(1, "no-response")) == (hunt, ())


def test_a_retransmitted_503_does_not_advance_the_hunt_twice() -> None:
    hunt, _ = play(path("r0", "r1"), TWO, Responded(1, Final(503)))
    assert hunt.attempt == 2
    assert hunt.advance(Responded(1, Final(503))) == (hunt, ())


def test_a_retransmitted_503_during_the_next_lookup_is_stale_too() -> None:
    hunt, _ = play(path("r0", "r1", "r2"), ONE, Responded(1, Final(503)))
    assert hunt.advance(Responded(1, Final(503))) == (hunt, ())


def test_a_retransmitted_invite_does_not_restart_the_plan() -> None:
    hunt, _ = play(path("r0"), ONE, Heard(1, 180))
    assert hunt.advance(Placed()) == (hunt, ())


def test_a_late_ring_of_a_settled_attempt_is_not_relayed() -> None:
    hunt, _ = play(path("r0", "r1"), ONE, Expired(1, "no-response"), ONE)
    assert hunt.advance(Heard(1, 180)) == (hunt, ())


def test_a_late_answer_of_a_given_up_attempt_does_not_answer_the_caller() -> None:
    hunt, _ = play(path("r0", "r1"), ONE, Expired(1, "no-response"))
    assert hunt.advance(Responded(1, Final(200))) == (hunt, ())


def test_a_100_again_does_not_arm_no_progress_again() -> None:
    hunt, _ = play(path("r0"), ONE, Heard(1, 100))
    assert hunt.advance(Heard(1, 100)) == (hunt, ())


def test_a_100_after_ringing_does_not_go_back() -> None:
    hunt, _ = play(path("r0"), ONE, Heard(1, 180))
    assert hunt.advance(Heard(1, 100)) == (hunt, ())


def test_silence_before_any_provisional_is_given_up_and_the_next_target_is_tried() -> None:
    _, actions = play(path("r0", "r1"), TWO, Expired(1, "no-response"))
    step = path("r0").steps[0]
    silence = timed_out("no-response")
    assert actions == (Abandon(1), Over(1, silence), Invite(2, step, "b", 2.0))


def test_a_phone_that_nobody_picks_up_is_not_a_target_failure() -> None:
    _, actions = play(path("r0", "r1"), TWO, Heard(1, 180), Expired(1, "no-answer"))
    unanswered = timed_out("no-answer")
    assert actions == (Abandon(1), Over(1, unanswered), Locate(path("r1").steps[0]))


def test_a_transport_error_is_over_without_a_cancel() -> None:
    _, actions = play(path("r0", "r1"), ONE, Failed(1))
    assert actions == (Over(1, TRANSPORT_ERROR), Locate(path("r1").steps[0]))


def test_a_name_that_does_not_resolve_is_a_transport_error_at_once() -> None:
    _, actions = play(path("r0", "r1"), Located(()))
    first, second = path("r0", "r1").steps
    assert actions == (Unreached(1, first), Over(1, TRANSPORT_ERROR), Locate(second))


def test_a_name_that_does_not_resolve_stops_when_the_policy_says_so() -> None:
    retry = policy((OnLocal(outcome="transport-error"), "stop"), otherwise="failover")
    _, actions = play(path("r0", "r1", retry=retry), Located(()))
    assert actions[-1] == Finish(Result("refused", 500, outcome=TRANSPORT_ERROR))


HELD = Located(("a", "b"), held=True)


def test_a_step_that_asked_to_be_left_alone_is_passed_over() -> None:
    hunt, actions = play(path("r0", "r1"), HELD)
    first, second = path("r0", "r1").steps
    assert actions == (Skipped(first), Locate(second))
    _, actions = hunt.advance(ONE)
    assert actions == (Invite(1, second, "a", 2.0),)


def test_when_every_step_is_held_they_are_tried_in_order_anyway() -> None:
    first, second = path("r0", "r1").steps
    hunt, actions = play(path("r0", "r1"), HELD, HELD)
    assert actions == (Locate(first),)
    hunt, actions = hunt.advance(HELD)
    assert actions == (Invite(1, first, "a", 2.0),)
    hunt, _ = hunt.advance(Responded(1, Final(480)))
    _, actions = hunt.advance(HELD)
    assert actions == (Invite(2, second, "a", 2.0),)


def test_a_held_last_step_ends_the_hunt_with_the_best_of_the_others() -> None:
    _, actions = play(path("r0", "r1"), ONE, Responded(1, Final(480)), HELD)
    finish = Finish(Result("refused", 480, "r0", 1, responded(480)))
    assert actions == (Skipped(path("r1").steps[0]), finish)


def test_a_held_step_is_tried_when_the_others_cannot_even_be_reached() -> None:
    first, second = path("r0", "r1").steps
    _, actions = play(path("r0", "r1"), Located(()), HELD)
    assert actions == (Locate(first),)
    _, actions = play(path("r0", "r1"), HELD, Located(()))
    assert actions == (Unreached(1, second), Over(1, TRANSPORT_ERROR), Locate(first))
    _, actions = play(path("r0", "r1"), HELD, Located(()), HELD)
    assert actions == (Invite(2, first, "a", 2.0),)


def test_a_held_step_without_targets_is_a_transport_error() -> None:
    _, actions = play(path("r0"), Located((), held=True))
    assert actions[-1] == Finish(Result("refused", 500, outcome=TRANSPORT_ERROR))


def test_a_stop_is_above_target_failover() -> None:
    retry = policy((OnCode(code=503), "stop"), otherwise="failover")
    _, actions = play(path("r0", "r1", retry=retry), TWO, Responded(1, Final(503)))
    outcome = responded(503)
    assert actions == (Over(1, outcome), Finish(Result("refused", 500, "r0", 1, outcome)))


def test_after_a_commit_even_a_503_goes_to_the_caller() -> None:
    _, actions = play(path("r0", "r1"), TWO, Heard(1, 183), Responded(1, Final(503)))
    outcome = responded(503)
    assert actions == (Over(1, outcome), Finish(Result("refused", 500, "r0", 1, outcome)))


def test_a_committed_call_can_still_be_answered() -> None:
    _, actions = play(path("r0"), ONE, Heard(1, 183), Responded(1, Final(200)))
    assert actions[-1] == Finish(Result("answered", 200, "r0", 1, responded(200)))


def test_a_committed_call_that_nobody_picks_up_ends_with_408() -> None:
    _, actions = play(path("r0", "r1"), ONE, Heard(1, 183), Expired(1, "no-answer"))
    outcome = timed_out("no-answer")
    assert actions == (
        Abandon(1),
        Over(1, outcome),
        Finish(Result("refused", 408, outcome=outcome)),
    )


def test_ringing_is_no_commit_unless_the_policy_says_so() -> None:
    rings = (ONE, Heard(1, 180), Responded(1, Final(480)))
    assert isinstance(play(path("r0", "r1"), *rings)[1][-1], Locate)
    commits = policy(otherwise="failover", commit=(CommitOnCode(code=180),))
    assert isinstance(play(path("r0", "r1", retry=commits), *rings)[1][-1], Finish)


def test_the_caller_who_leaves_cancels_the_attempt_under_way() -> None:
    _, actions = play(path("r0", "r1"), ONE, CallerLeft())
    assert actions == (Abandon(1), Over(1, CANCELLED), Finish(Result("cancelled", 487)))


def test_the_caller_who_leaves_during_a_lookup_stops_it() -> None:
    hunt, actions = play(path("r0", "r1"), CallerLeft())
    assert actions == (Finish(Result("cancelled", 487)),)
    assert hunt.advance(ONE) == (hunt, ())


def test_the_deadline_cuts_even_a_committed_attempt_off_with_408() -> None:
    _, actions = play(path("r0", deadline=5.0), ONE, Heard(1, 183), DeadlinePassed())
    assert actions == (Abandon(1), Over(1, DEADLINE), Finish(Result("refused", 408)))


def test_when_nothing_is_left_the_best_response_is_told_not_the_last() -> None:
    events = (ONE, Responded(1, Final(480)), ONE, Responded(2, Final(503)))
    _, actions = play(path("r0", "r1"), *events)
    assert actions[-1] == Finish(Result("refused", 480, "r0", 1, responded(480)))


def test_a_call_that_every_route_refuses_goes_to_the_carriers_with_the_forwarded_number() -> None:
    plan = small_plan(egress=1, routes=1, carriers=1)
    _, actions = play(itinerary(plan, plan.trunks[0], DIALLED), ONE, Responded(1, Final(503)))
    assert isinstance(actions[-1], Locate)
    assert actions[-1].step.carrier and actions[-1].step.number == FORWARDED_TO


def test_a_stop_does_not_start_the_carriers() -> None:
    plan = small_plan(egress=1, routes=1, carriers=1)
    _, actions = play(itinerary(plan, plan.trunks[0], DIALLED), ONE, Responded(1, Final(404)))
    assert actions[-1] == Finish(Result("refused", 404, "r0", 1, responded(404)))


def test_the_itinerary_takes_its_policy_and_deadline_from_the_trunk() -> None:
    plan = small_plan(deadline=7.5)
    route = itinerary(plan, plan.trunks[0], DIALLED)
    assert route.judge.retry == STANDARD and route.deadline == 7.5


def test_the_itinerary_turns_with_the_calls_that_came_before() -> None:
    plan = small_plan(egress=1, routes=3, method="round-robin")
    routes = [itinerary(plan, plan.trunks[0], DIALLED, calls).steps[0].route for calls in range(4)]
    assert routes == ["r0", "r1", "r2", "r0"]


def test_the_itinerary_takes_the_turn_that_it_is_given_whatever_came_before() -> None:
    plan = small_plan(egress=1, routes=3, method="round-robin")
    route = itinerary(plan, plan.trunks[0], DIALLED, 1, turned=(2, 0, 1))
    assert [step.route for step in route.steps] == ["r2", "r0", "r1"]


THREE = Located(("a", "b", "c"))


@pytest.mark.parametrize(
    "event",
    [Responded(1, Final(480)), Responded(1, Final(503)), Failed(1), Expired(1, "no-response")],
    ids=["480", "503", "unreachable", "silent"],
)
def test_any_failure_of_an_instance_moves_on_to_the_next_one(event: Event) -> None:
    retry = policy(otherwise="failover")
    _, actions = play(path("desk", "r1", retry=retry, registered=True), THREE, event)
    step = path("desk", registered=True).steps[0]
    assert actions[-1] == Invite(2, step, "b", 2.0)


@pytest.mark.parametrize("timer", ["no-progress", "no-answer"])
def test_a_phone_that_rings_unanswered_is_tried_at_the_next_instance(timer: Timer) -> None:
    heard = Heard(1, 100 if timer == "no-progress" else 180)
    _, actions = play(path("desk", registered=True), THREE, heard, Expired(1, timer))
    step = path("desk", registered=True).steps[0]
    assert actions == (Abandon(1), Over(1, timed_out(timer)), Invite(2, step, "b", 2.0))


def test_of_a_region_only_what_rfc_3263_calls_failure_moves_on_to_the_next_address() -> None:
    route = path("telnyx", "r1")
    _, actions = play(route, TWO, Responded(1, Final(480)))
    assert actions == (Over(1, responded(480)), Locate(route.steps[1]))
    _, actions = play(route, TWO, Responded(1, Final(503)))
    assert actions == (Over(1, responded(503)), Invite(2, route.steps[0], "b", 2.0))


def test_a_stop_of_an_instance_stops() -> None:
    _, actions = play(path("desk", "r1", registered=True), THREE, Responded(1, Final(404)))
    assert actions[-1] == Finish(Result("refused", 404, "desk", 1, responded(404)))


def test_a_commit_at_an_instance_keeps_the_others_out() -> None:
    events = (THREE, Heard(1, 183), Responded(1, Final(480)))
    _, actions = play(path("desk", "r1", registered=True), *events)
    assert actions[-1] == Finish(Result("refused", 480, "desk", 1, responded(480)))


def test_the_next_route_follows_the_last_instance() -> None:
    route = path("desk", "r1", registered=True)
    events = (Responded(1, Final(480)), Failed(2), Responded(3, Final(480)))
    _, actions = play(route, THREE, *events)
    assert actions == (Over(3, responded(480)), Locate(route.steps[1]))


NOBODY = Located((), unregistered=True)


def test_nobody_registered_is_one_480_made_here() -> None:
    step = path("desk", registered=True).steps[0]
    _, actions = play(path("desk", registered=True), NOBODY)
    assert actions == (
        Unreached(1, step),
        Over(1, UNREGISTERED),
        Finish(Result("refused", 480, outcome=UNREGISTERED)),
    )


def test_nobody_registered_is_judged_as_480() -> None:
    route = path("desk", "r1", registered=True)
    assert play(route, NOBODY)[1][-1] == Locate(route.steps[1])
    stops = policy((OnCode(code=480), "stop"), otherwise="failover")
    _, actions = play(path("desk", "r1", retry=stops, registered=True), NOBODY)
    assert actions[-1] == Finish(Result("refused", 480, outcome=UNREGISTERED))


def test_a_480_over_the_wire_is_told_before_one_made_here() -> None:
    events = (ONE, Responded(1, Final(480)), NOBODY)
    _, actions = play(path("desk", "r1", registered=True), *events)
    assert actions[-1] == Finish(Result("refused", 480, "desk", 1, responded(480)))
