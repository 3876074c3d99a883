"""A scripted caller: one INVITE, what came back, and a proper end to it.

It acknowledges every final response, hangs up after an answer, and gives up when the scenario
says so, though never before a provisional (RFC 3261 §9.1).
"""

from __future__ import annotations

import asyncio
import ssl
import uuid
from dataclasses import dataclass
from ipaddress import ip_address

from sipfo.runtime.locate import default_port
from sipfo.runtime.sip.address import parse_address
from sipfo.runtime.sip.build import make_ack, make_cancel, make_response
from sipfo.runtime.sip.cseq import CSeq
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Request, Response, parse, serialize
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.sip.uri import parse_uri
from sipfo.runtime.sip.via import MAGIC, Via
from sipfo.verify.lab.line import Address, Line, Tap, open_line
from sipfo.verify.lab.passwords import Proof
from sipfo.verify.lab.session import CALLER, CONTENT_TYPE, describe, session_name

T1 = 0.5
T2 = 4.0
ANSWER_LIMIT = 5.0
"""Seconds that the response to a BYE may take."""


class NoResult(TimeoutError):
    """The call got no final response in the time that it may take at most."""


@dataclass(frozen=True, slots=True)
class Received:
    """What reached the caller: provisionals, the final status, who the answer's session is from,
    the seconds from the INVITE to the final response, and its To tag."""

    provisionals: tuple[int, ...]
    status: int
    session: str | None
    elapsed: float
    tag: bytes | None = None


class Caller:
    """A caller at one address, for one call."""

    def __init__(
        self,
        transport: str,
        host: str,
        server: Address,
        secure: ssl.SSLContext | None = None,
        proof: Proof | None = None,
        tap: Tap | None = None,
    ) -> None:
        """`secure` is the context of a caller over TLS, `tap` is told what it says and hears;
        `proof` answers the first challenge."""
        self._tap = tap
        self._proof = proof
        self._transport = transport
        self._host = host
        self._server = server
        self._secure = secure
        self._loop = asyncio.get_running_loop()

    async def call(self, number: str, cancel_after: float | None, limit: float) -> Received:
        """Place the call and see it through. Raises NoResult after `limit` seconds, OSError."""
        line = await self._line_to(self._transport, self._server)
        try:
            async with asyncio.timeout(limit):
                return await self._see_through(line, self._invite(line, number), cancel_after)
        except TimeoutError:
            raise NoResult(f"no final response within {limit:.1f} s") from None
        finally:
            line.close()

    async def _see_through(
        self, line: Line, invite: Request, cancel_after: float | None
    ) -> Received:
        began = self._loop.time()
        gives_up = None if cancel_after is None else began + cancel_after
        again, interval = began + T1, T1
        provisionals: list[int] = []
        line.send(serialize(invite))
        while True:
            wakes = [] if gives_up is None else [gives_up]
            if not provisionals and self._transport == "udp":
                wakes.append(again)
            response = await self._response(line, "INVITE", min(wakes, default=None))
            now = self._loop.time()
            proven = self._prove(line, invite, response)
            if proven is not None:
                invite, again, interval = proven, now + T1, T1
                continue
            if response is not None and response.status >= 200:
                break
            if response is not None:
                provisionals.append(response.status)
            if gives_up is not None and now >= gives_up and provisionals:
                line.send(serialize(make_cancel(invite)))
                gives_up = None
            elif not provisionals and now >= again:
                line.send(serialize(invite))  # Timer A (RFC 3261 §17.1.1.2)
                interval *= 2
                again = now + interval
                if gives_up is not None:
                    gives_up = max(gives_up, again)
        received = Received(
            tuple(provisionals),
            response.status,
            session_name(response.body),
            now - began,
            response.to.tag,
        )
        if response.status < 300:
            await self._hang_up(line, invite, response)
        else:
            line.send(serialize(make_ack(invite, response)))
        return received

    def _prove(self, line: Line, invite: Request, response: Response | None) -> Request | None:
        """Answer a challenge, once: acknowledge it and send the INVITE that it asks for."""
        if response is None or response.status not in (401, 407) or self._proof is None:
            return None
        again = self._proof.answer(invite, response, self._via(line))
        self._proof = None
        if again is not None:
            line.send(serialize(make_ack(invite, response)))
            line.send(serialize(again))
        return again

    async def _line_to(self, transport: str, server: Address) -> Line:
        secure, tap = (self._secure, self._tap) if transport == "tls" else (None, None)
        return await open_line(transport, (self._host, 0), server, secure, tap)

    async def _hang_up(self, line: Line, invite: Request, answer: Response) -> None:
        """Acknowledge the answer and end the call, on the way that the INVITE took: to whoever
        wants to stay on it, else to the Contact (RFC 3261 §12.2.1.1)."""
        hop = _next_hop(answer)
        if hop is None or hop == (self._transport, self._server):
            await self._end(line, invite, answer)
            return
        other = await self._line_to(*hop)
        try:
            await self._end(other, invite, answer)
        finally:
            other.close()

    async def _end(self, line: Line, invite: Request, answer: Response) -> None:
        line.send(serialize(self._within(line, invite, answer, "ACK")))
        bye = serialize(self._within(line, invite, answer, "BYE"))
        ends, interval = self._loop.time() + ANSWER_LIMIT, T1
        while self._loop.time() < ends:
            line.send(bye)
            if await self._response(line, "BYE", self._loop.time() + interval) is not None:
                return
            interval = min(2 * interval, T2)
        raise NoResult(f"no response to BYE within {ANSWER_LIMIT:.1f} s")

    async def _response(self, line: Line, method: str, until: float | None) -> Response | None:
        """The next response to a method; None at `until`. Requests are agreed to and dropped."""
        try:
            async with asyncio.timeout_at(until):
                while True:
                    message = parse(await line.receive())
                    if isinstance(message, Response):
                        if message.cseq.method == method:
                            return message
                    elif message.method != "ACK":
                        line.send(serialize(make_response(message, 200)))
        except TimeoutError:
            return None

    def _invite(self, line: Line, number: str) -> Request:
        headers = Headers()
        server = encode_host(*self._server)
        headers.add(b"via", self._via(line))
        headers.add(b"max-forwards", b"70")
        headers.add(
            b"from", f"<sip:{CALLER}@{encode_host(self._host, None)}>;tag={_token()}".encode()
        )
        headers.add(b"to", f"<sip:{number}@{server}>".encode())
        headers.add(b"call-id", _token().encode())
        headers.add(b"cseq", CSeq(1, "INVITE").encode())
        headers.add(
            b"contact", f"<sip:{encode_host(*line.local)};transport={self._transport}>".encode()
        )
        headers.add(b"content-type", CONTENT_TYPE)
        return Request(
            "INVITE", f"sip:{number}@{server}".encode(), headers, describe(CALLER, self._host)
        )

    def _within(self, line: Line, invite: Request, answer: Response, method: str) -> Request:
        """A request of the dialog that the answer made (RFC 3261 §12.2.1.1)."""
        headers = Headers()
        headers.add(b"via", self._via(line))
        headers.add(b"max-forwards", b"70")
        headers.add(b"from", invite.from_.encode())
        headers.add(b"to", answer.to.encode())
        headers.add(b"call-id", invite.call_id)
        number = invite.cseq.number + (method != "ACK")
        headers.add(b"cseq", CSeq(number, method).encode())
        for route in _route_set(answer):
            headers.add(b"route", route)
        target = answer.contact.uri if answer.contact is not None else invite.uri
        return Request(method, target, headers)

    def _via(self, line: Line) -> bytes:
        return Via(
            self._transport, *line.local, ((b"branch", MAGIC + _token().encode()), (b"rport", None))
        ).encode()


def _route_set(answer: Response) -> list[bytes]:
    """Who wants to stay on the way, nearest first (RFC 3261 §12.1.2)."""
    return answer.headers.all(b"record-route")[::-1]


def _next_hop(answer: Response) -> tuple[str, Address] | None:
    """By which transport to which address a request of the dialog goes; None where the answer does not say by an address."""
    routes = _route_set(answer)
    if not routes and answer.contact is None:
        return None
    target = routes[0] if routes else answer.headers.all(b"contact")[0]
    uri = parse_uri(parse_address(target).uri)
    try:
        ip_address(uri.host)
    except ValueError:
        return None
    transport = uri.param("transport") or "udp"
    return transport, (uri.host, uri.port or default_port(transport))


def _token() -> str:
    return uuid.uuid4().hex
