"""A caller and a callee on real sockets, for a `sipfo run` that is another process."""

from __future__ import annotations

import socket
from typing import Self

from cli.running import Running
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.message import Request, Response, parse, serialize

LIMIT = 20.0


class Phone:
    """One party of the block, at its port 5060."""

    def __init__(self, running: Running, name: str) -> None:
        self.host = running.block.of(name)
        self.us = running.block.of("sipfo")
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(LIMIT)
        self.socket.bind((self.host, 5060))
        self.to = ""
        self.target = f"sip:+13125550123@{self.us}"
        """The Request-URI of what it says."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def say(self, method: str, number: int, call: str = "one") -> None:
        """Send a request of a caller, in its dialog if it has one."""
        lines = [
            f"{method} {self.target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.host}:5060;branch=z9hG4bK{call}{method}{number};rport",
            f"From: <sip:a@{self.host}>;tag=1",
            f"To: <sip:b@{self.us}>{self.to}",
            f"Call-ID: {call}",
            f"CSeq: {number} {method}",
            "Max-Forwards: 70",
            f"Contact: <sip:a@{self.host}:5060>",
            "Content-Length: 0",
        ]
        self.socket.sendto("\r\n".join([*lines, "", ""]).encode(), (self.us, 5060))

    def answer(self, request: Request, status: int) -> None:
        """Answer the request that was heard last."""
        response = make_response(request, status, to_tag=b"callee" if status > 100 else None)
        response.headers.add(b"contact", f"<sip:{self.host}>".encode())
        self.socket.sendto(serialize(response), self._source)

    def request(self, method: str) -> Request:
        """The next request of a method."""
        while True:
            found = self._hear()
            if isinstance(found, Request) and found.method == method:
                return found

    def final(self, method: str) -> Response:
        """The next final response to a request of a method."""
        while True:
            found = self._hear()
            if isinstance(found, Response) and found.status >= 200 and found.cseq.method == method:
                return found

    def _hear(self) -> Request | Response:
        data, self._source = self.socket.recvfrom(65535)
        return parse(data)


def call(caller: Phone, callee: Phone) -> None:
    """Place a call and have it answered."""
    caller.say("INVITE", 1)
    callee.answer(callee.request("INVITE"), 200)
    caller.to = f";tag={(caller.final('INVITE').to.tag or b'').decode()}"
    caller.say("ACK", 1)
    callee.request("ACK")


def talk_and_end(caller: Phone, callee: Phone, number: int = 2) -> None:
    """A re-INVITE of this CSeq and a BYE, through whoever is there."""
    caller.say("INVITE", number)
    callee.answer(callee.request("INVITE"), 200)
    assert caller.final("INVITE").status == 200
    caller.say("ACK", number)
    callee.request("ACK")
    caller.say("BYE", number + 1)
    assert caller.final("BYE").status == 200
    callee.answer(callee.request("BYE"), 200)
