"""The shell around the engine, on loopback sockets."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable

import pytest

from runtime.world import policy
from sipfo.plan.model import Plan
from sipfo.runtime.mapping import Mapping, parse_mapping
from sipfo.runtime.record import CallRecord
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.message import Request, Response, parse, serialize
from sipfo.runtime.wire.doors import CannotListen
from sipfo.runtime.wire.server import Server

NET = f"127.{64 + os.getpid() % 64}.{os.getpid() // 64 % 250}"
SIPFO, PRIMARY, SECONDARY, EAST, WEST, CALLER = (f"{NET}.{n}" for n in range(1, 7))
MAPS = parse_mapping(
    [
        f"192.0.2.10={SIPFO}",
        f"192.76.120.10={PRIMARY}",
        f"64.16.250.10={SECONDARY}",
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


def serving(
    work: Callable[[Server, list[CallRecord]], Awaitable[None]],
    plan: Plan | None = None,
    mapping: Mapping = MAPS,
) -> None:
    """Run `work` beside a server; no internal error may happen."""

    async def main() -> None:
        calls: list[CallRecord] = []
        server = await Server.start(plan or policy(), mapping=mapping, on_call=calls.append)
        try:
            async with asyncio.timeout(20):
                await work(server, calls)
        finally:
            await server.close()
        assert server.internal_errors == 0

    asyncio.run(main())


def bound(host: str) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.bind((host, 5060))
    return made


async def hear(one: socket.socket) -> tuple[Request | Response, tuple[str, int]]:
    data, source = await asyncio.get_running_loop().sock_recvfrom(one, 65535)
    return parse(data), source


def test_icmp_and_tcp_refusal_fail_over_at_once() -> None:
    plan = policy(
        routes={
            "pbx-east": ("sip:198.51.100.10",),
            "pbx-west": ("sip:198.51.100.20;transport=tcp",),
        }
    )

    async def work(server: Server, calls: list[CallRecord]) -> None:
        with bound(CALLER) as caller:
            caller.sendto(INVITE, (SIPFO, 5060))
            statuses: list[int] = []
            while not statuses or statuses[-1] < 200:
                message, _ = await hear(caller)
                assert isinstance(message, Response)
                statuses.append(message.status)
        assert statuses == [100, 500]
        (call,) = calls
        assert [(one.egress, one.route, one.outcome) for one in call.ladder.attempts] == [
            (egress, route, "transport-error")
            for egress in ("us.primary", "us.secondary")
            for route in ("pbx-east", "pbx-west")
        ]
        assert call.ladder.elapsed < 2

    serving(work, plan)


def test_an_error_of_one_destination_is_not_another_s() -> None:
    """The kernel reports an ICMP error on whatever the socket does next."""

    async def work(server: Server, calls: list[CallRecord]) -> None:
        with bound(CALLER) as caller, bound(WEST) as west:
            caller.sendto(INVITE, (SIPFO, 5060))
            request, source = await hear(west)
            assert isinstance(request, Request) and request.method == "INVITE"
            assert source == (PRIMARY, 5060)
            west.sendto(serialize(make_response(request, 486, to_tag=b"w")), source)
            ack, _ = await hear(west)
            assert isinstance(ack, Request) and ack.method == "ACK"
        assert [one.outcome for one in calls[0].ladder.attempts] == ["transport-error", "486"]

    serving(work)


def test_a_tcp_caller_is_answered_on_its_connection_whatever_the_chunks() -> None:
    async def work(server: Server, calls: list[CallRecord]) -> None:
        reader, writer = await asyncio.open_connection(
            SIPFO, 5060, local_addr=(CALLER, 0), limit=65536
        )
        data = b"\r\n\r\n" + INVITE.replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP")
        for octet in data:
            writer.write(bytes([octet]))
            await writer.drain()
        assert await reader.readexactly(2) == b"\r\n"
        text = b""
        while b"SIP/2.0 500" not in text:
            text += await reader.read(65536)
        assert text.startswith(b"SIP/2.0 100 Trying\r\n")
        writer.close()
        await writer.wait_closed()

    serving(work)


def test_a_stream_that_is_no_sip_is_closed() -> None:
    async def work(server: Server, calls: list[CallRecord]) -> None:
        reader, writer = await asyncio.open_connection(SIPFO, 5060)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()

    serving(work)


def test_garbage_on_udp_costs_nothing() -> None:
    async def work(server: Server, calls: list[CallRecord]) -> None:
        with bound(CALLER) as caller:
            for data in (
                b"",
                b"\r\n",
                b"\x00" * 100,
                b"INVITE",
                INVITE[:50],
                b"SIP/2.0 200 OK\r\n\r\n",
            ):
                caller.sendto(data, (SIPFO, 5060))
            caller.sendto(INVITE, (SIPFO, 5060))
            message, _ = await hear(caller)
            assert isinstance(message, Response) and message.status == 100

    serving(work)


def test_an_address_that_is_not_here_says_how_to_map_it() -> None:
    async def main() -> None:
        with pytest.raises(CannotListen, match=r"--map 192\.0\.2\.10=\S+ .*--map 64\.16\.250\.10="):
            await Server.start(policy())

    asyncio.run(main())


def test_drain_without_calls_is_at_once_and_frees_the_addresses() -> None:
    async def main() -> None:
        for _ in range(2):
            server = await Server.start(policy(), mapping=MAPS)
            await server.drain(10)
            await server.close()

    asyncio.run(main())
