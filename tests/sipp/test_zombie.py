"""Attempts that were given up and come back: nobody's phone rings on, no call is left over."""

from __future__ import annotations

import pytest

from sipp.harness import Bench

pytestmark = pytest.mark.sipp

LATE = "3000"
"""Milliseconds until the given-up callee speaks; no-response is at 1000."""


def test_attempt_given_up_before_any_provisional_is_cancelled_when_it_rings_late(
    bench: Bench,
) -> None:
    bench.callee("east", "rings-late", ms=LATE)
    bench.callee("west", "answers")
    bench.sipfo("two-routes")
    bench.caller("hangs-up")
    bench.finish()
    assert bench.attempts == [("us.primary", "east", "no-response"), ("us.primary", "west", "200")]
    wire = bench.wire
    (cancel,) = wire.requests("CANCEL", "us.primary", "east")
    ringing, *_ = wire.responses("east", "us.primary")
    assert ringing.status == 180
    assert cancel.at > ringing.at  # RFC 3261 §9.1: not before a provisional
    assert all(one.status != 180 for one in wire.responses("sipfo", "caller"))


def test_attempt_given_up_is_acknowledged_and_hung_up_on_when_it_answers_late(
    bench: Bench,
) -> None:
    bench.callee("east", "answers-late", ms=LATE)
    bench.callee("west", "answers")
    bench.sipfo("two-routes")
    bench.caller("hangs-up")
    bench.finish()
    assert bench.attempts == [("us.primary", "east", "no-response"), ("us.primary", "west", "200")]
    wire = bench.wire
    assert not wire.requests("CANCEL", "us.primary", "east")
    assert len(wire.requests("ACK", "us.primary", "east")) == 1
    assert len(wire.requests("BYE", "us.primary", "east")) == 1
    answered = [one for one in wire.responses("sipfo", "caller") if one.status == 200]
    assert len(answered) == 1
