"""Up and down: the table, the policy's hysteresis, what calls meet."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.probing import EVERY, PROBE, notices, probing
from runtime.world import EAST, WEST, Callee, Caller, World, policy
from sipfo.plan.model import Probe
from sipfo.plan.outcome import (
    CANCELLED,
    DEADLINE,
    TRANSPORT_ERROR,
    Outcome,
    responded,
    timed_out,
)
from sipfo.runtime.health import TABLE, Event, Healths, Path, State, met_by_call
from sipfo.runtime.record import Notice, Record

PATH = Path("us.primary", "pbx-east", carrier=False)
TARGET = "udp:198.51.100.10:5060"
ANSWERED = frozenset({Event.PROBE_ANSWERED, Event.CALL_ANSWERED})
MET = [event for event in Event if event is not Event.ENOUGH]
counts = st.integers(1, 5)


def healths(down_after: int = 3, up_after: int = 2) -> tuple[Healths, deque[Record]]:
    said: deque[Record] = deque()
    probe = Probe(every=30.0, down_after=down_after, up_after=up_after)
    return Healths({PATH: probe}, said), said


def test_the_table_is_total() -> None:
    assert set(TABLE) == {(state, event) for state in State for event in Event}


@given(st.lists(st.sampled_from(MET), max_size=60), counts, counts)
def test_so_many_in_a_row_as_declared_turn_a_target_and_nothing_else(
    events: list[Event], down_after: int, up_after: int
) -> None:
    found, said = healths(down_after, up_after)
    down, row, turns = False, 0, 0
    for event in events:
        row = row + 1 if (event in ANSWERED) is down else 0
        if row == (up_after if down else down_after):
            down, row, turns = not down, 0, turns + 1
        found.take(PATH, TARGET, event)
        assert found.is_down(PATH, TARGET) is down
    assert len(said) == turns


def test_what_goes_down_and_up_is_said_with_the_reason() -> None:
    found, said = healths(down_after=3, up_after=1)
    for event in (*[Event.CALL_FAILED] * 3, Event.PROBE_ANSWERED):
        found.take(PATH, TARGET, event)
    assert list(said) == [
        Notice(
            "-", "us.primary to pbx-east at udp:198.51.100.10:5060 is down: 3 failures in a row"
        ),
        Notice("-", "us.primary to pbx-east at udp:198.51.100.10:5060 is up: 1 answer"),
    ]


def test_what_is_not_probed_is_never_down() -> None:
    found, said = healths(down_after=1)
    other = PATH._replace(destination="pbx-west")
    found.take(other, TARGET, Event.CALL_FAILED)
    assert not found.is_down(other, TARGET)
    assert not said


def test_a_carrier_with_the_name_of_a_route_has_its_own_health() -> None:
    found, _ = healths(down_after=1)
    found.take(PATH._replace(carrier=True), TARGET, Event.CALL_FAILED)
    assert not found.is_down(PATH, TARGET)


def test_a_target_that_the_name_leads_to_no_more_is_forgotten() -> None:
    found, _ = healths(down_after=1)
    found.take(PATH, TARGET, Event.PROBE_FAILED)
    found.keep(PATH, [TARGET])
    assert found.is_down(PATH, TARGET)
    found.keep(PATH, ["udp:198.51.100.99:5060"])
    assert not found.is_down(PATH, TARGET)


@pytest.mark.parametrize(
    ("outcome", "event"),
    [
        (TRANSPORT_ERROR, Event.CALL_FAILED),
        (timed_out("no-response"), Event.CALL_FAILED),
        (timed_out("no-progress"), Event.CALL_ANSWERED),
        (timed_out("no-answer"), Event.CALL_ANSWERED),
        (responded(200), Event.CALL_ANSWERED),
        (responded(408), Event.CALL_ANSWERED),
        (responded(486), Event.CALL_ANSWERED),
        (responded(503), None),
        (CANCELLED, None),
        (DEADLINE, None),
    ],
    ids=lambda value: getattr(value, "word", None) or str(value),
)
def test_what_an_outcome_says_about_the_target(outcome: Outcome, event: Event | None) -> None:
    assert met_by_call(outcome) is event


# In the engine: passive detection, and what becomes of calls.


def test_calls_that_fail_take_a_probed_target_down_before_any_probe_does() -> None:
    world = World(probing(policy(egress=("us.primary",)), "pbx-east"))
    west = Callee(world, WEST, (0, 486))
    caller = Caller(world)
    Callee(world, EAST)  # answers the first probe
    world.run(1)
    del world.peers[EAST]
    for call in range(PROBE.down_after + 1):
        caller.call()
        world.run(3 + 2 * call)
    assert world.now < EVERY
    routes = [route for _, route, _ in world.attempts]
    assert routes == ["pbx-east", "pbx-west"] * PROBE.down_after + ["pbx-west"]
    assert len(west.requests("INVITE")) == PROBE.down_after + 1
    assert notices(world) == [
        "us.primary to pbx-east at udp:198.51.100.10:5060 is down: 3 failures in a row",
        "us.primary to pbx-east skipped: down",
    ]


def test_calls_that_fail_take_nothing_down_that_is_not_probed() -> None:
    world = World(policy(egress=("us.primary",)))
    Callee(world, WEST, (0, 486))
    caller = Caller(world)
    for call in range(6):
        caller.call()
        world.run(2 + 2 * call)
    assert [route for _, route, _ in world.attempts] == ["pbx-east", "pbx-west"] * 6


def test_a_call_that_is_answered_starts_the_count_over() -> None:
    world = World(probing(policy(egress=("us.primary",)), "pbx-east"))
    caller = Caller(world)
    Callee(world, WEST, (0, 486))
    Callee(world, EAST)  # answers the first probe
    world.run(1)
    for call in range(8):
        if call % PROBE.down_after == PROBE.down_after - 1:
            Callee(world, EAST, (0, 486))
        else:
            world.peers.pop(EAST, None)
        caller.call()
        world.run(3 + 2 * call)
    assert world.now < EVERY
    assert notices(world) == []


def test_one_egress_that_fails_says_nothing_about_the_other() -> None:
    world = World(probing(policy(), "pbx-east", "pbx-west"))
    world.lose = lambda flow, data: flow.local[0] == "192.76.120.10"
    east = Callee(world, EAST, (0, 200))
    Callee(world, WEST, (0, 200))
    world.run(3 * EVERY + 40)
    Caller(world).call()
    world.run(3 * EVERY + 42)
    assert world.attempts == [("us.secondary", "pbx-east", "200")]
    assert len(east.requests("INVITE")) == 1
    assert notices(world)[-2:] == [
        "us.primary to pbx-east skipped: down",
        "us.primary to pbx-west skipped: down",
    ]


def test_all_targets_down_are_tried_in_order_anyway() -> None:
    world = World(probing(policy(), "pbx-east", "pbx-west"))
    world.run(3 * EVERY)
    Caller(world).call()
    world.run(3 * EVERY + 2)
    assert [(egress, route) for egress, route, _ in world.attempts] == [
        ("us.primary", "pbx-east"),
        ("us.primary", "pbx-west"),
        ("us.secondary", "pbx-east"),
        ("us.secondary", "pbx-west"),
    ]


def test_a_step_with_one_target_down_goes_to_the_other_and_says_so() -> None:
    both = ("sip:198.51.100.10", "sip:198.51.100.20")
    plan = policy(routes={"pbx": both}, egress=("us.primary",))
    world = World(probing(plan, "pbx"))
    Callee(world, WEST, (0, 200))
    world.run(3 * EVERY)
    Caller(world).call()
    world.run(3 * EVERY + 2)
    assert world.attempts == [("us.primary", "pbx", "200")]
    assert notices(world)[-1] == "us.primary to pbx at udp:198.51.100.10:5060 skipped: down"
    assert world.calls[0].notes == (notices(world)[-1],), "and its record keeps it"
