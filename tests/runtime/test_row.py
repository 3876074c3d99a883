"""Records to rows: which state, when, and what is kept of what the network says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.accounts import CANCELLED, EPOCH, OVER, REFUSED, UP, row
from sipfo.plan.ladder import Settled
from sipfo.runtime.record import CallRecord
from sipfo.runtime.row import MOST_LETTERS, MOST_REASONS, clean, lost, moment, unix


def test_an_answered_call_is_open_and_says_what_is_known_of_it() -> None:
    found = row(UP)
    assert (found.state, found.result, found.code, found.by) == (
        "open",
        "answered",
        200,
        "pbx-west",
    )
    assert (found.ended, found.talked, found.hung_up_by) == (None, None, None)
    assert (found.began, found.rang, found.elapsed) == ("2026-09-21T14:13:30.000Z", 0.8, 1.6)
    assert (found.call_id, found.plan) == ("one@caller", "c0ffee")
    assert [one.route for one in found.attempts] == ["pbx-east", "pbx-west"]
    assert found.attempts[0].reasons == ('Q.850;cause=34;text="no circuit"',)


def test_the_end_closes_it_and_says_who_hung_up_and_how_long_they_talked() -> None:
    found = row(OVER)
    assert (found.state, found.hung_up_by, found.talked) == ("closed", "caller", 60.0)
    assert found.ended == "2026-09-21T14:14:31.600Z"
    assert found._replace(state="open", hung_up_by=None, talked=None, ended=None) == row(UP)


@pytest.mark.parametrize("record", [REFUSED, CANCELLED])
def test_a_call_that_nobody_answered_is_closed_at_once(record: CallRecord) -> None:
    found = row(record)
    assert found.state == "closed"
    assert unix(found.ended or "") == EPOCH + record.began + record.ladder.elapsed
    assert (found.talked, found.hung_up_by) == (None, None)


def test_failed_is_refused_or_lost_and_not_what_the_caller_cancelled() -> None:
    assert row(REFUSED).is_failed
    assert lost(row(UP), EPOCH).is_failed
    assert not row(CANCELLED).is_failed
    assert not row(UP).is_failed
    assert not row(OVER).is_failed


def test_a_lost_call_ended_when_we_were_last_alive() -> None:
    found = lost(row(UP), EPOCH + 41.6)
    assert (found.state, found.talked, found.hung_up_by) == ("lost", 30.0, None)
    assert unix(found.ended or "") == EPOCH + 41.6


def test_a_lost_call_ended_no_earlier_than_it_was_answered() -> None:
    found = lost(row(UP), EPOCH)
    assert found.talked == 0.0
    assert unix(found.ended or "") == EPOCH + 11.6


def test_the_ladder_of_a_row_is_the_record_s_to_the_millisecond() -> None:
    ladder = row(UP).ladder
    assert ladder.result == Settled("answered", 200, "pbx-west")
    assert [one.took for one in ladder.attempts] == [0.1, 1.5]


def test_what_a_terminal_would_obey_is_written_out() -> None:
    hostile = replace(UP, caller=b"sip:\x1b[2J\r\nx\xff", number="1\x00\ud800")
    found = row(hostile)
    assert found.caller == "sip:\\x1b[2J\\r\\nx\\xff"
    assert found.number == "1\\x00\\ud800"


def test_an_attempt_keeps_a_bounded_part_of_what_its_target_said() -> None:
    (first, *_) = UP.ladder.attempts
    loud = replace(first, phrase="x" * 9999, reasons=("y\n" * 999,) * 99)
    found = row(replace(UP, ladder=replace(UP.ladder, attempts=(loud,))))
    (kept,) = found.attempts
    assert len(kept.phrase) == MOST_LETTERS
    assert len(kept.reasons) == MOST_REASONS
    assert all(one.isprintable() for one in kept.reasons)


@given(st.text(max_size=600))
def test_cleaned_text_is_printable_and_bounded(text: str) -> None:
    found = clean(text)
    assert found.isprintable()
    assert len(found) <= MOST_LETTERS * len(r"\U0001f600")
    assert clean(found[:MOST_LETTERS]) == found[:MOST_LETTERS]


@given(st.lists(st.integers(0, 4_000_000_000_000), min_size=2, max_size=2))
def test_moments_sort_as_time_does_and_lead_back_to_it(milliseconds: list[int]) -> None:
    one, other = (moment(ms / 1000) for ms in milliseconds)
    assert (one < other) == (milliseconds[0] < milliseconds[1])
    assert round(unix(one) * 1000) == milliseconds[0]
