"""The table of the failover machine, read as a document, and every call that can walk it."""

from __future__ import annotations

from graphlib import TopologicalSorter

import pytest

from plan.samples import path, policy
from sipfo.plan import hunt as machine
from sipfo.plan.action import Action, Finish, Relay
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
from sipfo.plan.hunt import Hunt
from sipfo.plan.outcome import Final
from sipfo.plan.table import IGNORE, TABLE, Op, Row, Sign, State

ROWS = [(state, sign, *TABLE[state][sign]) for state in State for sign in Sign]
UNDER_WAY = (State.CALLING, State.PROCEEDING, State.RINGING, State.COMMITTED)
FINISHING = {Op.ANSWERED, Op.REFUSED, Op.BEST, Op.CANCELLED, Op.LATE, Op.UNROUTED}
LOOKUPS = {Op.LOCATE_FIRST, Op.LOCATE_NEXT, Op.LOCATE_ANYWAY}
INVITES = {Op.INVITE_FIRST, Op.INVITE_NEXT}
STARTING = LOOKUPS | INVITES


def reachable(start: State) -> set[State]:
    found = {start}
    while more := {TABLE[state][sign][0] for state in found for sign in Sign} - found:
        found |= more
    return found


def test_every_state_has_a_row_for_every_sign_and_no_other() -> None:
    assert set(TABLE) == set(State)
    assert all(set(TABLE[state]) == set(Sign) for state in State)


def test_every_state_is_reached_by_a_call() -> None:
    assert reachable(State.IDLE) == set(State)


def test_every_op_is_the_work_of_some_row() -> None:
    assert {op for _, _, _, ops in ROWS for op in ops} == set(Op)


def test_every_state_leads_to_the_end() -> None:
    assert all(State.ENDED in reachable(state) for state in State)


def test_ended_ignores_everything() -> None:
    assert all(TABLE[State.ENDED][sign] == (State.ENDED, IGNORE) for sign in Sign)


def test_what_is_ignored_changes_no_state() -> None:
    assert all(state is then for state, _, then, ops in ROWS if ops == IGNORE)


def test_what_changes_the_state_has_work_to_do_unless_it_is_only_heard() -> None:
    assert all(ops for state, _, then, ops in ROWS if state is not then)


def test_a_stale_event_is_ignored_in_every_state() -> None:
    assert all(TABLE[state][Sign.STALE] == (state, IGNORE) for state in State)


def test_a_call_is_placed_once() -> None:
    placed = {state for state in State if TABLE[state][Sign.PLACED][1]}
    assert placed == {State.IDLE}
    assert {state for state, _, then, ops in ROWS if state is State.IDLE and ops} == placed


def test_a_row_that_ends_the_call_finishes_it_once_as_its_last_work() -> None:
    for state, sign, then, ops in ROWS:
        finishing = [op for op in ops if op in FINISHING]
        ends = then is State.ENDED and state is not State.ENDED
        assert len(finishing) == ends, (state, sign)
        assert not ends or ops[-1] in FINISHING, (state, sign)


def test_a_row_that_ends_the_call_starts_nothing() -> None:
    assert not any(STARTING & set(ops) for _, _, then, ops in ROWS if then is State.ENDED)


def test_an_invite_leads_to_calling_and_a_lookup_to_locating() -> None:
    for state, sign, then, ops in ROWS:
        assert bool(INVITES & set(ops)) == (then is State.CALLING and bool(ops)), (state, sign)
        assert bool(LOOKUPS & set(ops)) == (then is State.LOCATING and bool(ops)), (state, sign)


def test_nothing_starts_before_what_was_under_way_has_ended() -> None:
    for state, sign, _, ops in ROWS:
        if state in UNDER_WAY and STARTING & set(ops):
            assert ops[0] is Op.END_ATTEMPT, (state, sign)


def test_nothing_fails_over_once_committed() -> None:
    assert reachable(State.COMMITTED) == {State.COMMITTED, State.ENDED}
    assert not any(STARTING & set(ops) for state, _, _, ops in ROWS if state is State.COMMITTED)


def test_only_the_caller_and_the_deadline_cut_an_attempt_off() -> None:
    cutting = {sign for _, sign, _, ops in ROWS if Op.CUT_ATTEMPT in ops}
    assert cutting == {Sign.CALLER_LEFT, Sign.DEADLINE}


@pytest.mark.parametrize("state", UNDER_WAY)
def test_whoever_is_under_way_is_ended_by_answer_stop_caller_and_deadline(state: State) -> None:
    for sign in (Sign.STOP, Sign.ANSWER, Sign.CALLER_LEFT, Sign.DEADLINE):
        assert TABLE[state][sign][0] is State.ENDED


@pytest.mark.parametrize("sign", [Sign.CALLER_LEFT, Sign.DEADLINE])
def test_the_caller_and_the_deadline_end_a_lookup_too(sign: Sign) -> None:
    assert TABLE[State.LOCATING][sign][0] is State.ENDED


def test_a_provisional_above_100_is_always_relayed_and_nothing_else_is() -> None:
    relayed = {(state, sign) for state, sign, _, ops in ROWS if Op.RELAY in ops}
    assert relayed == {
        (state, sign) for state in UNDER_WAY for sign in (Sign.PROGRESS, Sign.COMMIT)
    }


def test_within_an_attempt_the_phase_only_goes_forward() -> None:
    """CALLING, PROCEEDING, RINGING, COMMITTED: by provisionals alone, never back."""
    for state in UNDER_WAY:
        for sign in (Sign.TRYING, Sign.PROGRESS, Sign.COMMIT):
            assert UNDER_WAY.index(TABLE[state][sign][0]) >= UNDER_WAY.index(state), (state, sign)


def test_no_answer_is_armed_once_by_the_first_ring() -> None:
    """A chatty 183 must not hold the call for ever (RFC 3261 §13.3.1.1: one a minute)."""
    arming = {state for state, _, _, ops in ROWS if Op.ARM_NO_ANSWER in ops}
    assert arming == {State.CALLING, State.PROCEEDING}


def test_no_progress_is_armed_once_by_the_first_100() -> None:
    arming = {(state, sign) for state, sign, _, ops in ROWS if Op.ARM_NO_PROGRESS in ops}
    assert arming == {(State.CALLING, Sign.TRYING)}


# Every event that can happen to an attempt of the explored call: one of each meaning to the
# standard policy (503 also fails a target, 480 a route, 404 stops, 183 commits).
ABOUT_AN_ATTEMPT: tuple[Event, ...] = (
    Heard(0, 100),
    Heard(0, 180),
    Heard(0, 183),
    Responded(0, Final(200)),
    Responded(0, Final(404)),
    Responded(0, Final(480)),
    Responded(0, Final(503)),
    Failed(0),
    Expired(0, "no-response"),
    Expired(0, "no-progress"),
    Expired(0, "no-answer"),
)
ABOUT_THE_CALL: tuple[Event, ...] = (
    Placed(),
    Located(()),
    Located(("a", "b")),
    Located(("a",), held=True),
    CallerLeft(),
    DeadlinePassed(),
)

Moves = list[tuple[Event, Hunt, tuple[Action, ...]]]


def _of(event: Event, attempt: int) -> Event:
    match event:
        case Heard(status=status):
            return Heard(attempt, status)
        case Responded(final=final):
            return Responded(attempt, final)
        case Expired(timer=timer):
            return Expired(attempt, timer)
        case _:
            return Failed(attempt)


def explore(start: Hunt) -> dict[Hunt, Moves]:
    """Every hunt that any sequence of events leads to, and where each event takes it."""
    about_the_call = ABOUT_THE_CALL
    if any(step.registered for step in start.itinerary.steps):
        about_the_call += (Located((), unregistered=True),)
    found: dict[Hunt, Moves] = {}
    frontier = [start]
    while frontier:
        hunt = frontier.pop()
        if hunt in found:
            continue
        attempts = {max(hunt.attempt - 1, 0), hunt.attempt}
        events = [_of(event, attempt) for attempt in attempts for event in ABOUT_AN_ATTEMPT]
        found[hunt] = [(event, *hunt.advance(event)) for event in (*events, *about_the_call)]
        frontier += [then for _, then, _ in found[hunt] if then not in found]
    return found


@pytest.fixture(scope="module")
def every_call() -> dict[Hunt, Moves]:
    """All calls over two routes, and to one registered user, with up to two targets each."""
    calls = explore(Hunt(path("r0", "r1", deadline=20.0)))
    return calls | explore(Hunt(path("r0", deadline=20.0, registered=True)))


def test_no_call_goes_round_in_a_circle(every_call: dict[Hunt, Moves]) -> None:
    order = TopologicalSorter(
        {hunt: {then for _, then, _ in moves if then != hunt} for hunt, moves in every_call.items()}
    )
    order.prepare()  # CycleError if a call can come back to where it was
    assert order.is_active()


def test_what_leaves_a_call_where_it_was_asks_for_a_relay_at_most(
    every_call: dict[Hunt, Moves],
) -> None:
    for hunt, moves in every_call.items():
        for _, then, actions in moves:
            assert then != hunt or actions in ((), (Relay(hunt.attempt),))


def test_a_call_is_ended_exactly_when_it_is_finished(every_call: dict[Hunt, Moves]) -> None:
    for hunt, moves in every_call.items():
        assert (hunt.state is State.ENDED) == (hunt.result is not None)
        for _, then, actions in moves:
            finishes = [action for action in actions if isinstance(action, Finish)]
            assert len(finishes) == (then.state is State.ENDED and hunt.state is not State.ENDED)
            assert not finishes or actions[-1] == Finish(then.result)  # type: ignore[arg-type]  # an ended call has one


def test_every_row_with_work_is_walked_by_some_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """But the failure rows of COMMITTED, which no event is read as: they keep the table total."""
    walked: set[tuple[State, Sign]] = set()

    class Watched(dict[Sign, Row]):
        def __init__(self, state: State) -> None:
            super().__init__(TABLE[state])
            self.state = state

        def __getitem__(self, sign: Sign) -> Row:
            walked.add((self.state, sign))
            return super().__getitem__(sign)

    monkeypatch.setattr(machine, "TABLE", {state: Watched(state) for state in State})
    explore(Hunt(path("r0", "r1")))
    explore(Hunt(path("r0", retry=policy(otherwise="stop"))))
    explore(Hunt(path()))
    kept_total = {
        (State.COMMITTED, sign) for sign in (Sign.NEXT_TARGET, Sign.NEXT_STEP, Sign.EXHAUSTED)
    }
    assert {(state, sign) for state, sign, _, ops in ROWS if ops} - walked == kept_total
    assert not walked & kept_total
