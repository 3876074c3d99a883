"""What callers see of sipfo, and what of their INVITE reaches the attempts."""

from __future__ import annotations

import pytest

from sipp.harness import Bench

pytestmark = pytest.mark.sipp

DOWN = "503 Service Unavailable"


def test_cancel_during_the_second_attempt_reaches_its_callee_and_ends_the_call(
    bench: Bench,
) -> None:
    bench.callee("east", "refuses", status=DOWN)
    bench.callee("west", "rings")
    bench.sipfo("two-routes")
    bench.caller("cancels")
    bench.finish()
    assert bench.attempts == [("us.primary", "east", "503"), ("us.primary", "west", "cancelled")]
    assert bench.results == [("cancelled", 487)]
    wire = bench.wire
    assert wire.attempts == [("us.primary", "east"), ("us.primary", "west")]
    assert len(wire.requests("CANCEL", "us.primary", "west")) == 1


def test_cancel_before_a_provisional_waits_for_one(bench: Bench) -> None:
    # RFC 3261 §9.1: the callee rings after its caller has gone, and is cancelled then.
    bench.callee("east", "refuses", status=DOWN)
    bench.callee("west", "rings-late", ms="700")
    bench.sipfo("two-routes")
    bench.caller("cancels-early", ms="300")
    bench.finish()
    assert bench.results == [("cancelled", 487)]
    wire = bench.wire
    assert wire.attempts == [("us.primary", "east"), ("us.primary", "west")]
    (cancel,) = wire.requests("CANCEL", "us.primary", "west")
    ringing, *_ = wire.responses("west", "us.primary")
    assert ringing.status == 180
    assert cancel.at > ringing.at


def test_every_attempt_has_a_call_id_and_a_from_tag_of_its_own(bench: Bench) -> None:
    bench.callee("east", "refuses", calls=2, status=DOWN)
    bench.callee("west", "refuses-once", calls=2, status=DOWN)
    bench.sipfo("two-routes")
    bench.caller("hangs-up")
    bench.finish()
    wire = bench.wire
    (original, *_) = wire.requests("INVITE", "caller", "sipfo")
    seen = [original, *wire.invites]
    assert len({one.headers["call-id"] for one in seen}) == 5
    assert len({one.headers["from"].partition("tag=")[2] for one in seen}) == 5


def test_max_forwards_goes_down_by_one(bench: Bench) -> None:
    bench.callee("east", "refuses", status=DOWN)
    bench.callee("west", "answers")
    bench.sipfo("two-routes")
    bench.caller("hangs-up")
    bench.finish()
    wire = bench.wire
    (original, *_) = wire.requests("INVITE", "caller", "sipfo")
    assert original.headers["max-forwards"] == "31"
    assert [one.headers["max-forwards"] for one in wire.invites] == ["30", "30"]


def test_bodies_pass_untouched_in_both_directions(bench: Bench) -> None:
    bench.callee("east", "early-media")
    bench.sipfo("one-route")
    bench.caller("hangs-up")
    bench.finish()
    wire = bench.wire
    (original, *_) = wire.requests("INVITE", "caller", "sipfo")
    assert b'a=x-untouched:  two  spaces; "quotes"' in original.body
    assert [one.body for one in wire.invites] == [original.body]
    said = {one.status: one.body for one in wire.responses("east", "us.primary")}
    told = {one.status: one.body for one in wire.responses("sipfo", "caller")}
    assert said.keys() == {183, 200}
    assert b"a=x-untouched:  the  answer" in said[200]
    assert {status: told[status] for status in said} == said


def test_caller_over_tcp_reaches_a_callee_over_udp(bench: Bench) -> None:
    bench.callee("east", "rings-then-answers")
    bench.sipfo("one-route")
    bench.caller("hangs-up", transport="tcp")
    bench.finish()
    assert bench.attempts == [("us.primary", "east", "200")]
    wire = bench.wire
    assert wire.opened == [("caller", "sipfo")]
    assert wire.attempts == [("us.primary", "east")]


def test_caller_over_udp_reaches_a_callee_over_tcp(bench: Bench) -> None:
    bench.callee("east", "rings-then-answers", transport="tcp")
    bench.sipfo("tcp-route")
    bench.caller("hangs-up")
    bench.finish()
    assert bench.attempts == [("us.primary", "east", "200")]
    wire = bench.wire
    assert wire.opened == [("us.primary", "east")]
    assert wire.attempts == [("us.primary", "east")]


def test_options_is_answered(bench: Bench) -> None:
    bench.sipfo("one-route")
    bench.caller("options")
    bench.finish()
    (answer,) = bench.wire.responses("sipfo", "caller", "OPTIONS")
    assert answer.status == 200
    assert "INVITE" in answer.headers["allow"]


def test_unknown_source_gets_one_403_and_no_attempt(bench: Bench) -> None:
    bench.sipfo("one-route")
    bench.caller("never-acknowledges", name="stranger", code="403")
    bench.finish()
    assert bench.attempts == []
    wire = bench.wire
    assert [one.status for one in wire.responses("sipfo", "stranger")] == [403]
    assert wire.attempts == []


def test_sigterm_lets_the_call_under_way_end_takes_no_other_and_exits_with_0(
    bench: Bench,
) -> None:
    bench.callee("east", "answers")
    sipfo = bench.sipfo("one-route", "--grace=10")
    bench.caller("stays", ms="2000")
    sipfo.says(b"  answered 200")
    bench.terminate()
    sipfo.says(b"  draining  1 under way")
    bench.caller("is-refused", name="late-caller", code="503")
    bench.finish()
    assert bench.lines[-1].endswith("  stopped")
    assert bench.attempts == [("us.primary", "east", "200")]
    assert bench.results == [("answered", 200)]
