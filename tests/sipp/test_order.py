"""In which order routes, addresses and carriers are tried, as the seed document says."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sipp.harness import HERE, Bench

pytestmark = pytest.mark.sipp

DOWN = "503 Service Unavailable"


def test_one_route_is_tried_from_the_first_address_then_from_the_second(bench: Bench) -> None:
    bench.callee("east", "refuses-once", calls=2, status=DOWN)
    bench.sipfo("one-route")
    bench.caller("hangs-up")
    bench.finish()
    assert bench.attempts == [("us.primary", "east", "503"), ("us.secondary", "east", "200")]
    assert bench.results == [("answered", 200)]
    assert bench.wire.attempts == [("us.primary", "east"), ("us.secondary", "east")]


def test_all_routes_are_tried_from_the_first_address_then_all_from_the_second(
    bench: Bench,
) -> None:
    bench.callee("east", "refuses", calls=2, status=DOWN)
    bench.callee("west", "refuses-once", calls=2, status="480 Temporarily Unavailable")
    bench.sipfo("two-routes")
    bench.caller("hangs-up")
    bench.finish()
    assert bench.attempts == [
        ("us.primary", "east", "503"),
        ("us.primary", "west", "480"),
        ("us.secondary", "east", "503"),
        ("us.secondary", "west", "200"),
    ]
    assert bench.wire.attempts == [
        ("us.primary", "east"),
        ("us.primary", "west"),
        ("us.secondary", "east"),
        ("us.secondary", "west"),
    ]


def test_when_all_has_been_tried_the_caller_gets_the_best_response(bench: Bench) -> None:
    bench.callee("east", "refuses", calls=2, status=DOWN)
    bench.callee("west", "refuses", calls=2, status="480 Temporarily Unavailable")
    bench.sipfo("two-routes")
    bench.caller("is-refused", code="480")
    bench.finish()
    assert len(bench.attempts) == 4
    assert bench.results == [("refused", 480)]


def test_round_robin_starts_six_calls_at_three_routes_in_turn(bench: Bench) -> None:
    for route in ("east", "west", "north"):
        bench.callee(route, "answers", calls=2)
    bench.sipfo("round-robin")
    bench.caller("hangs-up", calls=6)
    bench.finish()
    turn = ["east", "west", "north"] * 2
    assert bench.attempts == [("us.primary", route, "200") for route in turn]
    assert bench.wire.attempts == [("us.primary", route) for route in turn]


def test_round_robin_counts_calls_not_attempts(bench: Bench) -> None:
    bench.callee("east", "answers", calls=1)
    bench.callee("west", "refuses", calls=1, status=DOWN)
    bench.callee("north", "answers", calls=2)
    bench.sipfo("round-robin")
    bench.caller("hangs-up", calls=3)
    bench.finish()
    first, second, third = (
        [("east", "200")],
        [("west", "503"), ("north", "200")],
        [("north", "200")],
    )
    said = [(route, outcome) for _, route, outcome in bench.attempts]
    assert said == first + second + third


def test_ten_carriers_are_tried_in_order_when_every_route_has_failed(bench: Bench) -> None:
    carriers = [f"carrier-{n}" for n in range(1, 11)]
    bench.callee("east", "refuses", calls=2, status=DOWN)
    for carrier in carriers[:-1]:
        bench.callee(carrier, "refuses", status=DOWN)
    bench.callee(carriers[-1], "answers")
    bench.sipfo("ten-carriers")
    bench.caller("hangs-up")
    bench.finish()
    assert bench.attempts == [
        ("us.primary", "east", "503"),
        ("us.secondary", "east", "503"),
        *(("us.primary", carrier, "503") for carrier in carriers[:-1]),
        ("us.primary", carriers[-1], "200"),
    ]
    wire = bench.wire
    assert [target for _, target in wire.attempts] == ["east", "east", *carriers]
    forwarded = wire.invites[2:]
    assert all(one.first_line.startswith("INVITE sip:+13125550000@") for one in forwarded)
    assert all("+13125550123" in one.headers["diversion"] for one in forwarded)


def test_carriers_are_tried_by_what_the_call_costs_and_those_left_out_are_said(
    bench: Bench,
) -> None:
    bench.callee("east", "refuses", calls=2, status=DOWN)
    bench.callee("carrier-4", "refuses", status=DOWN)
    bench.callee("carrier-2", "refuses", status=DOWN)
    bench.callee("carrier-1", "answers")
    bench.sipfo("rates")
    bench.caller("hangs-up")
    bench.finish()
    by_cost = ["carrier-4", "carrier-2", "carrier-1"]
    wire = bench.wire
    assert [target for _, target in wire.attempts] == ["east", "east", *by_cost]
    asked = [one.first_line.partition("@")[0] for one in wire.invites[2:]]
    assert asked == [
        "INVITE sip:+13125550123",
        "INVITE sip:901113125550123",
        "INVITE sip:+13125550123",
    ]
    assert not any("diversion" in one.headers for one in wire.invites)
    assert "carrier-3 left out: its rates stop +131255501" in "\n".join(bench.lines)


def test_eleven_carriers_are_an_error_of_the_policy() -> None:
    policy = HERE / "policies" / "eleven-carriers.sipfo"
    done = subprocess.run(
        [sys.executable, "-m", "sipfo.cli.main", "check", policy],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 1
    assert "at most 10 carriers: 11" in done.stdout + done.stderr


def test_servers_of_one_name_are_tried_in_the_order_of_its_srv_records(bench: Bench) -> None:
    # east is the first target and is not running: an ICMP error, then the second target.
    bench.callee("west", "answers")
    bench.sipfo("srv", "--dns", bench.dns("pbx.zone"))
    bench.caller("hangs-up")
    bench.finish()
    assert bench.attempts == [
        ("us.primary", "pbx", "transport-error"),
        ("us.primary", "pbx", "200"),
    ]
    assert bench.wire.attempts == [("us.primary", "east"), ("us.primary", "west")]
