"""Packets of a real network to SIP messages and refusals, in the order of the capture.

TCP segments may be lost to the capture, doubled, late or in the middle of a connection. What would
surprise: after a gap a stream begins anew at the next segment that begins as a SIP message does,
because waiting for a segment that was never captured would be waiting for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from sipfo.runtime.sip.framing import Stream
from sipfo.runtime.sip.malformed import Malformed
from sipfo.verify.lab.wire.heard import Ear, Event, Refused
from sipfo.verify.lab.wire.packet import Address, Datagram, Packet, Segment, Unreachable

MOST_STREAMS: Final = 4096
"""Directions of connections that are followed at once: the one not heard for longest is let go."""

MOST_EARLY: Final = 64
"""Segments that are kept while an earlier one is missing."""

_BEGINS: Final = re.compile(
    rb"(?:[A-Z]{2,20} sips?:[^\r\n]* SIP/2\.0|SIP/2\.0 [1-6][0-9]{2}[^\r\n]*)\r\n"
)
_HALF: Final = 2**31

_Timed = tuple[float, bytes]
"""A message or segment, and when its last byte came."""


class Listener:
    """Takes packets in the order of a capture; `events` is what was said, `bad` counts what looked
    like SIP and could not be read, `gaps` what was lost in streams."""

    def __init__(self) -> None:
        self._ear = Ear()
        self.gaps = 0
        self._streams: dict[tuple[Address, Address], _Direction] = {}

    @property
    def events(self) -> list[Event]:
        return self._ear.events

    @property
    def bad(self) -> int:
        return self._ear.bad

    def hear(self, at: float, packet: Packet) -> None:
        """Take one packet."""
        match packet:
            case Datagram(source, destination, payload):
                self._ear.say(at, "udp", source, destination, payload)
            case Unreachable():
                self._ear.hear(at, packet)
            case Segment():
                self._segment(at, packet)

    def finish(self) -> None:
        """The capture is over: what waited for a missing segment waits no more."""
        for way, stream in self._streams.items():
            self._said(way, stream, stream.begin_anew())

    def _segment(self, at: float, segment: Segment) -> None:
        way = (segment.source, segment.destination)
        if segment.resets:
            opened = self._streams.pop(way[::-1], None)
            self._streams.pop(way, None)
            if opened is not None:
                self._ear.events.append(Refused(at, "tcp", segment.destination, segment.source))
            return
        if segment.opens:
            self._streams[way] = _Direction(segment.number + 1)
        elif segment.payload and way not in self._streams:
            self._streams[way] = _Direction(None)
        if not segment.payload:
            return
        stream = self._streams.pop(way)
        self._streams[way] = stream  # the last one heard
        if len(self._streams) > MOST_STREAMS:
            del self._streams[next(iter(self._streams))]
        self._said(way, stream, stream.take(at, segment.number, segment.payload))

    def _said(
        self, way: tuple[Address, Address], stream: _Direction, messages: Iterable[_Timed]
    ) -> None:
        for at, message in messages:
            self._ear.say(at, "tcp", *way, message)
        self.gaps += stream.gaps
        stream.gaps = 0


class _Direction:
    """One direction of a connection; `expected` is None until a message begins."""

    def __init__(self, expected: int | None) -> None:
        self.gaps = 0
        self._expected = expected
        self._stream = Stream()
        self._early: dict[int, _Timed] = {}

    def take(self, at: float, number: int, payload: bytes) -> list[_Timed]:
        """The messages that are whole with this segment."""
        if self._expected is None:
            if _BEGINS.match(payload) is None:
                return []
            self._expected = number
        if 0 < (number - self._expected) % 2**32 < _HALF:
            self._early[number] = (at, payload)
            return self.begin_anew() if len(self._early) > MOST_EARLY else []
        found = self._feed(at, number, payload)
        while (ready := self._ready()) is not None:
            found += self._feed(self._early[ready][0], ready, self._early.pop(ready)[1])
        return found

    def begin_anew(self) -> list[_Timed]:
        """What was missing was never captured: go on with what came after it."""
        if not self._early:
            return []
        early = sorted(self._early.items())
        self._lose()
        found: list[_Timed] = []
        for number, (at, payload) in early:
            found += self.take(at, number, payload)
        return found

    def _ready(self) -> int | None:
        """An early segment that is early no more."""
        expected = self._expected
        if expected is None:
            return None
        return next((one for one in self._early if (expected - one) % 2**32 < _HALF), None)

    def _feed(self, at: float, number: int, payload: bytes) -> list[_Timed]:
        assert self._expected is not None  # looked at by `take`
        known = (self._expected - number) % 2**32
        if known >= len(payload):
            return []
        new = payload[known:]
        self._expected = (self._expected + len(new)) % 2**32
        try:
            return [(at, one) for one in self._stream.feed(new) if isinstance(one, bytes)]
        except Malformed:  # TLS, or nothing that is SIP
            self._lose()
            return []

    def _lose(self) -> None:
        self.gaps += 1
        self._stream, self._expected, self._early = Stream(), None, {}
