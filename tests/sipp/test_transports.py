"""Calls over every transport on both sides, on IPv4 and on IPv6, and failover from one to another.

What would surprise: SIPp over TLS is SIPp over TCP behind socat (`tunnel`), which believes nobody
but sipfo, as sipfo believes nobody but it.
"""

from __future__ import annotations

import pytest

from sipp.harness import Bench

pytestmark = [
    pytest.mark.sipp,
    pytest.mark.parametrize("bench", [4, 6], indirect=True, ids=["ipv4", "ipv6"]),
]

TRANSPORTS = ["udp", "tcp", "tls"]
ROUTES = ["east", "west", "north"]


def serve(bench: Bench, *transports: str, method: str = "sequential") -> None:
    """sipfo, with its three routes over these."""
    ours = bench.tls.ours
    assert ours.key is not None
    routes = dict(zip(ROUTES, transports, strict=True))
    bench.sipfo(
        "transports-ipv6" if ":" in bench.block.declared("east") else "transports",
        f"--ca={bench.tls.authority.file}",
        f"--pcap={bench.seen}",
        certificate=ours.certificate,
        key=ours.key,
        method=method,
        **routes,
    )


def over_what(bench: Bench) -> list[str]:
    """The transport of each attempt."""
    return [target.partition(":")[0] for target in bench.targets]


@pytest.mark.parametrize(
    ("caller", "callee", "outcome", "result"),
    [
        ("hangs-up", "answers", "200", ("answered", 200)),
        ("is-hung-up-on", "hangs-up", "200", ("answered", 200)),
        ("reinvites", "is-reinvited", "200", ("answered", 200)),
        ("cancels", "rings", "cancelled", ("cancelled", 487)),
    ],
)
def test_calls_over_each_transport_reach_callees_over_each(
    bench: Bench, caller: str, callee: str, outcome: str, result: tuple[str, int]
) -> None:
    for route, transport in zip(ROUTES, TRANSPORTS, strict=True):
        bench.callee(route, callee, calls=len(TRANSPORTS), transport=transport)
    serve(bench, *TRANSPORTS, method="round-robin")
    for transport in TRANSPORTS:
        bench.caller(caller, calls=len(ROUTES), transport=transport).ends()
    bench.finish()
    assert bench.attempts == [("us.primary", route, outcome) for route in ROUTES] * 3
    assert over_what(bench) == TRANSPORTS * 3
    assert bench.results == [result] * 9
    bench.judge()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_where_nobody_listens_the_next_transport_is_tried_at_once(
    bench: Bench, transport: str
) -> None:
    first, second = (one for one in TRANSPORTS if one != transport)
    bench.callee("north", "answers", transport=transport)
    serve(bench, first, second, transport)
    bench.caller("hangs-up")
    bench.finish()
    assert bench.attempts == [
        ("us.primary", "east", "transport-error"),
        ("us.primary", "west", "transport-error"),
        ("us.primary", "north", "200"),
    ]
    assert over_what(bench) == [first, second, transport]


def test_silence_over_udp_and_a_refusal_over_tcp_lead_to_an_answer_over_tls(bench: Bench) -> None:
    bench.callee("east", "silent")
    bench.callee("west", "refuses", transport="tcp", status="503 Service Unavailable")
    bench.callee("north", "answers", transport="tls")
    serve(bench, "udp", "tcp", "tls")
    bench.caller("hangs-up", transport="tls")
    bench.finish()
    assert bench.attempts == [
        ("us.primary", "east", "no-response"),
        ("us.primary", "west", "503"),
        ("us.primary", "north", "200"),
    ]
    assert over_what(bench) == ["udp", "tcp", "tls"]
