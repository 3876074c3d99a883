"""One plan after another on real sockets: what is opened, what is closed, and when."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable

import pytest

from runtime.world import policy
from sipfo.plan.model import Listen, Plan
from sipfo.runtime.mapping import parse_mapping
from sipfo.runtime.record import Notice
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.message import Request, Response, parse, serialize
from sipfo.runtime.wire import server as shell
from sipfo.runtime.wire.doors import CannotListen
from sipfo.runtime.wire.server import Server

NET = f"127.{64 + os.getpid() % 64}.{os.getpid() // 64 % 250}"
SIPFO, PRIMARY, SECONDARY, EAST, CALLER, OTHER = (f"{NET}.{n}" for n in range(11, 17))
MAPS = parse_mapping(
    [
        f"192.0.2.10={SIPFO}",
        f"192.76.120.10={PRIMARY}",
        f"64.16.250.10={SECONDARY}",
        f"198.51.100.10={EAST}",
        f"192.0.2.200={CALLER}",
        f"192.0.2.11={OTHER}",
    ]
)
OLD = policy(routes={"pbx": ("sip:198.51.100.10",)}, egress=("us.primary",))


def listening(*listen: Listen) -> Plan:
    return OLD.model_copy(update={"listen": listen})


def udp(host: str, port: int = 5060) -> Listen:
    return Listen(transport="udp", host=host, port=port)


def message(method: str, number: int, to: str = "") -> bytes:
    return (
        f"{method} sip:+13125550123@{SIPFO} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {CALLER}:5060;branch=z9hG4bK{method}{number};rport\r\n"
        f"From: <sip:a@{CALLER}>;tag=1\r\nTo: <sip:b@{SIPFO}>{to}\r\nCall-ID: one\r\n"
        f"CSeq: {number} {method}\r\nMax-Forwards: 70\r\n"
        f"Contact: <sip:a@{CALLER}:5060>\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def serving(work: Callable[[Server, list[str]], Awaitable[None]]) -> None:
    """Run `work` beside a server; no internal error may happen."""

    async def main() -> None:
        said: list[str] = []

        def note(record: Notice) -> None:
            said.append(record.text)

        server = await Server.start(OLD, mapping=MAPS, on_notice=note)
        try:
            async with asyncio.timeout(20):
                await work(server, said)
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


async def final(one: socket.socket) -> Response:
    while True:
        found, _ = await hear(one)
        if isinstance(found, Response) and found.status >= 200:
            return found


async def connects(host: str) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, 5060)
    except ConnectionRefusedError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


def test_an_address_that_is_gone_serves_the_calls_that_need_it_to_their_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shell, "CLOSING", 0.02)

    async def work(server: Server, said: list[str]) -> None:
        with bound(CALLER) as caller, bound(EAST) as east:
            caller.sendto(message("INVITE", 1), (SIPFO, 5060))
            invite, source = await hear(east)
            assert isinstance(invite, Request)
            answer = make_response(invite, 200, to_tag=b"e")
            answer.headers.add(b"contact", f"<sip:{EAST}>".encode())
            east.sendto(serialize(answer), source)
            tag = (await final(caller)).to.tag or b""
            to = f";tag={tag.decode()}"
            caller.sendto(message("ACK", 1, to), (SIPFO, 5060))

            await server.succeed(listening(udp("192.0.2.11")))
            while not said:
                await asyncio.sleep(0.01)
            assert said == [f"closed tcp {SIPFO}:5060: its last call is over"]
            assert not await connects(SIPFO)  # no call came by TCP

            caller.sendto(message("OPTIONS", 1), (OTHER, 5060))
            assert (await final(caller)).cseq.method == "OPTIONS"
            caller.sendto(message("BYE", 2, to), (SIPFO, 5060))
            assert (await final(caller)).status == 200
            while not (isinstance(invite, Request) and invite.method == "BYE"):
                invite, _ = await hear(east)
            # Its first address stays until nothing of the call can be repeated (64·T1).
            assert ("udp", SIPFO, 5060) in server.places

    serving(work)


def test_an_address_without_calls_is_closed_at_the_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shell, "CLOSING", 0.02)

    async def work(server: Server, said: list[str]) -> None:
        await server.succeed(listening(udp("192.0.2.11")))
        while len(said) < 2:
            await asyncio.sleep(0.01)
        assert said == [
            f"closed {transport} {SIPFO}:5060: its last call is over"
            for transport in ("tcp", "udp")
        ]
        bound(SIPFO).close()

    serving(work)


def test_an_address_that_comes_back_before_it_is_closed_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shell, "CLOSING", 0.02)

    async def work(server: Server, said: list[str]) -> None:
        await server.succeed(listening(udp("192.0.2.11")))
        await server.succeed(OLD)
        while f"closed udp {OTHER}:5060: its last call is over" not in said:
            await asyncio.sleep(0.01)
        with bound(CALLER) as caller:
            caller.sendto(message("OPTIONS", 1), (SIPFO, 5060))
            assert (await final(caller)).status == 200

    serving(work)


def test_an_address_that_cannot_be_bound_changes_nothing() -> None:
    async def work(server: Server, said: list[str]) -> None:
        before = server.places
        with bound(OTHER), pytest.raises(CannotListen, match=f"udp {OTHER}:5060"):
            await server.succeed(listening(udp("192.0.2.11", 5062), udp("192.0.2.11")))
        assert server.places == before
        with bound(CALLER) as caller:
            caller.sendto(message("INVITE", 1), (SIPFO, 5060))
            assert (await final(caller)).status == 500

    serving(work)


def test_a_certificate_that_is_not_there_changes_nothing() -> None:
    async def work(server: Server, said: list[str]) -> None:
        before = server.places
        secure = Listen(transport="tls", host="192.0.2.11", port=5061, certificate="/nowhere.pem")
        with pytest.raises(CannotListen, match=r"/nowhere\.pem: No such file"):
            await server.succeed(listening(udp("192.0.2.11"), secure))
        assert server.places == before

    serving(work)
