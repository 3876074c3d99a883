"""TCP on real sockets: what goes over it, when a connection is used again, and when it is gone."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from runtime.wire import test_names as names
from runtime.wire.breaking import Breaking
from runtime.wire.test_server import CALLER, EAST, INVITE, PRIMARY, SIPFO, bound, hear, serving
from runtime.world import policy
from sipfo.runtime.oversize import LARGEST
from sipfo.runtime.record import CallRecord
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.framing import Stream
from sipfo.runtime.sip.message import Request, Response, parse, serialize
from sipfo.runtime.wire import tcp
from sipfo.runtime.wire.server import Server
from sipfo.runtime.wire.watch import IDLE, UNACKNOWLEDGED

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


BY_TCP = policy(routes={"pbx": ("sip:198.51.100.10;transport=tcp",)}, egress=("us.primary",))


def nth(n: int) -> bytes:
    """The INVITE of another call."""
    return INVITE.replace(b"Call-ID: one", b"Call-ID: n%d" % n).replace(b"bKone", b"bKn%d" % n)


@dataclass
class Line:
    """A connection as whole requests."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    stream: Stream = field(default_factory=Stream)
    arrived: list[Request | Response] = field(default_factory=list)

    async def hear(self) -> Request | Response:
        while not self.arrived:
            data = await self.reader.read(65536)
            if not data:
                raise ConnectionError("closed")
            self.arrived += [parse(one) for one in self.stream.feed(data) if isinstance(one, bytes)]
        return self.arrived.pop(0)

    async def refuse(self) -> Request:
        """Answer the next INVITE with 486 and hear its ACK."""
        invite = await self.hear()
        assert isinstance(invite, Request)
        assert invite.method == "INVITE"
        self.writer.write(serialize(make_response(invite, 486, to_tag=b"e")))
        ack = await self.hear()
        assert isinstance(ack, Request)
        assert ack.method == "ACK"
        return invite

    async def close(self) -> None:
        self.writer.close()
        await asyncio.gather(self.writer.wait_closed(), return_exceptions=True)


@asynccontextmanager
async def answering(host: str, port: int = 5060) -> AsyncIterator[asyncio.Queue[Line]]:
    """The connections that come to an address, in their order."""
    lines: asyncio.Queue[Line] = asyncio.Queue()
    made: list[Line] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.append(Line(reader, writer))
        lines.put_nowait(made[-1])

    listener = await asyncio.start_server(serve, host, port)
    try:
        yield lines
    finally:
        listener.close()
        for line in made:
            await line.close()


def test_a_connection_is_used_again_and_opened_anew_when_the_peer_has_closed_it() -> None:
    async def work(server: Server, calls: list[CallRecord]) -> None:
        with bound(CALLER) as caller:
            async with answering(EAST) as lines:
                caller.sendto(nth(1), (SIPFO, 5060))
                first = await lines.get()
                assert (await first.refuse()).via.transport == "tcp"
                caller.sendto(nth(2), (SIPFO, 5060))
                await first.refuse()
                await first.close()
                while server._tcp._to:  # it is seen that the connection is closed
                    await asyncio.sleep(0)
                caller.sendto(nth(3), (SIPFO, 5060))
                await (await lines.get()).refuse()
                while len(calls) < 3:
                    await hear(caller)
        assert [one.outcome for call in calls for one in call.ladder.attempts] == ["486"] * 3

    serving(work, BY_TCP)


def test_the_kernel_watches_connections_of_both_sides() -> None:
    async def work(server: Server, calls: list[CallRecord]) -> None:
        with bound(CALLER) as caller:
            async with answering(EAST) as lines:
                caller.sendto(INVITE, (SIPFO, 5060))
                await (await lines.get()).refuse()
                _, writer = await asyncio.open_connection(SIPFO, 5060)
                while len(server._tcp._open) < 2:
                    await asyncio.sleep(0)
                for connection in server._tcp._open.values():
                    assert connection._below is not None
                    below = connection._below.get_extra_info("socket")
                    assert below.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                    options = [
                        below.getsockopt(socket.IPPROTO_TCP, one)
                        for one in (socket.TCP_KEEPIDLE, socket.TCP_USER_TIMEOUT)
                    ]
                    assert options == [IDLE, UNACKNOWLEDGED * 1000]
                writer.close()
                await writer.wait_closed()

    serving(work, BY_TCP)


def test_an_invite_that_was_given_up_before_its_connection_opened_is_never_sent() -> None:
    """Edge case 13: opening counts against the attempt, and a caller who left is not called for."""

    async def work(server: Server, calls: list[CallRecord]) -> None:
        loop = asyncio.get_running_loop()
        full = socket.create_server((EAST, 5060), backlog=0)
        full.setblocking(False)
        fillers = [socket.socket() for _ in range(2)]
        with bound(CALLER) as caller, full:
            for one in fillers:  # from now on the kernel drops what would open a connection
                one.setblocking(False)
                one.connect_ex((EAST, 5060))
            caller.sendto(nth(1), (SIPFO, 5060))
            while not any(one.waiting for one in server._tcp._to.values()):
                await asyncio.sleep(0)
            cancel = nth(1).replace(b"INVITE sip", b"CANCEL sip").replace(b"1 INVITE", b"1 CANCEL")
            caller.sendto(cancel, (SIPFO, 5060))
            while not calls:
                await hear(caller)
            assert calls[0].ladder.result.kind == "cancelled"
            caller.sendto(nth(2), (SIPFO, 5060))
            while True:
                accepted, source = await loop.sock_accept(full)
                if source[0] == PRIMARY:
                    break
                accepted.close()
            line = Line(*await asyncio.open_connection(sock=accepted))
            first = await line.refuse()
            while len(calls) < 2:
                await hear(caller)
            await line.close()
            for one in fillers:
                one.close()
        assert [one.outcome for one in calls[1].ladder.attempts] == ["486"]
        assert first.method == "INVITE"
        assert line.arrived == []

    serving(work, PATIENT)


PATIENT = policy(
    routes={"pbx": ("sip:198.51.100.10;transport=tcp",)}, egress=("us.primary",), no_response=20.0
)


def test_what_waits_for_a_connection_that_does_not_open_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tcp, "WRITE_LIMIT", 1000)

    async def work(server: Server, calls: list[CallRecord]) -> None:
        flow = Flow("tcp", (PRIMARY, 5060), (EAST, 5060))
        for _ in range(50):
            server._tcp.send(b"x" * 100, flow)
        (connection,) = server._tcp._to.values()
        assert sum(map(len, connection.waiting)) == 1000

    serving(work, BY_TCP)


def test_what_waits_when_a_connection_breaks_as_it_opens_was_never_written() -> None:
    """asyncio would take it, lose it, and complain on standard error of each write after the fifth."""

    async def work(server: Server, calls: list[CallRecord]) -> None:
        connection = tcp.Connection(server._tcp, 1, (PRIMARY, 5060), (EAST, 5060))
        for n in range(10):
            connection.write(b"%d" % n)
        transport = Breaking()
        connection.ready(transport)
        connection.write(b"10")
        assert transport.written == [b"0", b"1"]
        assert connection.waiting == [b"%d" % n for n in range(2, 10)]

    serving(work, BY_TCP)


def test_a_peer_that_does_not_read_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "WRITE_LIMIT", 65536)
    via = b"Via: SIP/2.0/TCP %s:5060;branch=z9hG4bK" % CALLER.encode()
    more = b"".join(
        b"Via: SIP/2.0/TCP h%d.example;branch=z9hG4bK%s\r\n" % (n, b"y" * 100) for n in range(30)
    )
    options = (
        b"OPTIONS sip:%s SIP/2.0\r\n%s%%d\r\n%sFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n"
        b"Call-ID: %%d\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    ) % (SIPFO.encode(), via, more)

    async def work(server: Server, calls: list[CallRecord]) -> None:
        loop = asyncio.get_running_loop()
        with socket.socket() as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.setblocking(False)
            peer.bind((CALLER, 0))
            await loop.sock_connect(peer, (SIPFO, 5060))
            with pytest.raises(ConnectionError):
                for n in range(100_000):
                    await loop.sock_sendall(peer, options % (n, n))
        while server._tcp._open:
            await asyncio.sleep(0)

    serving(work, BY_TCP)


def test_a_response_whose_connection_is_gone_goes_to_the_sent_by() -> None:
    """RFC 3261 §18.2.2, RFC 3263 §5: nobody at the source, so by SRV to the name in the Via."""
    invite = (
        names.INVITE.replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP")
        .replace(f"{names.CALLER}:5060;branch".encode(), b"caller.example;branch")
        .replace(b";rport", b"")
    )
    zone = (
        "_sip._tcp.caller.example. 60 IN SRV 1 0 5072 a.caller.example.",
        "_sip._tcp.caller.example. 60 IN SRV 2 0 5071 a.caller.example.",
        "a.caller.example. 60 IN A 192.0.2.200",
        "pbx.example. 60 IN A 198.51.100.10",
    )
    heard: list[Request | Response] = []

    async def work(world: names.World) -> None:
        with bound(names.EAST) as east:
            reader, writer = await asyncio.open_connection(
                names.SIPFO, 5060, local_addr=(names.CALLER, 0)
            )
            writer.write(invite)
            line = Line(reader, writer)
            trying = await line.hear()
            assert isinstance(trying, Response)
            assert trying.status == 100
            await line.close()
            while world.server._tcp._open:
                await asyncio.sleep(0)
            async with answering(names.CALLER, 5071) as lines:
                request, source = await hear(east)
                assert isinstance(request, Request)
                east.sendto(serialize(make_response(request, 486, to_tag=b"e")), source)
                heard.append(await (await lines.get()).hear())

    names.serving(names.ONE_ROUTE, zone, work)
    (final,) = heard
    assert isinstance(final, Response)
    assert final.status == 486
