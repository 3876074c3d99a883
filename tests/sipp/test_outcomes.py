"""Which outcomes of an attempt fail over and which end the call: the seed's table of codes."""

from __future__ import annotations

import pytest

from sipp.harness import Bench

pytestmark = pytest.mark.sipp

FAILOVER = [
    "408 Request Timeout",
    "480 Temporarily Unavailable",
    "503 Service Unavailable",
    "504 Server Time-out",
]
STOP = ["404 Not Found", "486 Busy Here", "603 Decline"]

WEST = ("us.primary", "west", "200")


@pytest.mark.parametrize("status", FAILOVER)
def test_code_fails_over(bench: Bench, status: str) -> None:
    bench.callee("east", "refuses", status=status)
    bench.callee("west", "answers")
    bench.sipfo("two-routes")
    bench.caller("hangs-up")
    bench.finish()
    assert bench.attempts == [("us.primary", "east", status[:3]), WEST]
    assert bench.wire.attempts == [("us.primary", "east"), ("us.primary", "west")]


@pytest.mark.parametrize("status", STOP)
def test_code_stops_and_reaches_the_caller(bench: Bench, status: str) -> None:
    bench.callee("east", "refuses", status=status)
    bench.sipfo("two-routes")
    bench.caller("is-refused", code=status[:3])
    bench.finish()
    assert bench.attempts == [("us.primary", "east", status[:3])]
    assert bench.results == [("refused", int(status[:3]))]
    wire = bench.wire
    assert wire.attempts == [("us.primary", "east")]
    assert wire.responses("sipfo", "caller")[-1].first_line == f"SIP/2.0 {status}"


def test_nothing_listening_on_udp_fails_over_at_once(bench: Bench) -> None:
    bench.callee("west", "answers")
    bench.sipfo("two-routes")
    bench.caller("hangs-up")
    bench.finish()
    assert bench.attempts == [("us.primary", "east", "transport-error"), WEST]
    wire = bench.wire
    assert wire.attempts == [("us.primary", "east"), ("us.primary", "west")]
    assert ("east", "us.primary") in wire.unreachable
    assert len(wire.requests("INVITE", "us.primary", "east")) == 1


def test_refused_tcp_connection_fails_over_at_once(bench: Bench) -> None:
    bench.callee("west", "answers")
    bench.sipfo("tcp-route")
    bench.caller("hangs-up")
    bench.finish()
    assert bench.attempts == [("us.primary", "east", "transport-error"), WEST]
    wire = bench.wire
    assert wire.opened == [("us.primary", "east")]
    assert wire.attempts == [("us.primary", "west")]


def test_silence_fails_over_after_the_no_response_time(bench: Bench) -> None:
    bench.callee("east", "silent")
    bench.callee("west", "answers")
    bench.sipfo("two-routes")
    bench.caller("hangs-up")
    bench.finish()
    assert bench.attempts == [("us.primary", "east", "no-response"), WEST]
    wire = bench.wire
    assert wire.attempts == [("us.primary", "east"), ("us.primary", "west")]
    first, second = wire.invites
    assert second.at - first.at == pytest.approx(1.0, abs=0.3)
    assert not wire.requests("CANCEL", "us.primary", "east")


def test_ringing_commits_so_that_a_503_after_it_stops_and_leaves_as_500(bench: Bench) -> None:
    bench.callee("east", "rings-then-refuses", status="503 Service Unavailable")
    bench.sipfo("two-routes")
    bench.caller("is-refused", code="500")
    bench.finish()
    assert bench.attempts == [("us.primary", "east", "503")]
    assert bench.results == [("refused", 500)]
    assert bench.wire.attempts == [("us.primary", "east")]
