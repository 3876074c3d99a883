"""Calls over loopback by a script: a caller that remembers what it was told and when, two callees.

The last digit of a call's number says what becomes of it. What would surprise: it is one loop
without threads, so that a moment which it notes is never earlier than what it is the moment of.
"""

from __future__ import annotations

import heapq
import re
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.message import Request, Response, parse, serialize
from sipp.addresses import PORT, Block

BUSY, FAILS_OVER = (0, 5), (1, 6)
"""Last digits: refused 486 by the first callee; answered by the second one. All others are answered
by the first."""

TALK = 0.2
"""Seconds after which the caller of an even number hangs up; others stay on the line."""

_DIGIT = re.compile(rb"sip:\+1312555[0-9]*([0-9])@")


@dataclass
class Heard:
    """What the caller knows of one call: its result, and the answer to its BYE; Unix seconds."""

    code: int
    at: float
    hung_up_at: float | None = None


class Load:
    """The parties of a block of addresses, and the calls between them."""

    def __init__(self, block: Block, run: str) -> None:
        """`run` keeps the Call-IDs of one load apart from another's."""
        self.heard: dict[str, Heard] = {}
        self._run = run
        self._block = block
        self._numbers = count(1)
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._selector = selectors.DefaultSelector()
        self._caller = self._bind("caller", self._at_caller)
        self._bind("east", self._at_east)
        self._bind("west", self._at_west)

    def close(self) -> None:
        """Let the addresses go."""
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fileobj)
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()

    def run(self, seconds: float, per_second: float, beside: Callable[[], None]) -> None:
        """Place calls for so long; `beside` is called ten times a second."""
        end = time.monotonic() + seconds
        self._repeat(1 / per_second, self._invite)
        self._repeat(0.1, beside)
        while (now := time.monotonic()) < end:
            due = self._later[0][0]
            for key, _ in self._selector.select(max(0.0, min(due, end) - now)):
                self._receive(key)
            while self._later[0][0] <= time.monotonic():
                heapq.heappop(self._later)[2]()

    def _bind(self, name: str, work: Callable[[Request | Response], None]) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((self._block.of(name), PORT))
        made.setblocking(False)
        self._selector.register(made, selectors.EVENT_READ, work)
        return made

    def _receive(self, key: selectors.SelectorKey) -> None:
        assert isinstance(key.fileobj, socket.socket)
        try:
            data, self._source = key.fileobj.recvfrom(65535)
        except (BlockingIOError, ConnectionRefusedError):
            return
        self._answering = key.fileobj
        key.data(parse(data))

    def _after(self, seconds: float, work: Callable[[], None]) -> None:
        heapq.heappush(self._later, (time.monotonic() + seconds, next(self._order), work))

    def _repeat(self, seconds: float, work: Callable[[], None]) -> None:
        def again() -> None:
            self._after(seconds, again)
            work()

        self._after(seconds, again)

    def _invite(self) -> None:
        number = next(self._numbers)
        caller, sipfo = self._block.of("caller"), self._block.of("sipfo")
        text = (
            f"INVITE sip:+1312555{number:04}@{sipfo} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {caller};branch=z9hG4bK{self._run}i{number};rport\r\n"
            f"From: <sip:ann@{caller}>;tag={number}\r\n"
            f"To: <sip:+1312555{number:04}@{sipfo}>\r\n"
            f"Call-ID: {self._run}-{number}\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
            f"Contact: <sip:ann@{caller}>\r\nContent-Length: 0\r\n\r\n"
        )
        self._caller.sendto(text.encode(), (sipfo, PORT))

    def _within(self, method: str, response: Response) -> None:
        """ACK or BYE in the dialog of a response."""
        caller = self._block.of("caller")
        cseq = 1 if method == "ACK" else 2
        of_invite = method == "ACK" and response.status >= 300
        via = response.headers.lines(b"via")[0].decode()
        contact = response.contact
        uri = contact.uri.decode() if contact is not None else f"sip:{self._block.of('sipfo')}"
        fresh = f"SIP/2.0/UDP {caller};branch=z9hG4bK{method}{response.call_id.decode()};rport"
        text = (
            f"{method} {uri} SIP/2.0\r\nVia: {via if of_invite else fresh}\r\n"
            f"From: {response.from_.encode().decode()}\r\nTo: {response.to.encode().decode()}\r\n"
            f"Call-ID: {response.call_id.decode()}\r\nCSeq: {cseq} {method}\r\n"
            "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
        self._caller.sendto(text.encode(), (self._block.of("sipfo"), PORT))

    def _at_caller(self, message: Request | Response) -> None:
        if not isinstance(message, Response) or message.status < 200:
            return
        now, call = time.time(), message.call_id.decode()
        if message.cseq.method == "BYE":
            if call in self.heard and message.status == 200:
                self.heard[call].hung_up_at = now
            return
        self._within("ACK", message)
        if call in self.heard:
            return
        self.heard[call] = Heard(message.status, now)
        if message.status < 300 and int(call[-1]) % 2 == 0:
            self._after(TALK, lambda: self._within("BYE", message))

    def _at_east(self, message: Request | Response) -> None:
        found = _DIGIT.match(message.uri) if isinstance(message, Request) else None
        digit = int(found[1]) if found is not None else -1
        self._reply(message, 486 if digit in BUSY else 503 if digit in FAILS_OVER else 200)

    def _at_west(self, message: Request | Response) -> None:
        self._reply(message, 200)

    def _reply(self, message: Request | Response, status: int) -> None:
        if not isinstance(message, Request) or message.method == "ACK":
            return
        response = make_response(message, status if message.method == "INVITE" else 200)
        if message.to.tag is None:
            response = make_response(message, status, to_tag=b"callee")
            host = self._answering.getsockname()[0]
            response.headers.add(b"contact", f"<sip:{host}>".encode())
        self._answering.sendto(serialize(response), self._source)
