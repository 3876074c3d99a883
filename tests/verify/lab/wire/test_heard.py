"""Packets become messages, whatever way they come in pieces, and refusals."""

from __future__ import annotations

import pytest

from sipfo.verify.lab.wire.heard import Ear, Refused, Said
from sipfo.verify.lab.wire.packet import Datagram, Segment, Unreachable
from verify.lab.wire.frames import ACK, PSH, RST, SYN
from verify.lab.wire.messages import EAST, PRIMARY, request, response

INVITE = request("INVITE", "z9hG4bKa")
THERE = (("192.76.120.10", 40001), EAST)


def heard(ear: Ear) -> list[str]:
    return [
        getattr(one.message, "method", "") or str(getattr(one.message, "status", ""))
        if isinstance(one, Said)
        else "refused"
        for one in ear.events
    ]


def test_a_datagram_is_a_message() -> None:
    ear = Ear()
    ear.hear(1.5, Datagram(PRIMARY, EAST, INVITE))
    (one,) = ear.events
    assert isinstance(one, Said)
    assert (one.at, one.transport, one.source, one.destination) == (1.5, "udp", PRIMARY, EAST)


def test_what_is_no_sip_is_not_heard_and_what_only_looks_so_is_counted() -> None:
    ear = Ear()
    for payload in (b"", b"\r\n\r\n", b"\x12\x34\x01\x00"):
        ear.hear(0.0, Datagram(PRIMARY, EAST, payload))
    assert (ear.events, ear.bad) == ([], 0)
    ear.hear(0.0, Datagram(PRIMARY, EAST, b"INVITE sip:x SIP/2.0\r\nVia: what\r\n\r\n"))
    assert (ear.events, ear.bad) == ([], 1)


def test_a_port_that_nobody_has_refuses() -> None:
    ear = Ear()
    ear.hear(2.0, Unreachable(PRIMARY, EAST))
    assert ear.events == [Refused(2.0, "udp", PRIMARY, EAST)]


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
@pytest.mark.parametrize("first", [0, 2**32 - 20])
def test_a_stream_is_put_together(size: int, first: int) -> None:
    ear = Ear()
    ear.hear(0.0, Segment(*THERE, first, SYN, b""))
    data = INVITE + request("ACK", "z9hG4bKa")
    for start in range(0, len(data), size):
        number = (first + 1 + start) % 2**32
        piece = Segment(*THERE, number, ACK | PSH, data[start : start + size])
        ear.hear(1.0, piece)
        ear.hear(1.1, piece)  # sent again
    assert heard(ear) == ["INVITE", "ACK"]


def test_each_direction_is_a_stream_of_its_own() -> None:
    ear = Ear()
    ear.hear(0.0, Segment(*THERE, 0, SYN, b""))
    ear.hear(0.0, Segment(*THERE[::-1], 900, SYN | ACK, b""))
    ear.hear(0.1, Segment(*THERE, 1, ACK, INVITE))
    ear.hear(0.2, Segment(*THERE[::-1], 901, ACK, response(503, "z9hG4bKa")))
    assert heard(ear) == ["INVITE", "503"]


def test_a_reset_is_the_refusal_of_who_opened() -> None:
    ear = Ear()
    ear.hear(0.0, Segment(*THERE, 0, SYN, b""))
    ear.hear(0.1, Segment(*THERE[::-1], 0, RST | ACK, b""))
    assert ear.events == [Refused(0.1, "tcp", *THERE)]


def test_what_nobody_can_read_is_dropped_and_what_comes_after_is_heard() -> None:
    ear = Ear()
    ear.hear(0.0, Segment(*THERE, 0, SYN, b""))
    ear.hear(0.1, Segment(*THERE, 1, ACK, b"\x16\x03\x01" + b"z" * 70_000))
    ear.hear(0.2, Segment(*THERE, 0, SYN, b""))
    ear.hear(0.3, Segment(*THERE, 1, ACK, INVITE))
    assert heard(ear) == ["INVITE"]


def test_who_speaks_tls_tells() -> None:
    ear = Ear()
    ear.say(0.1, "tls", *THERE, INVITE)
    assert [one.transport for one in ear.events] == ["tls"]
    ear.clear()
    assert ear.events == []
