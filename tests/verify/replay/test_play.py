"""Calls that a real engine carried, in a capture and in records, replayed: by the same policy nothing
changes, and by another one what comes out is what the engine does by it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.world import EAST, NORTHSTAR, TARGETS, WEST, Caller, Line, policy
from sipfo.plan.model import Plan
from sipfo.verify.replay.play import Replay, Replayed
from sipfo.verify.replay.reading import read_capture, read_json_lines
from sipfo.verify.replay.tell import Told, tell
from verify.replay.tape import Phone, TapedWorld

Script = Sequence[Line] | str
"""What a destination says, or `silent`, or `refuses`."""

CARRIERS = {"northstar": f"sip:{NORTHSTAR[0]}"}
LONG = 200.0


def world(
    plan: Plan,
    east: Script,
    west: Script,
    star: Script = ((0.1, 200),),
    gave_up: float | None = None,
) -> TapedWorld:
    """One call, to its end or a long time after."""
    made = TapedWorld(plan)
    caller = Caller(made)
    for address, script in ((EAST, east), (WEST, west), (NORTHSTAR, star)):
        if script == "silent":
            made.silent.add(address)
        elif not isinstance(script, str):
            Phone(made, address, *script)
    caller.call()
    if gave_up is not None:
        made.after(gave_up, caller.cancel)
    made.run(LONG)
    return made


def of_capture(made: TapedWorld, plan: Plan) -> Told:
    recording = read_capture(io.BytesIO(made.pcap), plan)
    assert recording.remarks == ()
    [call] = recording.calls
    return tell(Replay(plan).play(call))


def of_records(made: TapedWorld, plan: Plan) -> Told:
    recording = read_json_lines(made.lines.splitlines(keepends=True))
    assert recording.remarks == ()
    [call] = recording.calls
    return tell(Replay(plan).play(call))


def seen(one: Replayed) -> list[tuple[str, str, str]]:
    return [(at.egress, at.route, at.outcome) for at in one.attempts]


OK = ((0.1, 180), (1.0, 200))
RINGS = ((0.1, 180),)
BUSY = ((0.1, 486),)
DOWN = ((0.1, 503),)
SLOW = ((3.0, 180), (5.0, 200))


@pytest.mark.parametrize("read", [of_capture, of_records])
@pytest.mark.parametrize(
    ("east", "west"),
    [
        (OK, OK),
        (DOWN, OK),
        ("silent", OK),
        (DOWN, DOWN),
        (BUSY, OK),
        ("silent", "silent"),
        (((0.1, 100),), OK),
        (RINGS, OK),
    ],
)
def test_by_the_same_policy_nothing_changes(read: object, east: Script, west: Script) -> None:
    assert callable(read)
    plan = policy(carriers=CARRIERS)
    told: Told = read(world(plan, east, west), plan)
    assert told.change == "same", told
    assert told.replayed.unknown is None


def test_a_call_that_is_saved() -> None:
    """The east was busy; with 486 among the codes, the west, which was tried by another call, is
    not known; and when a 503 stopped it, the west that answered is."""
    before, after = policy(failover=(408,)), policy(failover=(408, 503))
    told = of_capture(world(before, DOWN, OK), after)
    assert told.change == "not known"
    assert told.replayed.unknown is not None
    assert (
        "us.primary to pbx-west (udp:198.51.100.20:5060): was never tried"
        in told.replayed.unknown.why
    )


def test_a_call_that_another_timer_saves() -> None:
    before = policy(no_response=8.0, deadline=10.0)
    made = world(before, "silent", SLOW)
    assert [one.result for one in made.rows] == ["refused"]
    told = of_capture(made, policy(no_response=5.0, deadline=30.0))
    assert told.replayed.unknown is not None
    assert told.replayed.unknown.why.startswith("what pbx-west does after 3.")
    # Twice in the west: the first time, it was given up before it rang.
    made = world(policy(no_response=2.9), DOWN, ((2.95, 200),))
    assert made.rows[0].result == "refused"
    told = of_capture(made, policy(no_response=4.0))
    assert told.change == "saved"
    assert told.replayed.elapsed == pytest.approx(3.1, abs=0.1)


def test_silence_that_costs_less() -> None:
    made = world(policy(), "silent", OK)
    told = of_capture(made, policy(no_response=1.0))
    assert told.change == "sooner"
    assert seen(told.replayed) == [
        ("us.primary", "pbx-east", "no-response"),
        ("us.primary", "pbx-west", "200"),
    ]
    assert told.replayed.elapsed == pytest.approx(1.0 + 1.02, abs=0.03)


def test_an_error_that_was_not_captured_is_assumed() -> None:
    """There is no ICMP in this capture, but the next attempt followed at once."""
    told = of_capture(world(policy(), "refuses", OK), policy())
    assert told.change == "same"
    assert seen(told.replayed)[0] == ("us.primary", "pbx-east", "transport-error")
    [assumed] = told.replayed.assumed
    assert assumed.startswith("pbx-east is taken to have been out of reach")
    assert of_records(world(policy(), "refuses", OK), policy()).replayed.assumed == (
        "pbx-west is taken to have said 180 when it rang",
    )


def test_a_late_ring_rings_twice() -> None:
    """The east rings after 3 seconds; given up after 2, both telephones ring."""
    made = world(policy(no_response=4.0), SLOW, OK)
    assert made.rows[0].by == "pbx-east"
    told = of_capture(made, policy(no_response=2.0))
    assert told.change == "not known"  # nobody knows what the west would have done
    both = world(policy(no_response=2.0), SLOW, OK)
    told = of_capture(both, policy(no_response=2.0))
    assert told.replayed.rings == 2
    assert told.replayed.call.rings == 2


def test_ringing_that_is_given_up_rings_twice() -> None:
    before = policy(commit=(), no_answer=20.0)
    made = world(before, RINGS, OK)
    told = of_capture(made, policy(commit=(), no_answer=10.0))
    assert (told.change, told.replayed.rings) == ("sooner", 2)
    told = of_capture(made, policy(commit=(180,), no_answer=10.0))
    assert (told.change, told.replayed.rings) == ("lost", 1)


def test_what_was_given_up_sooner_is_not_known() -> None:
    made = world(policy(no_response=1.0), "silent", OK)
    told = of_records(made, policy(no_response=4.0))
    assert told.change == "not known"
    assert told.replayed.unknown is not None
    assert "what pbx-east does after 1 s" in told.replayed.unknown.why
    # The capture goes on after the attempt was given up, and heard nothing.
    assert of_capture(made, policy(no_response=4.0)).change == "later"


def test_a_caller_who_gave_up_gives_up() -> None:
    made = world(policy(), "silent", RINGS, gave_up=9.0)
    for read in (of_capture, of_records):
        told = read(made, policy())
        assert (told.change, told.replayed.result and told.replayed.result.kind) == (
            "same",
            "cancelled",
        )
    assert of_capture(world(policy(), "silent", "silent", gave_up=6.0), policy()).change == "same"


def test_names_are_what_they_were() -> None:
    plan = policy(routes={"pbx": ("sip:pbx.example.com",), "pbx-west": (f"sip:{WEST[0]}",)})
    made = TapedWorld(plan, {"pbx.example.com": TARGETS})
    Phone(made, ("198.51.100.32", 5060), (0.1, 200))
    made.silent.add(("198.51.100.31", 5060))
    Caller(made).call()
    made.run(LONG)
    assert of_records(made, plan).change == "same"
    recording = read_capture(io.BytesIO(made.pcap), plan)
    [call] = recording.calls
    told = tell(Replay(plan).play(call))
    assert told.replayed.unknown is not None
    assert told.replayed.unknown.why == "pbx.example.com was not looked up in the recording"
    hosts = {"pbx.example.com": "198.51.100.32"}
    [call] = read_capture(io.BytesIO(made.pcap), plan, hosts=hosts).calls
    assert tell(Replay(plan, hosts).play(call)).change == "sooner"


def test_a_number_of_nobody() -> None:
    made = world(policy(), OK, OK)
    plan = policy()
    trunk = plan.trunks[0].model_copy(update={"numbers": ()})
    nobody = plan.model_copy(update={"trunks": (trunk,)})
    told = of_capture(made, nobody)
    assert told.replayed.unknown is not None
    assert told.replayed.unknown.why == "no trunk has this number"


def _place(caller: Caller) -> None:
    caller.call()


def test_a_round_robin_begins_where_it_began() -> None:
    plan = policy(method="round-robin")
    made = TapedWorld(plan)
    caller = Caller(made)
    for address in (EAST, WEST):
        Phone(made, address, *OK)
    for start in (0.0, 20.0, 40.0):
        made.after(start, partial(_place, caller))
    made.run(LONG)
    recording = read_capture(io.BytesIO(made.pcap), plan)
    told = [tell(Replay(plan).play(call)) for call in recording.calls]
    assert [one.change for one in told] == ["same"] * 3
    assert [one.replayed.attempts[0].route for one in told] == ["pbx-east", "pbx-west", "pbx-east"]


def test_without_the_callers_side_attempts_make_a_call() -> None:
    plan = policy()
    made = world(plan, DOWN, OK)
    made.tape = [one for one in made.tape if "192.0.2.200" not in (one.source[0], one.target[0])]
    told = of_capture(made, plan)
    assert (told.change, len(told.replayed.attempts)) == ("same", 2)


finals = st.sampled_from((200, 404, 408, 480, 486, 503, 504, 603))
scripts: st.SearchStrategy[Script] = st.one_of(
    st.just("silent"),
    finals.map(lambda code: ((0.1, code),)),
    st.tuples(st.sampled_from((0.1, 1.5, 3.0)), st.sampled_from((100, 180, 183)), finals).map(
        lambda one: ((one[0], one[1]), (one[0] + 1.0, one[2]))
    ),
    st.sampled_from((((0.1, 100),), ((0.1, 180),), ((3.0, 180),))),
)
policies = st.builds(
    policy,
    carriers=st.sampled_from((None, CARRIERS)),
    failover=st.sampled_from(((408,), (408, 480, 503, 504), (408, 480, 486, 503, 603))),
    commit=st.sampled_from(((), (180,), (180, 183))),
    no_response=st.sampled_from((1.0, 2.0, 4.0)),
    no_progress=st.sampled_from((3.0, 8.0)),
    no_answer=st.sampled_from((5.0, 20.0)),
    deadline=st.sampled_from((None, 7.3, 15.1)),
)


@settings(deadline=None, max_examples=100)
@given(policies, policies, scripts, scripts, scripts)
def test_what_is_known_of_a_replay_is_what_the_engine_does(
    before: Plan, after: Plan, east: Script, west: Script, star: Script
) -> None:
    """A differential: carried by one policy and replayed by another, against carried by the other."""
    truth = world(after, east, west, star)
    [row] = truth.rows
    made = world(before, east, west, star)
    for read in (of_capture, of_records):
        one = read(made, after).replayed
        if one.assumed:
            continue  # and said so
        known = [(at.egress, at.route, at.outcome) for at in row.attempts]
        assert seen(one) == known[: len(one.attempts)]
        if one.unknown is None:
            assert one.result is not None and one.elapsed is not None
            assert seen(one) == known
            assert (one.result.kind, one.result.code) == (row.result, row.code)
            assert one.elapsed == pytest.approx(row.elapsed, abs=0.3)
