"""What every call owes its caller, whatever happens to it: laws over whole journeys."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings

from plan.journey import Frame, Journey, journeys
from plan.script import Script, seeds
from plan.strategies import TIMERS, itineraries
from sipfo.plan.action import (
    Abandon,
    Action,
    Arm,
    ArmDeadline,
    Finish,
    Invite,
    Locate,
    Over,
    Relay,
    Result,
    Skipped,
    Unreached,
)
from sipfo.plan.best import best, upstream_code
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
from sipfo.plan.hunt import Hunt, Itinerary
from sipfo.plan.order import Step
from sipfo.plan.outcome import (
    TRANSPORT_ERROR,
    UNREGISTERED,
    Judge,
    Outcome,
    timed_out,
)
from sipfo.plan.table import State

law = settings(max_examples=40)


def overs(frames: tuple[Frame, ...]) -> list[Over]:
    return [action for frame in frames for action in frame.actions if isinstance(action, Over)]


@law
@given(journeys)
def test_every_call_ends_and_is_finished_once(journey: Journey) -> None:
    finishes = [action for action in journey.actions if isinstance(action, Finish)]
    assert journey.last.state is State.ENDED
    assert [finish.result for finish in finishes] == [journey.last.result]
    assert journey.actions[-1] is finishes[0]


@law
@given(journeys)
def test_a_stray_changes_nothing(journey: Journey) -> None:
    for frame in journey.frames:
        if frame.stray:
            assert frame.after == frame.before and frame.actions == ()


def lookups(actions: Sequence[Action]) -> list[Step]:
    return [action.step for action in actions if isinstance(action, Locate)]


def passes(journey: Journey) -> tuple[list[Action], list[Action]]:
    """The call's actions before and from the lookup that starts over, if one does."""
    actions, looked_up = journey.actions, 0
    for index, action in enumerate(actions):
        looked_up += isinstance(action, Locate)
        if looked_up > len(journey.itinerary.steps):
            return actions[:index], actions[index:]
    return actions, []


@law
@given(journeys)
def test_attempts_are_a_prefix_of_the_steps_in_order(journey: Journey) -> None:
    order = journey.itinerary.steps
    for actions in passes(journey):
        settled = dict.fromkeys(
            action.step for action in actions if isinstance(action, (Invite, Unreached, Skipped))
        )
        assert tuple(settled) == order[: len(settled)]
        assert tuple(lookups(actions)) == order[: len(lookups(actions))]
        assert len(lookups(actions)) - len(settled) in (0, 1)  # the caller may leave meanwhile


@law
@given(journeys)
def test_a_held_step_is_passed_over_unless_all_were_held(journey: Journey) -> None:
    first, second = passes(journey)
    for frame in journey.frames:
        if not frame.stray and isinstance(frame.event, Located):
            held = frame.event.held and bool(frame.event.targets)
            invited = any(isinstance(action, Invite) for action in frame.actions)
            assert invited == (bool(frame.event.targets) and (not held or frame.before.anyway))
    if second:
        assert not [action for action in first if isinstance(action, Invite)]
        assert not [action for action in second if isinstance(action, Skipped)]


@law
@given(journeys)
def test_the_targets_of_a_step_are_tried_in_their_order(journey: Journey) -> None:
    given_targets: tuple[str, ...] = ()
    tried: list[str] = []
    for frame in journey.frames:
        if isinstance(frame.event, Located) and not frame.stray:
            given_targets, tried = frame.event.targets, []
        tried += [action.target for action in frame.actions if isinstance(action, Invite)]
        assert tuple(tried) == given_targets[: len(tried)]


@law
@given(journeys)
def test_attempts_are_numbered_from_1_and_each_is_over_once(journey: Journey) -> None:
    begun = [a.attempt for a in journey.actions if isinstance(a, (Invite, Unreached))]
    over = [a.attempt for a in journey.actions if isinstance(a, Over)]
    assert begun == over == list(range(1, len(begun) + 1))


@law
@given(journeys)
def test_one_attempt_is_under_way_at_a_time(journey: Journey) -> None:
    edges = [a for a in journey.actions if isinstance(a, (Invite, Unreached, Over))]
    assert all(isinstance(one, Over) != isinstance(two, Over) for one, two in pairwise(edges))


def ends_the_hunt(event: Event, judge: Judge) -> bool:
    """Whether no other attempt may follow this event, read from LANGUAGE's words alone."""
    match event:
        case CallerLeft() | DeadlinePassed():
            return True
        case Heard(status=status, has_body=has_body):
            return status > 100 and judge.commits(status, has_body)
        case Responded(final=final):
            return final.status < 300 or judge.verdict(Outcome("response", final)) == "stop"
        case Located(targets=(), unregistered=True):
            return judge.verdict(UNREGISTERED) == "stop"
        case Failed() | Located(targets=()):
            return judge.verdict(TRANSPORT_ERROR) == "stop"
        case Expired(timer=timer):
            return judge.verdict(timed_out(timer)) == "stop"
        case _:
            return False


@law
@given(journeys)
def test_nothing_starts_after_commit_answer_stop_caller_left_or_deadline(journey: Journey) -> None:
    for index, frame in enumerate(journey.frames):
        if not frame.stray and ends_the_hunt(frame.event, journey.itinerary.judge):
            rest = [*frame.actions, *journey.after(index)]
            assert not [action for action in rest if isinstance(action, (Locate, Invite))]


@law
@given(journeys)
def test_a_hunt_that_nothing_ends_tries_everything(journey: Journey) -> None:
    judge = journey.itinerary.judge
    if not any(ends_the_hunt(f.event, judge) for f in journey.frames if not f.stray):
        assert tuple(dict.fromkeys(lookups(journey.actions))) == journey.itinerary.steps


@law
@given(journeys)
def test_only_an_attempt_without_a_final_response_is_abandoned(journey: Journey) -> None:
    for frame in journey.frames:
        for action, following in pairwise((*frame.actions, None)):
            if isinstance(action, Abandon):
                assert not isinstance(frame.event, (Responded, Failed, Located))
                assert isinstance(following, Over) and following.attempt == action.attempt
    timed_or_cut = [over for over in overs(journey.frames) if over.outcome.code == 408]
    given_up = [over.attempt for over in timed_or_cut if over.outcome.final is None]
    assert [a.attempt for a in journey.actions if isinstance(a, Abandon)] == given_up


@law
@given(journeys)
def test_the_next_target_is_tried_on_what_rfc_3263_calls_failure_or_for_a_registered_user(
    journey: Journey,
) -> None:
    for frame in journey.frames:
        over = [action for action in frame.actions if isinstance(action, Over)]
        if not over:
            continue
        registered = journey.itinerary.steps[frame.before.step].registered
        more = frame.before.target + 1 < len(frame.before.targets)
        goes_on = more and (over[0].outcome.is_target_failure or registered)
        if any(isinstance(action, Invite) for action in frame.actions):
            assert goes_on
        elif any(isinstance(action, Locate) for action in frame.actions):
            assert not goes_on


@law
@given(journeys)
def test_a_lookup_without_targets_is_one_attempt_that_says_why(journey: Journey) -> None:
    for frame in journey.frames:
        event = frame.event
        if isinstance(event, Located) and not event.targets and not frame.stray:
            why = UNREGISTERED if event.unregistered else TRANSPORT_ERROR
            number, step = frame.after.attempt, journey.itinerary.steps[frame.before.step]
            assert frame.actions[:2] == (Unreached(number, step), Over(number, why))


@law
@given(journeys)
def test_carriers_start_only_after_every_route_has_failed_over(journey: Journey) -> None:
    judge, ended = journey.itinerary.judge, list[Outcome]()
    routes = [step for step in journey.itinerary.steps if not step.carrier]
    located = lookups(journey.actions)
    for action in journey.actions:
        if isinstance(action, Over):
            ended.append(action.outcome)
        elif isinstance(action, Locate) and action.step.carrier:
            assert located[: len(routes)] == routes
            assert {judge.verdict(outcome) for outcome in ended} <= {"failover"}


@law
@given(journeys)
def test_each_phase_has_its_timer_and_each_timer_is_armed_once(journey: Journey) -> None:
    retry = journey.itinerary.judge.retry
    timers: dict[int, list[str]] = {}
    for action in journey.actions:
        match action:
            case Invite(attempt=attempt, seconds=seconds):
                assert seconds == retry.no_response
                timers[attempt] = ["no-response"]
            case Arm(attempt=attempt, timer=timer, seconds=seconds):
                assert seconds == getattr(retry, timer.replace("-", "_"))
                timers[attempt].append(timer)
            case _:
                continue
    for armed in timers.values():
        assert armed == [timer for timer in TIMERS if timer in armed]


@law
@given(journeys)
def test_a_provisional_above_100_is_relayed_when_it_is_heard(journey: Journey) -> None:
    for frame in journey.frames:
        event = frame.event
        heard = isinstance(event, Heard) and event.status > 100 and not frame.stray
        relayed = [action for action in frame.actions if isinstance(action, Relay)]
        assert relayed == ([Relay(frame.before.attempt)] if heard else [])


@law
@given(journeys)
def test_the_deadline_is_armed_once_with_the_call_if_there_is_one(journey: Journey) -> None:
    armed = [action for action in journey.actions if isinstance(action, ArmDeadline)]
    deadline = journey.itinerary.deadline
    assert armed == ([] if deadline is None else [ArmDeadline(deadline)])
    assert not armed or journey.actions[0] is armed[0]


@law
@given(journeys)
def test_the_result_is_what_the_last_event_and_the_best_response_say(journey: Journey) -> None:
    result = journey.last.result
    assert result is not None
    ending = next(frame for frame in journey.frames if frame.after.state is State.ENDED)
    match ending.event:
        case CallerLeft():
            assert result == Result("cancelled", 487)
        case DeadlinePassed():
            assert result == Result("refused", 408)
        case Responded(attempt=attempt, final=final) if final.status < 300:
            by = journey.itinerary.steps[ending.before.step].route
            assert result == Result(
                "answered", final.status, by, attempt, Outcome("response", final)
            )
        case _:
            chosen = journey.last.ended[-1]
            if not ends_the_hunt(ending.event, journey.itinerary.judge) and (
                ending.before.state is not State.COMMITTED
            ):
                chosen = best(journey.last.ended)
            wire = chosen.outcome.final is not None
            assert result == Result(
                "refused",
                upstream_code(chosen.outcome),
                chosen.route if wire else None,
                chosen.attempt if wire else None,
                chosen.outcome,
            )
            assert result.code != 503


@law
@given(journeys)
def test_the_same_events_make_the_same_call(journey: Journey) -> None:
    hunt = Hunt(journey.itinerary)
    for frame in journey.frames:
        assert hunt == frame.before  # an advance left the hunt before it untouched
        hunt, actions = hunt.advance(frame.event)
        assert actions == frame.actions
    assert hunt == journey.last


@given(itineraries(), seeds)
def test_contradictory_events_never_finish_twice_nor_start_anything_after(
    route: Itinerary, seed: int
) -> None:
    script = Script(seed, route)
    hunt, actions = Hunt(route).advance(Placed())
    for _ in range(20):
        hunt, asked = hunt.advance(script.anything())
        actions += asked
    finishes = [n for n, action in enumerate(actions) if isinstance(action, Finish)]
    assert finishes in ([], [len(actions) - 1])
    begun = [a.attempt for a in actions if isinstance(a, (Invite, Unreached))]
    over = [a.attempt for a in actions if isinstance(a, Over)]
    assert begun == list(range(1, len(begun) + 1))
    assert over == begun[: len(over)] and len(begun) - len(over) in (0, 1)
