"""RFC 4475 and RFC 5118: 61 messages over UDP and TCP sockets, each with an allowed outcome.

After each, the server still carries a call, and nothing went wrong inside it (`serving`).
"""

from __future__ import annotations

import asyncio
import hashlib
import socket

import pytest

from runtime.torture.loopback import (
    CALLER,
    EAST,
    SERVER,
    bound,
    carries_a_call,
    hear,
    refuse,
    request,
    serving,
    waiting,
)
from runtime.torture.messages import FOLDER, Message, archived, load, miscounted
from sipfo.runtime.limits import Limits
from sipfo.runtime.record import Notice
from sipfo.runtime.sip.framing import Stream
from sipfo.runtime.sip.message import Request, Response, parse
from sipfo.runtime.wire.server import Server

MESSAGES = load()
SENT_BY_PORTS = {"quotbal": 5050, "mult-ip-in-header": 6050, "ipv4-mapped-ipv6": 19823}
"""Where the topmost Via asks for the response (RFC 3261 §18.2.2), when not 5060."""


def by_name(one: Message) -> str:
    return one.name


def test_the_archives_are_whole() -> None:
    assert len(MESSAGES) == 49 + 12
    for one in archived():
        assert hashlib.sha256(one.data).hexdigest() == one.sha256, one.name


async def send_over_udp(data: bytes, port: int) -> tuple[list[int], Request | None]:
    """The statuses that came back, and the INVITE that the callee got."""
    with bound(CALLER, port) as caller, bound(EAST) as callee:
        caller.sendto(data, SERVER)
        # What is answered to a later request was not preceded by silence only by accident.
        caller.sendto(request("OPTIONS", "after", (CALLER, port)), SERVER)
        statuses = []
        while True:
            message = await hear(caller)
            assert isinstance(message, Response)
            if message.headers.first(b"call-id") == b"after":
                break
            statuses.append(message.status)
        passed_on = waiting(callee)
        assert passed_on is None or isinstance(passed_on, Request)
        if passed_on is not None:
            await refuse(callee, passed_on)
            final = await hear(caller)
            assert isinstance(final, Response) and final.status == 486
            statuses.remove(100)
        await carries_a_call(caller, callee)
    return statuses, passed_on


def check_outcome(one: Message, statuses: list[int], passed_on: Request | None) -> None:
    if passed_on is not None:
        assert "process" in one.outcomes and not statuses
        assert passed_on.method == "INVITE"
        assert passed_on.body == one.body  # bit by bit
        assert b"?" not in passed_on.uri and b" " not in passed_on.uri  # escruri, lwsruri
    elif not statuses:
        assert "drop" in one.outcomes
    else:
        assert set(statuses) <= set(one.outcomes)


@pytest.mark.parametrize("one", MESSAGES, ids=by_name)
def test_over_udp_the_outcome_is_one_that_the_rfc_allows(one: Message) -> None:
    async def work(server: Server, notices: list[Notice]) -> None:
        port = SENT_BY_PORTS.get(one.name, 5060)
        check_outcome(one, *await send_over_udp(one.data, port))

    serving(work)


async def send_over_tcp(data: bytes) -> tuple[list[int], Request | None]:
    """The same over a connection."""
    reader, writer = await asyncio.open_connection(*SERVER, local_addr=(CALLER, 0))
    source = writer.get_extra_info("sockname")
    stream, statuses = Stream(), []
    with bound(EAST) as callee, bound(CALLER) as caller:
        writer.write(data + request("OPTIONS", "after", source, "TCP"))
        answered = False
        while not answered:
            came = await reader.read(65536)
            assert came, "the connection was closed"
            for item in stream.feed(came):
                assert isinstance(item, bytes)
                message = parse(item)
                assert isinstance(message, Response)
                answered = answered or message.headers.first(b"call-id") == b"after"
                if not answered:
                    statuses.append(message.status)
        passed_on = waiting(callee)
        assert passed_on is None or isinstance(passed_on, Request)
        if passed_on is not None:
            await refuse(callee, passed_on)
            assert b"SIP/2.0 486" in await reader.read(65536)
            statuses.remove(100)
        writer.close()
        await writer.wait_closed()
        await carries_a_call(caller, callee)
    return statuses, passed_on


async def heard_until_closed(data: bytes) -> list[int]:
    """The statuses that came back on a connection that the server closed.

    What ends nowhere, or not yet, is closed: at once, or when its time is up. What a datagram
    drops is a second message on a stream: dblreq's INVITE, and the rest that its Content-Length
    leaves over.
    """
    reader, writer = await asyncio.open_connection(*SERVER, local_addr=(CALLER, 0))
    writer.write(data)
    try:
        heard = Stream().feed(await reader.read())
    finally:
        writer.close()
    statuses = []
    for item in heard:
        assert isinstance(item, bytes)
        message = parse(item)
        assert isinstance(message, Response)
        statuses.append(message.status)
    return statuses


@pytest.mark.parametrize("one", MESSAGES, ids=by_name)
def test_over_tcp_the_outcome_is_one_that_the_rfc_allows(one: Message) -> None:
    async def work(server: Server, notices: list[Notice]) -> None:
        if one.name == "dblreq":
            assert await heard_until_closed(one.data) == [405, 400]
        elif one.framing == "whole":
            check_outcome(one, *await send_over_tcp(one.data))
            return
        else:
            assert await heard_until_closed(one.data) == []
        with bound(CALLER) as caller, bound(EAST) as callee:
            await carries_a_call(caller, callee)

    serving(work, Limits(message_time=0.05, sweep_time=0.01))


@pytest.mark.parametrize(
    "one", [one for one in MESSAGES if one.octets_after_blank_line is None], ids=by_name
)
def test_over_tcp_a_message_is_handled_when_its_blank_line_has_come(one: Message) -> None:
    async def work(server: Server, notices: list[Notice]) -> None:
        check_outcome(one, *await send_over_tcp(one.data + b"\r\n"))

    serving(work)


@pytest.mark.parametrize("one", miscounted(), ids=by_name)
def test_a_body_ends_where_content_length_says(one: Message) -> None:
    """ "If there are additional bytes ... they MUST be discarded", if too few, 400 (§18.3)."""

    async def work(server: Server, notices: list[Notice]) -> None:
        port = SENT_BY_PORTS.get(one.name, 5060)
        statuses, passed_on = await send_over_udp(one.data, port)
        assert one.octets_after_blank_line is not None
        if int(one.lengths[0]) > one.octets_after_blank_line:
            assert statuses == [400] and passed_on is None
        else:
            check_outcome(one, statuses, passed_on)

    serving(work)


def test_the_file_that_is_in_no_section_is_dropped_or_refused() -> None:
    async def work(server: Server, notices: list[Notice]) -> None:
        data = (FOLDER / "extra" / "test.dat").read_bytes()
        statuses, passed_on = await send_over_udp(data, 5060)
        assert passed_on is None and set(statuses) <= {400}

    serving(work)


def test_a_refusal_of_what_has_no_readable_via_goes_where_it_came_from() -> None:
    """RFC 4475 §3.1.2.1 and §3.1.2.16: 400 and 505, though the Via cannot be read."""

    async def work(server: Server, notices: list[Notice]) -> None:
        for name, status in (("badinv01", 400), ("badvers", 505)):
            data = next(one.data for one in MESSAGES if one.name == name)
            with bound(CALLER, 5099) as caller:
                caller.sendto(data, SERVER)
                heard = await asyncio.get_running_loop().sock_recv(caller, 65535)
                assert heard.startswith(b"SIP/2.0 %d " % status)

    serving(work)


def test_the_peers_are_on_loopback() -> None:
    assert all(socket.inet_aton(host)[0] == 127 for host in (CALLER, EAST, SERVER[0]))
