"""The whole engine under fuzz, with calls under way: nothing escapes, and nothing is left.

Three senders: a stranger, who must leave no trace; somebody whose calls are accepted; and the
peers of the calls themselves, who may end them but not spoil them.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.fuzz.corpus import SEEDS, fuzz, pieces, spoiled
from runtime.fuzz.ongoing import OTHER, PLACES, STRANGER, Ongoing, guessed
from runtime.world import CALLER, EAST, PRIMARY, SIPFO

CALLS = Ongoing()
"""What the messages are taken from; each test has calls of its own, which are the same."""

CALLER_SAYS, CALLEE_SAYS = CALLS.from_caller(), CALLS.from_callee()
GUESSED = guessed(CALLER_SAYS + CALLEE_SAYS)

several = st.lists(spoiled(SEEDS + GUESSED) | pieces, min_size=1, max_size=6)
transports = st.sampled_from(("udp", "tcp"))
places = st.sampled_from(PLACES)


@fuzz(60)
@given(several, places, transports)
def test_a_stranger_leaves_no_trace_and_gets_no_more_than_it_sent(
    messages: list[bytes], to: tuple[str, int], transport: str
) -> None:
    calls = Ongoing()
    before = calls.held
    for data in messages:
        sent = calls.hear(data, STRANGER, to, transport)
        assert sent <= len(data) or transport == "tcp"
        assert len(calls.world.engine.core.sends) <= 1
        calls.world.run(calls.world.now + 0.5)
    transactions, known, dialogs = calls.held
    assert (known, dialogs) == before[1:]
    assert transactions <= before[0]
    calls.goes_on()


@pytest.mark.parametrize("data", GUESSED)
def test_a_stranger_who_guesses_all_but_our_tokens_changes_nothing(data: bytes) -> None:
    calls = Ongoing()
    before = calls.held
    for to in PLACES:
        assert calls.hear(data, STRANGER, to) <= len(data)
        assert calls.held == before
        calls.world.run(calls.world.now + 0.5)
    calls.goes_on()


@pytest.mark.parametrize("data", CALLER_SAYS + CALLEE_SAYS)
def test_what_is_spoiled_is_good_before(data: bytes) -> None:
    calls = Ongoing()
    source, to = (CALLER, SIPFO) if data in CALLER_SAYS else (EAST, PRIMARY)
    before = len(calls.world.sent)
    calls.hear(data, source, to)
    calls.world.run(calls.world.now + 1)
    ignored = data.startswith((b"SIP/2.0 100", b"ACK"))
    assert len(calls.world.sent) > before or ignored
    calls.is_forgotten()


@fuzz(50)
@given(several, places, transports)
def test_whoever_is_accepted_costs_what_it_starts_and_spoils_no_other_call(
    messages: list[bytes], to: tuple[str, int], transport: str
) -> None:
    calls = Ongoing()
    for data in messages:
        calls.hear(data, OTHER, to, transport)
        calls.world.run(calls.world.now + 0.5)
    calls.is_forgotten()


@fuzz(60)
@given(st.lists(spoiled(CALLER_SAYS), min_size=1, max_size=6))
def test_a_caller_that_goes_mad_leaves_nothing_behind(messages: list[bytes]) -> None:
    calls = Ongoing()
    for data in messages:
        calls.hear(data, CALLER, SIPFO)
        calls.world.run(calls.world.now + 0.5)
    calls.is_forgotten()


@fuzz(60)
@given(st.lists(spoiled(CALLEE_SAYS), min_size=1, max_size=6))
def test_a_callee_that_goes_mad_leaves_nothing_behind(messages: list[bytes]) -> None:
    calls = Ongoing()
    for data in messages:
        calls.hear(data, EAST, PRIMARY)
        calls.world.run(calls.world.now + 0.5)
    calls.is_forgotten()


@fuzz(40)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 63)), min_size=2, max_size=12))
def test_good_messages_in_any_order_leave_nothing_behind(picks: list[tuple[bool, int]]) -> None:
    calls = Ongoing()
    for from_caller, n in picks:
        said = CALLER_SAYS if from_caller else CALLEE_SAYS
        source, to = (CALLER, SIPFO) if from_caller else (EAST, PRIMARY)
        calls.hear(said[n % len(said)], source, to)
        calls.world.run(calls.world.now + 0.1)
    calls.is_forgotten()
