"""Session timers, transfers, privacy and forwards between SIPp and SIPp; tshark reads it all."""

from __future__ import annotations

import pytest

from sipp import shark
from sipp.harness import Bench

pytestmark = pytest.mark.sipp


def test_extensions_cross_and_tshark_finds_no_malformed_message(bench: Bench) -> None:
    bench.callee("east", "wants-longer")
    bench.sipfo("one-route")
    bench.caller("extends")
    bench.finish()
    assert bench.attempts == [("us.primary", "east", "200")]
    wire = bench.wire
    first, second = wire.requests("INVITE", "us.primary", "east")
    assert (first.headers["call-id"], first.headers["session-expires"]) == (
        second.headers["call-id"],
        "600",
    )
    assert second.headers["session-expires"] == "1800;refresher=uac"
    assert "p-asserted-identity" not in second.headers
    (answer,) = wire.responses("sipfo", "caller", "UPDATE")
    assert answer.headers["session-expires"] == "600;refresher=uac"
    (refer,) = wire.requests("REFER", "us.primary", "east")
    # us.primary is where the callee knows us, and takes no calls.
    assert bench.block.of("sipfo") in refer.headers["refer-to"]
    (notify,) = wire.requests("NOTIFY", "sipfo", "caller")
    assert notify.body.startswith(b"SIP/2.0 200 OK")
    (bye,) = wire.requests("BYE", "us.primary", "east")
    assert "location=LPN, SIP;cause=200" in bye.headers["reason"]
    assert shark.count(bench.pcap, "sip") == len(wire.messages)
    assert shark.faults(bench.pcap) == []


def test_forwarded_call_is_well_formed_too(bench: Bench) -> None:
    bench.callee("east", "refuses", calls=2, status="503 Service Unavailable")
    bench.callee("carrier-1", "answers")
    bench.sipfo("ten-carriers")
    bench.caller("hangs-up")
    bench.finish()
    (forwarded,) = bench.wire.requests("INVITE", "us.primary", "carrier-1")
    assert "+13125550123" in forwarded.headers["history-info"]
    assert shark.faults(bench.pcap) == []
    broken = bench.pcap.replace(b"v=0\r\n", b"v0=\r\n")
    assert shark.faults(broken), "the judge is asleep"
