"""Probes over real sockets: a target that goes, is found out, and comes back."""

from __future__ import annotations

import asyncio
import os
import socket

from runtime.probing import probing
from runtime.world import policy
from sipfo.plan.model import Probe
from sipfo.runtime.mapping import parse_mapping
from sipfo.runtime.record import CallRecord, Notice
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.message import Request, parse, serialize
from sipfo.runtime.wire.server import Server

NET = f"127.{128 + os.getpid() % 64}.{os.getpid() // 64 % 250}"
SIPFO, PRIMARY, EAST, WEST, CALLER = (f"{NET}.{n}" for n in range(1, 6))
MAPS = parse_mapping(
    [
        f"192.0.2.10={SIPFO}",
        f"192.76.120.10={PRIMARY}",
        f"198.51.100.10={EAST}",
        f"198.51.100.20={WEST}",
        f"192.0.2.200={CALLER}",
    ]
)
INVITE = (
    f"INVITE sip:+13125550123@{SIPFO} SIP/2.0\r\n"
    f"Via: SIP/2.0/UDP {CALLER}:5060;branch=z9hG4bKone;rport\r\n"
    f"From: <sip:a@{CALLER}>;tag=1\r\nTo: <sip:b@{SIPFO}>\r\nCall-ID: one\r\nCSeq: 1 INVITE\r\n"
    f"Contact: <sip:a@{CALLER}:5060>\r\nContent-Length: 0\r\n\r\n"
).encode()


class Agrees(asyncio.DatagramProtocol):
    """Answers OPTIONS 200 and anything else 486, and keeps where probes came from."""

    def __init__(self) -> None:
        self.probes: set[tuple[str, int]] = set()
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # typeshed: any transport
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        request = parse(data)
        assert isinstance(request, Request)
        assert self.transport is not None
        if request.method == "OPTIONS":
            self.probes.add(addr)
        status = 200 if request.method == "OPTIONS" else 486
        if request.method != "ACK":
            self.transport.sendto(serialize(make_response(request, status, to_tag=b"x")), addr)


def test_a_target_that_nobody_listens_at_goes_down_and_one_that_answers_comes_up() -> None:
    plan = probing(
        policy(egress=("us.primary",)),
        "pbx-east",
        "pbx-west",
        probe=Probe(every=0.05, down_after=2, up_after=2),
    )

    async def main() -> None:
        loop = asyncio.get_running_loop()
        said: asyncio.Queue[str] = asyncio.Queue()
        calls: asyncio.Queue[CallRecord] = asyncio.Queue()

        def notice(one: Notice) -> None:
            said.put_nowait(one.text)

        west = Agrees()
        answering, _ = await loop.create_datagram_endpoint(lambda: west, local_addr=(WEST, 5060))
        server = await Server.start(plan, mapping=MAPS, on_notice=notice, on_call=calls.put_nowait)
        at = f"us.primary to pbx-east at udp:{EAST}:5060 is"
        try:
            async with asyncio.timeout(20):
                assert await said.get() == f"{at} down: 2 failures in a row"
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
                    caller.bind((CALLER, 5060))
                    caller.sendto(INVITE, (SIPFO, 5060))
                    ladder = (await calls.get()).ladder
                assert [(one.route, one.outcome) for one in ladder.attempts] == [
                    ("pbx-west", "486")
                ]
                assert await said.get() == "us.primary to pbx-east skipped: down"
                east, _ = await loop.create_datagram_endpoint(Agrees, local_addr=(EAST, 5060))
                assert await said.get() == f"{at} up: 2 answers in a row"
                east.close()
        finally:
            await server.close()
            answering.close()
        assert west.probes == {(PRIMARY, 5060)}  # the very socket that calls go from
        assert server.internal_errors == 0

    asyncio.run(main())
