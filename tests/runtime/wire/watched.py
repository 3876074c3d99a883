"""One call through a server that is looked at: it fails over from UDP to TCP and is hung up."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence

from runtime.world import policy
from sipfo.runtime.mapping import parse_mapping
from sipfo.runtime.sighting import Sighting
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.framing import Stream
from sipfo.runtime.sip.message import Request, Response, parse, serialize
from sipfo.runtime.wire.server import Server
from sipfo.runtime.wire.tap import Tap, Watcher

NET = f"127.{192 + os.getpid() % 60}.{os.getpid() // 60 % 250}"
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
CALL_ID = "one@caller"
ROUTES = {"pbx-east": ("sip:198.51.100.10",), "pbx-west": ("sip:198.51.100.20;transport=tcp",)}
TRAFFIC = [
    # who to whom, what, over which transport; in this order
    (CALLER, SIPFO, "INVITE", "udp"),
    (SIPFO, CALLER, "100", "udp"),
    (PRIMARY, EAST, "INVITE", "udp"),
    (EAST, PRIMARY, "503", "udp"),
    (PRIMARY, EAST, "ACK", "udp"),
    (PRIMARY, WEST, "INVITE", "tcp"),
    (WEST, PRIMARY, "200", "tcp"),
    (SIPFO, CALLER, "200", "udp"),
    (CALLER, SIPFO, "ACK", "udp"),
    (PRIMARY, WEST, "ACK", "tcp"),
    (CALLER, SIPFO, "BYE", "udp"),
    (SIPFO, CALLER, "200", "udp"),
    (PRIMARY, WEST, "BYE", "tcp"),
    (WEST, PRIMARY, "200", "tcp"),
]


def from_caller(method: str, tag: str = "") -> bytes:
    return (
        f"{method} sip:+13125550123@{SIPFO} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {CALLER}:5060;branch=z9hG4bK{method};rport\r\nMax-Forwards: 70\r\n"
        f"From: <sip:a@{CALLER}>;tag=1\r\nTo: <sip:b@{SIPFO}>{tag}\r\nCall-ID: {CALL_ID}\r\n"
        f"CSeq: {2 if method == 'BYE' else 1} {method}\r\nContact: <sip:a@{CALLER}:5060>\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()


def watched_call(watchers: Sequence[Watcher]) -> Server:
    """Place the call, and let the watchers go; the server, closed."""

    async def main() -> Server:
        passed = _Passed()
        tap = Tap([*watchers, passed])
        server = await Server.start(policy(routes=ROUTES), mapping=MAPS, tap=tap)
        try:
            async with asyncio.timeout(20):
                await _call()
                await passed.all.wait()
        finally:
            await server.close()
            await tap.close()
        assert (server.internal_errors, tap.errors) == (0, 0)
        return server

    return asyncio.run(main())


async def _call() -> None:
    west, hung_up = _West(), asyncio.Event()
    west.hung_up = hung_up
    listening = await asyncio.get_running_loop().create_server(lambda: west, WEST, 5060)
    with _bound(CALLER) as caller, _bound(EAST) as east:
        caller.sendto(from_caller("INVITE"), (SIPFO, 5060))
        refused, source = await _hear(east)
        assert isinstance(refused, Request)
        east.sendto(serialize(make_response(refused, 503, to_tag=b"e")), source)
        while True:
            answer, _ = await _hear(caller)
            assert isinstance(answer, Response)
            if answer.status == 200:
                break
        tag = f";tag={(answer.to.tag or b'').decode()}"
        caller.sendto(from_caller("ACK", tag), (SIPFO, 5060))
        caller.sendto(from_caller("BYE", tag), (SIPFO, 5060))
        await hung_up.wait()
        await _hear(caller)
    assert west.transport is not None
    west.transport.close()
    listening.close()


class _Passed:
    """A watcher that tells when the whole call has passed."""

    def __init__(self) -> None:
        self.all = asyncio.Event()
        self._left = len(TRAFFIC)

    def see(self, sighting: Sighting) -> None:
        self._left -= 1
        if not self._left:
            self.all.set()

    async def close(self) -> None:
        assert not self._left


class _West(asyncio.Protocol):
    """Answers every INVITE and BYE with 200."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.hung_up = asyncio.Event()
        self._stream = Stream()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        assert self.transport is not None
        for item in self._stream.feed(data):
            request = parse(item) if isinstance(item, bytes) else None
            if isinstance(request, Request) and request.method != "ACK":
                response = make_response(request, 200, to_tag=b"w")
                response.headers.add(b"contact", f"<sip:{WEST};transport=tcp>".encode())
                self.transport.write(serialize(response))
                if request.method == "BYE":
                    self.hung_up.set()


def _bound(host: str) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.bind((host, 5060))
    return made


async def _hear(one: socket.socket) -> tuple[Request | Response, tuple[str, int]]:
    data, source = await asyncio.get_running_loop().sock_recvfrom(one, 65535)
    return parse(data), source
