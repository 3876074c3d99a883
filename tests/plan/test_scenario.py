"""A scenario's limits and defaults, and its JSON both ways."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from plan.strategies import CARRIERS, EGRESSES, ROUTES, TRUNKS, telephone_numbers, texts
from sipfo.plan.scenario import (
    NOMINAL_DELAY,
    Behaviour,
    Holder,
    Reach,
    Reply,
    Scenario,
    SeenAttempt,
    SeenResult,
)

delays = st.floats(min_value=0, max_value=86400)
destinations = st.sampled_from(ROUTES + CARRIERS)
egresses = st.sampled_from(EGRESSES)
replies = st.builds(
    Reply,
    status=st.integers(100, 699),
    after=delays,
    tag=st.none() | st.text(min_size=1, max_size=64),
    cause=st.none() | st.integers(1, 127),
)
holders = st.builds(Holder, route=destinations, instance=st.sampled_from(("kss-a", "kss-b")))
behaviours = st.builds(
    Behaviour,
    route=destinations,
    egress=st.none() | egresses,
    reach=st.sampled_from(get_args(Reach)),
    replies=st.lists(replies, max_size=3).map(tuple),
)
seen_attempts = st.builds(SeenAttempt, egress=egresses, route=destinations, outcome=texts)
scenarios = st.builds(
    Scenario,
    name=texts,
    trunk=st.sampled_from(TRUNKS),
    number=telephone_numbers,
    calls_before=st.integers(0, 9),
    drawn=st.lists(destinations, max_size=2, unique=True).map(tuple),
    holders=st.lists(holders, max_size=2).map(tuple),
    behaviours=st.lists(behaviours, max_size=3).map(tuple),
    cancel_after=st.none() | delays,
    attempts=st.none() | st.lists(seen_attempts, max_size=3).map(tuple),
    result=st.none()
    | st.builds(
        SeenResult,
        kind=st.sampled_from(("answered", "refused", "cancelled")),
        code=st.none() | st.integers(200, 699),
        by=st.none() | destinations,
        within=st.none() | delays,
    ),
)


@given(scenarios)
def test_what_is_written_as_json_reads_back_the_same(scenario: Scenario) -> None:
    assert Scenario.model_validate_json(scenario.model_dump_json()) == scenario


def test_a_reply_without_a_time_comes_a_nominal_round_trip_later() -> None:
    assert Reply(status=180).after == NOMINAL_DELAY == 0.1


def test_a_scenario_says_nothing_that_was_not_written() -> None:
    scenario = Scenario(name="plain", trunk="acme", number="+13125550123")
    assert (scenario.calls_before, scenario.behaviours) == (0, ())
    assert (scenario.drawn, scenario.holders) == ((), ())
    assert (Reply(status=486).tag, Reply(status=486).cause) == (None, None)
    assert (scenario.cancel_after, scenario.attempts, scenario.result) == (None, None, None)


def test_no_attempt_expected_is_another_thing_than_nothing_expected() -> None:
    none_at_all = Scenario(name="x", trunk="acme", number="+1", attempts=())
    unsaid = Scenario(name="x", trunk="acme", number="+1")
    assert none_at_all != unsaid
    assert Scenario.model_validate_json(none_at_all.model_dump_json()).attempts == ()


@pytest.mark.parametrize("status", [99, 700, 0, -1])
def test_a_reply_is_a_sip_status(status: int) -> None:
    with pytest.raises(ValidationError):
        Reply(status=status)


@pytest.mark.parametrize(
    "more", [{"tag": ""}, {"tag": "x" * 65}, {"cause": 0}, {"cause": 128}, {"cause": "34"}]
)
def test_a_tag_is_a_word_and_a_cause_is_of_q850(more: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Reply.model_validate({"status": 486, **more})
    said = Reply.model_validate({"status": 486, "tag": "D5", "cause": 34})
    assert (said.tag, said.cause) == ("D5", 34)


@pytest.mark.parametrize("after", [-0.001, 86400.1, float("nan"), float("inf")])
def test_a_delay_is_a_day_at_most_and_never_negative(after: float) -> None:
    with pytest.raises(ValidationError):
        Reply(status=200, after=after)


def test_a_behaviour_is_of_a_known_kind() -> None:
    with pytest.raises(ValidationError):
        Behaviour.model_validate({"route": "pbx-east", "reach": "sleeps"})


def test_calls_before_are_counted_from_0() -> None:
    with pytest.raises(ValidationError):
        Scenario(name="x", trunk="acme", number="+1", calls_before=-1)


def test_a_scenario_is_frozen_and_closed() -> None:
    reply = Reply(status=200)
    with pytest.raises(ValidationError):
        reply.status = 404  # type: ignore[misc]  # that it is refused is the point
    with pytest.raises(ValidationError):
        Reply.model_validate({"status": 200, "body": ""})
