"""A telephone that registers: one REGISTER, its challenge answered, at the address that it is told.

What would surprise: through an edge it is the edge that sends, with itself in the Path, as a proxy
does that adds itself to a REGISTER (RFC 3327 §5.1); the telephone behind it is nowhere to be seen.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

from sipfo.runtime.sip.cseq import CSeq
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Request, Response, parse, serialize
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.sip.via import MAGIC, Via
from sipfo.runtime.wire import entropy
from sipfo.verify.lab.devices import PORT, Device
from sipfo.verify.lab.line import Line, Tap, open_line
from sipfo.verify.lab.passwords import Proof

EXPIRES: Final = 3600
"""Seconds that a telephone asks to be remembered."""

AGAIN: Final = 0.5
"""Seconds between transmissions."""

LIMIT: Final = 5.0
"""Seconds that an engine has to answer."""


class NotRegistered(RuntimeError):
    """The engine did not take the registration; the message says what it answered."""


class Registration:
    """One telephone's, of the Call-ID and the count that all its requests have."""

    def __init__(
        self,
        device: Device,
        proof: Proof,
        secure: ssl.SSLContext | None = None,
        tap: Tap | None = None,
    ) -> None:
        """`secure` and `tap` are for an engine that is reached over TLS."""
        self._device = device
        self._proof = proof
        self._secure = secure
        self._tap = tap
        self._call_id = entropy.token().encode("ascii")
        self._tag = entropy.token().encode("ascii")
        self._number = 0

    async def begin(self) -> None:
        """Be called from now on. Raises NotRegistered, OSError."""
        # What stands behind a telephone's own address is seen by where it sends from.
        await self._ask(EXPIRES, PORT if self._device.through is None else 0)

    async def end(self) -> None:
        """Be called no more. Raises NotRegistered, OSError."""
        await self._ask(0, 0)

    async def _ask(self, expires: int, port: int) -> None:
        device = self._device
        assert device.at is not None  # who does not register has no Registration
        there = device.at
        here = (device.host if device.through is None else device.through.host, port)
        tls = there.transport == "tls"
        if there.transport != "udp":
            here = (here[0], 0)
        line = await open_line(
            there.transport,
            here,
            (there.host, there.port),
            self._secure if tls else None,
            self._tap if tls else None,
        )
        try:
            request = self._request(line, there.transport, expires)
            response = await _answered(line, request)
            if response.status in (401, 407):
                again = self._proof.answer(request, response, _via(line, there.transport))
                if again is not None:
                    response = await _answered(line, again)
                self._number += 1
        except TimeoutError:
            raise NotRegistered(f"no answer to the REGISTER of {device.user}") from None
        finally:
            line.close()
            await asyncio.sleep(0)  # asyncio closes a socket in the loop's next turn
        if response.status != 200:
            words = f"{response.status} {response.phrase.decode('utf-8', 'replace')}".strip()
            raise NotRegistered(f"the REGISTER of {device.user} was answered {words}")

    def _request(self, line: Line, transport: str, expires: int) -> Request:
        device = self._device
        self._number += 1
        known_as = f"<sip:{device.user}@{device.domain}>"
        headers = Headers()
        headers.add(b"via", _via(line, transport))
        headers.add(b"max-forwards", b"70")
        headers.add(b"from", known_as.encode() + b";tag=" + self._tag)
        headers.add(b"to", known_as.encode())
        headers.add(b"call-id", self._call_id)
        headers.add(b"cseq", CSeq(self._number, "REGISTER").encode())
        headers.add(b"contact", f"<{contact_of(device)}>;expires={expires}".encode())
        headers.add(b"supported", b"path")
        if device.through is not None:
            edge = encode_host(device.through.host, device.through.port)
            headers.add(b"path", f"<sip:{edge};lr>".encode())
        return Request("REGISTER", f"sip:{device.domain}".encode(), headers)


def contact_of(device: Device) -> str:
    """The URI that a telephone is to be asked for at."""
    return f"sip:{device.user}@{encode_host(device.host, PORT)}"


async def _answered(line: Line, request: Request) -> Response:
    """The final response to a request. Raises TimeoutError, OSError."""
    data = serialize(request)
    ends = asyncio.get_running_loop().time() + LIMIT
    async with asyncio.timeout_at(ends):
        while True:
            line.send(data)
            response = await _heard(line, request)
            if response is not None:
                return response


async def _heard(line: Line, request: Request) -> Response | None:
    """The response, or None when it is time to say it again."""
    try:
        async with asyncio.timeout(AGAIN):
            while True:
                message = parse(await line.receive())
                if not isinstance(message, Response) or message.cseq != request.cseq:
                    continue
                if message.status >= 200:
                    return message
    except TimeoutError:
        return None


def _via(line: Line, transport: str) -> bytes:
    branch = MAGIC + entropy.token().encode("ascii")
    return Via(transport, *line.local, ((b"branch", branch), (b"rport", None))).encode()
