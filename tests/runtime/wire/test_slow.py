"""Who holds connections and says little, on real sockets: it is closed, and calls go on."""

from __future__ import annotations

import asyncio

import pytest

from runtime.torture.loopback import (
    CALLER,
    EAST,
    SERVER,
    SIPFO,
    STRANGER,
    bound,
    carries_a_call,
    request,
    serving,
)
from sipfo.runtime.limits import Limits
from sipfo.runtime.record import Notice
from sipfo.runtime.wire.server import Server

SOON = Limits(message_time=0.2, sweep_time=0.05, stranger_connections_each=2)


async def opened(host: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(SIPFO, SERVER[1], local_addr=(host, 0))


async def is_closed(reader: asyncio.StreamReader) -> bool:
    """Wait until the other side has closed; what comes before is of no account."""
    try:
        while await reader.read(65536):
            pass
    except ConnectionResetError:
        return True
    return reader.at_eof()


@pytest.mark.parametrize("host", [CALLER, STRANGER], ids=["caller", "stranger"])
@pytest.mark.parametrize(
    "sends",
    [b"", b"I", b"INVITE sip:a@b SIP/2.0\r\nVia: x", b"\r\n"],
    ids=["nothing", "a letter", "a line and a half", "a line end"],
)
def test_a_message_that_never_ends_is_closed_whoever_sends_it(host: str, sends: bytes) -> None:
    async def work(server: Server, notices: list[Notice]) -> None:
        reader, writer = await opened(host)
        writer.write(sends)
        assert await is_closed(reader)
        writer.close()
        with bound(CALLER) as caller, bound(EAST) as callee:
            await carries_a_call(caller, callee)

    serving(work, SOON)


def test_a_slow_sender_is_closed_although_it_goes_on_sending() -> None:
    async def work(server: Server, notices: list[Notice]) -> None:
        reader, writer = await opened(STRANGER)
        closed = asyncio.create_task(is_closed(reader))
        for octet in request("OPTIONS", "slow", (STRANGER, 5060), "TCP") * 100:
            if closed.done():
                break
            writer.write(bytes((octet,)))
            await asyncio.wait((closed,), timeout=0.01)
        assert await closed
        writer.close()

    serving(work, SOON)


def test_a_body_that_never_comes_is_not_waited_for() -> None:
    async def work(server: Server, notices: list[Notice]) -> None:
        reader, writer = await opened(STRANGER)
        head = request("OPTIONS", "body", (STRANGER, 5060), "TCP")
        writer.write(head.replace(b"Content-Length: 0", b"Content-Length: 60000"))
        assert await is_closed(reader)
        writer.close()

    serving(work, SOON)


def test_a_stranger_s_third_connection_is_closed_at_once_and_calls_go_on() -> None:
    async def work(server: Server, notices: list[Notice]) -> None:
        first, second = await opened(STRANGER), await opened(STRANGER)
        for _ in range(20):
            reader, writer = await opened(STRANGER)
            assert await is_closed(reader)
            writer.close()
        with bound(CALLER) as caller, bound(EAST) as callee:
            await carries_a_call(caller, callee)
        for _, writer in (first, second):
            writer.close()

    serving(work, Limits(stranger_connections_each=2))


def test_a_flood_of_line_ends_on_a_stream_is_answered_and_held_nowhere() -> None:
    async def work(server: Server, notices: list[Notice]) -> None:
        reader, writer = await opened(CALLER)
        for _ in range(50):
            writer.write(b"\r\n\r\n" * 500)
            assert await reader.readexactly(2 * 500) == b"\r\n" * 500
        with bound(CALLER) as caller, bound(EAST) as callee:
            await carries_a_call(caller, callee)
        writer.close()

    serving(work)


def test_an_abrupt_end_in_the_middle_of_many_messages_costs_nothing_else() -> None:
    """CVE-2018-7286."""

    async def work(server: Server, notices: list[Notice]) -> None:
        for n in range(20):
            _, writer = await opened(CALLER)
            for k in range(5):
                writer.write(request("INVITE", f"c{n}.{k}", (CALLER, 5060), "TCP"))
            writer.write(b"INVITE sip:")
            writer.transport.abort()
        for _ in range(1000):
            if server.calls_alive:
                break
            await asyncio.sleep(0)  # until the first of them has come
        while server.calls_alive:
            await asyncio.sleep(0)  # nobody is where they lead: they end by themselves
        with bound(CALLER) as caller, bound(EAST) as callee:
            await carries_a_call(caller, callee)

    serving(work)
