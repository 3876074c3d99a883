"""A large INVITE on real sockets: over TCP where it is taken, over UDP where it is refused."""

from __future__ import annotations

import asyncio
import socket

import pytest

from runtime.wire.test_server import CALLER, EAST, INVITE, PRIMARY, SIPFO, bound, hear, serving
from runtime.world import policy
from sipfo.runtime.oversize import LARGEST
from sipfo.runtime.record import CallRecord
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.framing import Stream
from sipfo.runtime.sip.message import Request, Response, parse, serialize
from sipfo.runtime.wire.server import Server

BODY = b"y" * LARGEST
LARGE = INVITE.replace(b"Content-Length: 0", b"Content-Length: %d" % LARGEST) + BODY
PLAN = policy(routes={"pbx": ("sip:198.51.100.10",)}, egress=("us.primary",))


async def final(caller: socket.socket) -> Response:
    """The caller's final response."""
    while True:
        message, _ = await hear(caller)
        if isinstance(message, Response) and message.status >= 200:
            return message


@pytest.mark.parametrize("takes_tcp", [True, False])
def test_a_large_invite_reaches_its_target(takes_tcp: bool) -> None:
    heard: list[Request] = []
    writers: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        assert writer.get_extra_info("peername")[0] == PRIMARY
        stream = Stream()
        while data := await reader.read(65536):
            for item in stream.feed(data):
                if isinstance(item, bytes):
                    heard.append(_request(item))
                    if heard[-1].method == "INVITE":
                        writer.write(serialize(make_response(heard[-1], 486, to_tag=b"e")))

    async def work(server: Server, calls: list[CallRecord]) -> None:
        with bound(CALLER) as caller, bound(EAST) as east:
            listener = await asyncio.start_server(answer, EAST, 5060) if takes_tcp else None
            caller.sendto(LARGE, (SIPFO, 5060))
            if listener is None:
                request, source = await hear(east)
                assert isinstance(request, Request)
                heard.append(request)
                east.sendto(serialize(make_response(request, 486, to_tag=b"e")), source)
            assert (await final(caller)).status == 486
            if listener is not None:
                listener.close()
            for writer in writers:
                writer.close()
                await writer.wait_closed()
        transport = "tcp" if takes_tcp else "udp"
        assert heard[0].body == BODY
        assert heard[0].via.transport == transport
        (attempt,) = calls[0].ladder.attempts
        assert (attempt.target, attempt.outcome) == (f"{transport}:{EAST}:5060", "486")

    serving(work, PLAN)


def _request(data: bytes) -> Request:
    message = parse(data)
    assert isinstance(message, Request)
    return message
