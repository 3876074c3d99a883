"""Calls to names, on loopback sockets and with a real name service: which target, and why not."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import dns.rcode
import pytest

from runtime.world import policy
from sipfo.plan.model import Plan
from sipfo.runtime.mapping import parse_mapping
from sipfo.runtime.record import AttemptRecord, CallRecord, Notice
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.message import Request, Response, parse, serialize
from sipfo.runtime.wire.server import Server
from sipfo.verify.lab.dns import DnsServer

NET = f"127.{192 + os.getpid() % 60}.{os.getpid() // 60 % 250}"
SIPFO, PRIMARY, SECONDARY, EAST, WEST, CALLER = (f"{NET}.{n}" for n in range(1, 7))
MAPS = {
    "192.0.2.10": SIPFO,
    "192.76.120.10": PRIMARY,
    "64.16.250.10": SECONDARY,
    "198.51.100.10": EAST,
    "198.51.100.20": WEST,
    "192.0.2.200": CALLER,
}
INVITE = (
    f"INVITE sip:+13125550123@{SIPFO} SIP/2.0\r\n"
    f"Via: SIP/2.0/UDP {CALLER}:5060;branch=z9hG4bKone;rport\r\n"
    f"From: <sip:a@{CALLER}>;tag=1\r\nTo: <sip:b@{SIPFO}>\r\nCall-ID: one\r\nCSeq: 1 INVITE\r\n"
    f"Contact: <sip:a@{CALLER}:5060>\r\nContent-Length: 0\r\n\r\n"
).encode()
EAST_THEN_WEST = (
    "_sip._udp.pbx.example. 60 IN SRV 1 0 5060 east.pbx.example.",
    "_sip._udp.pbx.example. 60 IN SRV 2 0 5060 west.pbx.example.",
    "east.pbx.example. 60 IN A 198.51.100.10",
    "west.pbx.example. 60 IN A 198.51.100.20",
)
ONE_ROUTE = policy(routes={"pbx": ("sip:pbx.example",)})
TWO_ROUTES = policy(routes={"pbx": ("sip:pbx.example",), "spare": ("sip:198.51.100.20:5070",)})


@dataclass
class World:
    """A server, its name service, and what it reported."""

    server: Server
    names: DnsServer
    calls: list[CallRecord] = field(default_factory=list)
    attempts: list[AttemptRecord] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def ladder(self) -> list[tuple[str, str, str | None, str]]:
        return [
            (one.egress, one.route, one.target, one.outcome)
            for call in self.calls
            for one in call.ladder.attempts
        ]


def serving(
    plan: Plan,
    zone: tuple[str, ...],
    work: Callable[[World], Awaitable[None]],
    maps: dict[str, str] | None = None,
) -> World:
    """Run `work` beside a server; no internal error may happen."""

    async def main() -> World:
        names = await DnsServer.start(zone)
        calls: list[CallRecord] = []
        attempts: list[AttemptRecord] = []
        notices: list[str] = []

        def on_notice(notice: Notice) -> None:
            notices.append(notice.text)

        server = await Server.start(
            plan,
            mapping=parse_mapping(f"{one}={other}" for one, other in (maps or MAPS).items()),
            nameservers=[names.address],
            on_call=calls.append,
            on_attempt=attempts.append,
            on_notice=on_notice,
        )
        server._resolver._timeout = 0.9  # a test of silence need not take three seconds
        world = World(server, names, calls, attempts, notices)
        try:
            async with asyncio.timeout(30):
                await work(world)
        finally:
            await server.close()
            names.close()
        assert server.internal_errors == 0
        return world

    return asyncio.run(main())


class Peer(asyncio.DatagramProtocol):
    """Somebody who answers every INVITE with one status, or does not."""

    def __init__(self, status: int | None) -> None:
        self.heard: list[str] = []
        self._status = status

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # typeshed: any transport
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = parse(data)
        assert isinstance(message, Request)
        self.heard.append(message.method)
        if message.method == "INVITE" and self._status is not None:
            self._transport.sendto(
                serialize(make_response(message, self._status, to_tag=b"p")), addr
            )

    def close(self) -> None:
        self._transport.close()


async def peer(host: str, status: int | None, port: int = 5060) -> Peer:
    _, made = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Peer(status), local_addr=(host, port)
    )
    return made


async def call(invite: bytes = INVITE) -> Response:
    """Place a call; its final response."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.setblocking(False)
        caller.bind((CALLER, 5060))
        caller.sendto(invite, (SIPFO, 5060))
        while True:
            data = await asyncio.get_running_loop().sock_recv(caller, 65535)
            message = parse(data)
            is_final = isinstance(message, Response) and message.status >= 200
            # A refusal that nobody acknowledged is repeated to whoever calls next.
            if is_final and message.call_id in invite:
                assert isinstance(message, Response)
                return message


def test_a_503_of_one_target_goes_to_the_next_of_the_same_route() -> None:
    """RFC 3263 §4.3, whatever the policy would say of the route."""

    async def work(world: World) -> None:
        east, west = await peer(EAST, 503), await peer(WEST, 486)
        assert (await call()).status == 486
        assert (east.heard[0], west.heard[0]) == ("INVITE", "INVITE")
        east.close()
        west.close()

    world = serving(ONE_ROUTE, EAST_THEN_WEST, work)
    assert world.ladder == [
        ("us.primary", "pbx", f"udp:{EAST}:5060", "503"),
        ("us.primary", "pbx", f"udp:{WEST}:5060", "486"),
    ]


def test_a_480_of_one_target_is_the_route_s_and_the_other_target_is_not_tried() -> None:
    async def work(world: World) -> None:
        east, west, spare = (
            await peer(EAST, 480),
            await peer(WEST, 486),
            await peer(WEST, 486, 5070),
        )
        assert (await call()).status == 486
        assert west.heard == []
        for one in (east, west, spare):
            one.close()

    world = serving(TWO_ROUTES, EAST_THEN_WEST, work)
    assert world.ladder == [
        ("us.primary", "pbx", f"udp:{EAST}:5060", "480"),
        ("us.primary", "spare", f"udp:{WEST}:5070", "486"),
    ]


def test_a_target_that_is_not_there_costs_milliseconds() -> None:
    async def work(world: World) -> None:
        west = await peer(WEST, 486)
        assert (await call()).status == 486
        west.close()

    world = serving(ONE_ROUTE, EAST_THEN_WEST, work)
    assert [one[2:] for one in world.ladder] == [
        (f"udp:{EAST}:5060", "transport-error"),
        (f"udp:{WEST}:5060", "486"),
    ]
    assert world.calls[0].ladder.elapsed < 2


@pytest.mark.parametrize(
    ("rcode", "zone", "said"),
    [
        (None, (), "unresolvable: NXDOMAIN (pbx.example: no such name)"),
        (
            None,
            ("pbx.example. 60 IN TXT x",),
            "unresolvable: empty answer (pbx.example: no address)",
        ),
        (
            dns.rcode.SERVFAIL,
            EAST_THEN_WEST,
            "unresolvable: SERVFAIL (_sip._udp.pbx.example: the nameserver failed)",
        ),
        (
            dns.rcode.REFUSED,
            EAST_THEN_WEST,
            "unresolvable: REFUSED (_sip._udp.pbx.example: the nameserver refused to answer)",
        ),
        (
            "silence",
            EAST_THEN_WEST,
            "unresolvable: timeout (_sip._udp.pbx.example: no nameserver answered in time)",
        ),
        (None, ("_sip._udp.pbx.example. 60 IN SRV 0 0 0 .",), None),
    ],
)
def test_why_a_name_leads_nowhere_is_in_the_notice_and_in_the_record(
    rcode: dns.rcode.Rcode | str | None, zone: tuple[str, ...], said: str | None
) -> None:
    async def work(world: World) -> None:
        world.names.silent = rcode == "silence"
        world.names.rcode = rcode if isinstance(rcode, dns.rcode.Rcode) else None
        spare = await peer(WEST, 486, 5070)
        assert (await call()).status == 486
        spare.close()

    world = serving(TWO_ROUTES, zone, work)
    said = said or "unresolvable: _sip._udp.pbx.example is not offered"
    assert world.ladder == [
        ("us.primary", "pbx", None, "transport-error"),
        ("us.primary", "spare", f"udp:{WEST}:5070", "486"),
    ]
    assert world.notices == [f"us.primary to pbx: {said}"]
    assert world.attempts[0].attempt.phrase == said


def test_the_second_call_to_a_name_that_cannot_be_resolved_waits_for_nobody() -> None:
    asked: list[int] = []

    async def work(world: World) -> None:
        world.names.silent = True
        spare = await peer(WEST, 486, 5070)
        for n in range(2):
            again = INVITE.replace(b"Call-ID: one", b"Call-ID: call-%d" % n)
            assert (await call(again.replace(b"z9hG4bKone", b"z9hG4bK%d" % n))).status == 486
            while world.server._resolver._under_way:
                await asyncio.sleep(0)
            asked.append(len(world.names.queries))
        spare.close()

    world = serving(TWO_ROUTES, EAST_THEN_WEST, work)
    assert [one.target for one in world.calls[1].ladder.attempts] == [None, f"udp:{WEST}:5070"]
    assert asked[1] == asked[0] > 0


def test_an_ipv4_address_never_tries_an_ipv6_target_and_says_so() -> None:
    async def work(world: World) -> None:
        east = await peer(EAST, 486)
        assert (await call()).status == 486
        east.close()

    zone = ("pbx.example. 60 IN AAAA 2001:db8::1", "pbx.example. 60 IN A 198.51.100.10")
    world = serving(ONE_ROUTE, zone, work)
    assert world.ladder == [("us.primary", "pbx", f"udp:{EAST}:5060", "486")]
    assert world.notices == [
        "us.primary to pbx at udp:[2001:db8::1]:5060 skipped: it is sent from IPv4"
    ]


@pytest.mark.parametrize("destination", ["sip:pbx.example", "sip:[2001:db8::1]"])
def test_a_destination_without_an_address_in_reach_is_passed_over_at_once(destination: str) -> None:
    async def work(world: World) -> None:
        spare = await peer(WEST, 486, 5070)
        assert (await call()).status == 486
        spare.close()

    plan = policy(routes={"pbx": (destination,), "spare": ("sip:198.51.100.20:5070",)})
    world = serving(plan, ("pbx.example. 60 IN AAAA 2001:db8::1",), work)
    assert world.ladder[0] == ("us.primary", "pbx", None, "transport-error")
    assert world.attempts[0].attempt.phrase == "no IPv4 address"


def test_an_ipv6_address_tries_the_ipv6_targets_of_a_name_only() -> None:
    async def work(world: World) -> None:
        six = await peer("::1", 486, 5083)
        assert (await call()).status == 486
        six.close()

    zone = (
        "_sip._udp.pbx.example. 60 IN SRV 1 0 5083 both.pbx.example.",
        "both.pbx.example. 60 IN A 198.51.100.10",
        "both.pbx.example. 60 IN AAAA 2001:db8::10",
    )
    plan = policy(routes={"pbx": ("sip:pbx.example",)}, egress=("us.primary",))
    maps = {**MAPS, "192.76.120.10": "::1", "2001:db8::10": "::1"}
    world = serving(plan, zone, work, maps)
    assert world.ladder == [("us.primary", "pbx", "udp:[::1]:5083", "486")]
    assert world.notices == [f"us.primary to pbx at udp:{EAST}:5083 skipped: it is sent from IPv6"]


def test_an_outage_of_the_name_service_is_survived_and_said() -> None:
    async def work(world: World) -> None:
        east = await peer(EAST, 486)
        assert (await call()).status == 486
        world.names.rcode = dns.rcode.SERVFAIL
        await asyncio.sleep(1.1)  # the TTL: nothing but time makes an answer old
        again = INVITE.replace(b"Call-ID: one", b"Call-ID: two").replace(b"bKone", b"bKtwo")
        assert (await call(again)).status == 486
        east.close()

    zone = (
        "_sip._udp.pbx.example. 1 IN SRV 1 0 5060 east.pbx.example.",
        "east.pbx.example. 1 IN A 198.51.100.10",
    )
    world = serving(ONE_ROUTE, zone, work)
    assert [one[2:] for one in world.ladder] == [(f"udp:{EAST}:5060", "486")] * 2
    assert "dns: SERVFAIL for A east.pbx.example: using 198.51.100.10, 0 s out of date" in (
        world.notices
    )
