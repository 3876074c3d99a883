"""Calls one after the other, some at a time, by a caller that knows several addresses and goes on to
the next when one is silent; they are answered at once by whoever stands at the routes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, cast

from sipfo.verify.lab.space.interface import add_addresses

Address = tuple[str, int]

AT_ONCE: Final = 8
"""Calls that are set up at the same time."""

SILENT: Final = 2.0
"""Seconds after which an address that says nothing is given up for the next one."""


@dataclass
class Placed:
    """What became of them: how many were answered, how many needed another address, and the host
    that got each call's last INVITE."""

    answered: int = 0
    retried: int = 0
    by_route: list[str] = field(default_factory=list)


def place_calls(
    caller: str,
    routes: Sequence[str],
    doors: Sequence[Address],
    uri: str,
    calls: int,
    after: Mapping[int, Callable[[], None]],
) -> Placed:
    """Place calls, each at the next of the doors first; `HOST` in the URI is the door's. When so many
    have been begun, what `after` says happens."""
    add_addresses([caller, *routes])
    return asyncio.run(_place(caller, routes, doors, uri, calls, after))


async def _place(
    caller: str,
    routes: Sequence[str],
    doors: Sequence[Address],
    uri: str,
    calls: int,
    after: Mapping[int, Callable[[], None]],
) -> Placed:
    loop = asyncio.get_running_loop()
    placed = Placed()
    transports = []
    for host in routes:
        transport, _ = await loop.create_datagram_endpoint(
            partial(_Answering, host, placed), local_addr=(host, 5060)
        )
        transports.append(transport)
    transport, calling = await loop.create_datagram_endpoint(_Calling, local_addr=(caller, 5060))
    transports.append(transport)
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with turns:
            if number in after:
                after[number]()
            for attempt in range(len(doors)):
                door = doors[(number + attempt) % len(doors)]
                if await calling.call(f"load-{number}-{attempt}", door, uri, caller):
                    placed.answered += 1
                    placed.retried += attempt > 0
                    return

    await asyncio.gather(*(one(number) for number in range(calls)))
    for transport in transports:
        transport.close()
    return placed


class _Answering(asyncio.DatagramProtocol):
    """Answers each request with 200."""

    def __init__(self, host: str, placed: Placed) -> None:
        self._host = host
        self._placed = placed
        self._seen: set[str] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        text = data.decode("utf-8", "replace")
        if text.startswith(("ACK", "SIP/2.0")):
            return
        call = _one(text, "Call-ID")
        if text.startswith("INVITE") and call not in self._seen:
            self._seen.add(call)
            self._placed.by_route.append(self._host)
        to = _one(text, "To")
        lines = [
            "SIP/2.0 200 OK",
            *(
                line
                for line in text.split("\r\n")
                if re.match("(?i)(via|record-route|from|call-id|cseq):", line)
            ),
            f"To: {to if 'tag=' in to else f'{to};tag=callee'}",
            f"Contact: <sip:callee@{self._host}:5060>",
            "Content-Length: 0",
            "",
            "",
        ]
        self._transport.sendto("\r\n".join(lines).encode(), addr)


class _Calling(asyncio.DatagramProtocol):
    """Places calls, and hangs each up when it is answered."""

    def __init__(self) -> None:
        self._answers: dict[str, asyncio.Future[str]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        text = data.decode("utf-8", "replace")
        future = self._answers.get(_one(text, "Call-ID"))
        final = re.match("SIP/2.0 [2-6]", text) and "INVITE" in _one(text, "CSeq")
        if final and future is not None and not future.done():
            future.set_result(text)

    async def call(self, call: str, door: Address, uri: str, here: str) -> bool:
        """Whether a call that is placed at a door is answered."""
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answers[call] = future
        to = f"<{uri.replace('HOST', door[0])}>"
        self._send(f"INVITE {to[1:-1]}", call, here, to, 1, (), door)
        try:
            answer = await asyncio.wait_for(future, SILENT)
        except TimeoutError:
            return False
        finally:
            del self._answers[call]
        if not answer.startswith("SIP/2.0 200"):
            return False
        routes = tuple(f"Route: {one}" for one in reversed(_all(answer, "Record-Route")))
        contact = _one(answer, "Contact").strip("<>")
        for number, method in ((1, "ACK"), (2, "BYE")):
            self._send(f"{method} {contact}", call, here, _one(answer, "To"), number, routes, door)
        return True

    def _send(
        self,
        line: str,
        call: str,
        here: str,
        to: str,
        number: int,
        lines: tuple[str, ...],
        door: Address,
    ) -> None:
        method = line.split(" ")[0]
        fields = [
            f"{line} SIP/2.0",
            f"Via: SIP/2.0/UDP {here}:5060;branch=z9hG4bK-{call}-{method};rport",
            f"From: <sip:caller@{here}>;tag={call}",
            f"To: {to}",
            f"Call-ID: {call}",
            f"CSeq: {number} {method}",
            "Max-Forwards: 70",
            f"Contact: <sip:{here}:5060>",
            *lines,
            "Content-Length: 0",
            "",
            "",
        ]
        self._transport.sendto("\r\n".join(fields).encode(), door)


def _all(text: str, name: str) -> list[str]:
    return re.findall(rf"(?im)^{name}: *([^\r\n]*)", text)


def _one(text: str, name: str) -> str:
    return next(iter(_all(text, name)), "")
