"""Packets to what was said: SIP messages over UDP and TCP, and refusals, in order.

What is inside TLS cannot be read from outside: whoever speaks it tells (`say`). Pure but for that:
times are given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sipfo.runtime.sip.framing import Stream
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response, parse
from sipfo.verify.lab.wire.packet import Address, Datagram, Packet, Segment, Unreachable

Transport = Literal["udp", "tcp", "tls"]


@dataclass(frozen=True, slots=True)
class Said:
    """A message on its way from `source` to `destination`, `at` seconds by the wall clock."""

    at: float
    transport: str
    source: Address
    destination: Address
    message: Request | Response


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing took what `source` sent to `destination`: an ICMP error, or a TCP reset."""

    at: float
    transport: str
    source: Address
    destination: Address


Event = Said | Refused


class Ear:
    """Everything that was said since `clear`; `bad` counts what looked like SIP and was not."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.bad = 0
        self._streams: dict[tuple[Address, Address], _Flow] = {}

    def clear(self) -> None:
        """Forget what was said. Connections go on."""
        self.events.clear()
        self.bad = 0

    def hear(self, at: float, packet: Packet) -> None:
        """Take one packet."""
        match packet:
            case Datagram(source, destination, payload):
                self.say(at, "udp", source, destination, payload)
            case Unreachable(source, destination):
                self.events.append(Refused(at, "udp", source, destination))
            case Segment():
                self._segment(at, packet)

    def say(
        self, at: float, transport: str, source: Address, destination: Address, data: bytes
    ) -> None:
        """Take one whole message; what does not even look like SIP is not for us."""
        if b"SIP/2.0" not in data[: data.find(b"\r\n") if b"\r\n" in data else 0]:
            return
        try:
            message = parse(data)
            _ = message.via, message.cseq
        except Malformed:
            self.bad += 1
            return
        self.events.append(Said(at, transport, source, destination, message))

    def _segment(self, at: float, segment: Segment) -> None:
        way = (segment.source, segment.destination)
        if segment.resets:
            self._streams.pop(way, None)
            self._streams.pop(way[::-1], None)
            self.events.append(Refused(at, "tcp", segment.destination, segment.source))
            return
        if segment.opens:
            self._streams[way] = _Flow(segment.number + 1)
        flow = self._streams.get(way)
        if flow is None or not segment.payload:
            return
        try:
            for message in flow.take(segment.number, segment.payload):
                self.say(at, "tcp", *way, message)
        except Malformed:
            del self._streams[way]  # TLS, or nothing that is SIP


class _Flow:
    """One direction of a connection. Loopback keeps the order; what is sent again is dropped."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._stream = Stream()

    def take(self, number: int, payload: bytes) -> list[bytes]:
        new = (self._expected - number) % 2**32  # how much of it is known already
        if new >= len(payload):
            return []
        payload = payload[new:]
        self._expected = (self._expected + len(payload)) % 2**32
        return [one for one in self._stream.feed(payload) if isinstance(one, bytes)]
