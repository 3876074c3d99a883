"""A server on loopback sockets, and peers that speak to it by hand.

Each process has its own addresses, so that tests run side by side.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Iterator

from runtime.world import policy
from sipfo.runtime.limits import Limits
from sipfo.runtime.mapping import parse_mapping
from sipfo.runtime.record import Notice
from sipfo.runtime.sip.build import make_ack, make_response
from sipfo.runtime.sip.message import Request, Response, parse, serialize
from sipfo.runtime.wire.server import Server

NET = f"127.{128 + os.getpid() % 100}.{os.getpid() // 100 % 250}"
SIPFO, PRIMARY, SECONDARY, EAST, WEST, CALLER, STRANGER = (f"{NET}.{n}" for n in range(1, 8))
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
SERVER = (SIPFO, 5060)


def serving(
    work: Callable[[Server, list[Notice]], Awaitable[None]], limits: Limits | None = None
) -> None:
    """Run `work` beside a server that accepts calls from CALLER; no internal error may happen."""

    async def main() -> None:
        notices: list[Notice] = []
        server = await Server.start(
            policy(), mapping=MAPS, on_notice=notices.append, limits=limits or Limits()
        )
        try:
            async with asyncio.timeout(5):
                await work(server, notices)
        finally:
            await server.close()
        assert server.internal_errors == 0

    asyncio.run(main())


@contextlib.contextmanager
def bound(host: str, port: int = 5060) -> Iterator[socket.socket]:
    """A UDP socket of a peer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.setblocking(False)
        made.bind((host, port))
        yield made


async def hear(one: socket.socket) -> Request | Response:
    """The next message."""
    return parse(await asyncio.get_running_loop().sock_recv(one, 65535))


def waiting(one: socket.socket) -> Request | Response | None:
    """The message that has arrived already, if there is one."""
    try:
        return parse(one.recv(65535))
    except BlockingIOError:
        return None


def request(method: str, call_id: str, source: tuple[str, int], transport: str = "UDP") -> bytes:
    """A request outside any dialog, as a sound client writes it."""
    host, port = source
    return (
        f"{method} sip:+13125550123@{SIPFO} SIP/2.0\r\n"
        f"Via: SIP/2.0/{transport} {host}:{port};branch=z9hG4bK{call_id};rport\r\n"
        f"Max-Forwards: 70\r\n"
        f"From: <sip:a@{host}>;tag=1\r\nTo: <sip:b@{SIPFO}>\r\n"
        f"Call-ID: {call_id}\r\nCSeq: 1 {method}\r\n"
        f"Contact: <sip:a@{host}:{port}>\r\nContent-Length: 0\r\n\r\n"
    ).encode()


async def carries_a_call(caller: socket.socket, callee: socket.socket) -> None:
    """Place a call, have it answered, hang up: what a server must do whatever came before."""
    invite = request("INVITE", "sound", caller.getsockname())
    caller.sendto(invite, SERVER)
    offered = await hear(callee)
    assert isinstance(offered, Request) and offered.method == "INVITE"
    answer = make_response(offered, 200, to_tag=b"callee")
    answer.headers.add(b"contact", f"<sip:b@{EAST}:5060>".encode())
    callee.sendto(serialize(answer), (PRIMARY, 5060))
    answered = await hear(caller)
    while isinstance(answered, Response) and answered.status < 200:
        answered = await hear(caller)
    assert isinstance(answered, Response) and answered.status == 200
    ack = request("ACK", "sound", caller.getsockname()).replace(
        b"To: <sip:b@" + SIPFO.encode() + b">", b"To: " + (answered.headers.first(b"to") or b"")
    )
    caller.sendto(ack, SERVER)
    heard = await hear(callee)
    assert isinstance(heard, Request) and heard.method == "ACK"
    bye = ack.replace(b"ACK", b"BYE").replace(b"CSeq: 1", b"CSeq: 2").replace(b"sound;", b"bye;")
    caller.sendto(bye, SERVER)
    heard = await hear(callee)
    assert isinstance(heard, Request) and heard.method == "BYE"
    callee.sendto(serialize(make_response(heard, 200)), (PRIMARY, 5060))
    over = await hear(caller)
    assert isinstance(over, Response) and over.status == 200 and over.cseq.method == "BYE"


async def refuse(callee: socket.socket, invite: Request) -> None:
    """Answer an INVITE 486, and wait for the ACK."""
    refusal = make_response(invite, 486, to_tag=b"callee")
    callee.sendto(serialize(refusal), (PRIMARY, 5060))
    ack = await hear(callee)
    assert ack == parse(serialize(make_ack(invite, refusal)))
