"""A ping over each transport: what answers, what does not, and what is said of it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest

from runtime.wire.papers import Authority
from runtime.wire.watched import NET
from sipfo.runtime.locate import Target
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.framing import Stream
from sipfo.runtime.sip.message import Request, parse, serialize
from sipfo.runtime.sip.uri import parse_uri
from sipfo.runtime.wire.certificate import Trust
from sipfo.runtime.wire.ping import Pinger, Pong

HERE, THERE = f"{NET}.120", f"{NET}.121"
URI = parse_uri(f"sip:somebody@{THERE}")
PATIENCE = 15.0


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("papers"))


class Answering(asyncio.DatagramProtocol, asyncio.Protocol):
    """A SIP server that says the same to everybody."""

    def __init__(self, status: int = 200, server: bytes | None = b"phone \x1b[31m1.0") -> None:
        self.status = status
        self.server = server
        self.heard: list[Request] = []
        self.sources: list[tuple[str, int]] = []
        self.connections = 0
        self._transport: asyncio.BaseTransport | None = None
        self._stream = Stream()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._stream = Stream()
        self.connections += 1

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        transport = cast("asyncio.DatagramTransport", self._transport)  # no subclass until 3.12
        self.sources.append(addr)
        transport.sendto(self._answer(data), addr)

    def data_received(self, data: bytes) -> None:
        assert isinstance(self._transport, asyncio.Transport)
        for item in self._stream.feed(data):
            if isinstance(item, bytes):
                self._transport.write(self._answer(item))

    def hang_up(self) -> None:
        if isinstance(self._transport, asyncio.Transport):
            self._transport.abort()

    def _answer(self, data: bytes) -> bytes:
        request = parse(data)
        assert isinstance(request, Request)
        self.heard.append(request)
        response = make_response(request, self.status, to_tag=b"t")
        if self.server is not None:
            response.headers.add(b"server", self.server)
        return serialize(response)


def run(work: Callable[[Pinger], Awaitable[None]], trust: Trust | None = None) -> None:
    async def main() -> None:
        pinger = Pinger(HERE, trust)
        try:
            async with asyncio.timeout(30):
                await work(pinger)
        finally:
            await pinger.close()

    asyncio.run(main())


@asynccontextmanager
async def listening(
    answering: Answering, transport: str, context: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """The port at which it answers."""
    loop = asyncio.get_running_loop()
    if transport == "udp":
        made, _ = await loop.create_datagram_endpoint(lambda: answering, (THERE, 0))
        yield made.get_extra_info("sockname")[1]
        made.close()
    else:
        server = await loop.create_server(lambda: answering, THERE, 0, ssl=context)
        yield server.sockets[0].getsockname()[1]
        server.close()
        answering.hang_up()
    await asyncio.sleep(0)  # the loop's turn to close what was let go


def at(port: int, transport: str, identity: str = "") -> Target:
    return Target(transport, THERE, port, THERE, identity)


def test_over_udp_the_answer_comes_to_the_address_and_port_that_asked() -> None:
    async def work(pinger: Pinger) -> None:
        answering = Answering()
        async with listening(answering, "udp") as port:
            pong = await pinger.ping(URI, at(port, "udp"), PATIENCE)
        assert (pong.status, pong.phrase, pong.failure) == (200, "OK", "")
        assert pong.server == "phone \x1b[31m1.0"
        assert 0 < pong.took < PATIENCE
        (request,), (source,) = answering.heard, answering.sources
        assert source[0] == HERE
        assert (request.via.host, request.via.port) == source
        assert (request.method, request.uri) == ("OPTIONS", f"sip:{THERE}".encode())

    run(work)


def test_any_final_answer_is_an_answer() -> None:
    async def work(pinger: Pinger) -> None:
        async with listening(Answering(404, None), "udp") as port:
            pong = await pinger.ping(URI, at(port, "udp"), PATIENCE)
        assert (pong.status, pong.phrase, pong.server) == (404, "Not Found", "")

    run(work)


def test_over_tcp_a_second_ping_uses_the_same_connection() -> None:
    async def work(pinger: Pinger) -> None:
        answering = Answering()
        async with listening(answering, "tcp") as port:
            for _ in range(2):
                assert (await pinger.ping(URI, at(port, "tcp"), PATIENCE)).status == 200
        assert len(answering.heard) == 2
        assert answering.connections == 1
        assert answering.heard[0].via.transport == "tcp"

    run(work)


def test_over_tls_the_server_must_prove_who_it_is(authority: Authority) -> None:
    files = authority.issue("pinged", f"IP:{THERE}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)

    async def work(pinger: Pinger) -> None:
        async with listening(Answering(), "tls", context) as port:
            assert (await pinger.ping(URI, at(port, "tls", THERE), PATIENCE)).status == 200
            another = await pinger.ping(URI, at(port, "tls", "sip.example.com"), PATIENCE)
        assert another.status is None
        assert "the certificate is for" in another.failure

    run(work, Trust(str(authority.file)))


def test_over_tls_an_authority_that_nobody_knows_is_said(authority: Authority) -> None:
    files = authority.issue("unknown", f"IP:{THERE}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)

    async def work(pinger: Pinger) -> None:
        async with listening(Answering(), "tls", context) as port:
            pong = await pinger.ping(URI, at(port, "tls", THERE), PATIENCE)
        assert pong.status is None
        assert "certificate" in pong.failure

    run(work)


@pytest.mark.parametrize(
    ("transport", "said"), [("udp", "unreachable (ICMP)"), ("tcp", "no connection")]
)
def test_where_nobody_listens_that_is_said_at_once(transport: str, said: str) -> None:
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as reserved:
        reserved.bind((THERE, 0))
        port = reserved.getsockname()[1]

    async def work(pinger: Pinger) -> None:
        pong = await pinger.ping(URI, at(port, transport), PATIENCE)
        assert (pong.status, pong.failure) == (None, said)
        assert pong.took < PATIENCE

    run(work)


def test_silence_is_waited_for_as_long_as_was_said() -> None:
    async def work(pinger: Pinger) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind((THERE, 0))
            pong = await pinger.ping(URI, at(silent.getsockname()[1], "udp"), 0.05)
        assert pong == Pong(pong.took, failure="no answer within 0.05 s")

    run(work)


def test_an_answer_that_is_no_sip_is_said() -> None:
    async def work(pinger: Pinger) -> None:
        async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n")
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(http, THERE, 0)
        port = server.sockets[0].getsockname()[1]
        pong = await pinger.ping(URI, at(port, "tcp"), PATIENCE)
        assert (pong.status, pong.failure) == (None, "the answer is no SIP")
        server.close()

    run(work)


def test_an_address_that_is_not_ours_cannot_be_sent_from() -> None:
    async def main() -> None:
        pinger = Pinger("192.0.2.99")
        try:
            with pytest.raises(OSError, match="assign"):
                await pinger.ping(URI, at(5060, "udp"), PATIENCE)
        finally:
            await pinger.close()

    asyncio.run(main())
