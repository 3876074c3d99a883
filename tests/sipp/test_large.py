"""INVITEs that are too large for UDP (RFC 3261 §18.1.1), on the wire."""

from __future__ import annotations

import pytest

from sipp.harness import Bench

pytestmark = pytest.mark.sipp

FILLER = "y" * 1400


def test_a_large_invite_goes_over_tcp_to_a_route_without_a_transport(bench: Bench) -> None:
    bench.callee("east", "answers", transport="tcp")
    bench.sipfo("one-route")
    bench.caller("says-much", filler=FILLER)
    bench.finish()
    assert bench.attempts == [("us.primary", "east", "200")]
    assert bench.targets == [f"tcp:{bench.block.of('east')}:5060"]
    wire = bench.wire
    (invite,) = wire.invites
    assert invite.headers["via"].startswith("SIP/2.0/TCP ")
    assert FILLER.encode() in invite.body
    assert wire.opened == [("us.primary", "east")]


def test_where_nobody_takes_tcp_a_large_invite_goes_over_udp_in_the_same_attempt(
    bench: Bench,
) -> None:
    bench.callee("east", "answers", calls=2)
    bench.sipfo("one-route")
    bench.caller("says-much", calls=2, filler=FILLER)
    bench.finish()
    assert bench.attempts == [("us.primary", "east", "200")] * 2
    assert bench.targets == [f"udp:{bench.block.of('east')}:5060"] * 2
    wire = bench.wire
    assert [one.headers["via"].split()[0] for one in wire.invites] == ["SIP/2.0/UDP"] * 2
    assert wire.opened == [("us.primary", "east")]


def test_a_large_invite_of_a_tcp_caller_goes_over_tcp(bench: Bench) -> None:
    bench.callee("east", "answers", transport="tcp")
    bench.sipfo("tcp-route")
    bench.caller("says-much", transport="tcp", filler=FILLER)
    bench.finish()
    assert bench.attempts == [("us.primary", "east", "200")]
    assert FILLER.encode() in bench.wire.invites[0].body
