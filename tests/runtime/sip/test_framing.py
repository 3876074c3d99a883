"""A stream cut into messages: the same however it arrives, at a cost that grows with its length."""

from __future__ import annotations

from typing import SupportsIndex, overload

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.sip.samples import FIELDS, wire
from sipfo.runtime.sip.framing import Keepalive, Stream
from sipfo.runtime.sip.limits import MAX_BODY, MAX_HEADER_SECTION
from sipfo.runtime.sip.malformed import Malformed

PING = b"\r\n\r\n"
Item = bytes | Keepalive | int


def message(body: bytes = b"", name: bytes = b"Content-Length: ") -> bytes:
    return wire(*FIELDS, name + b"%d" % len(body)) + body


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """The data in pieces of these sizes, and the rest."""
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


def heard(pieces: list[bytes]) -> list[Item]:
    """What a connection hears of these pieces; a status last when it must be closed."""
    stream = Stream()
    found: list[Item] = []
    try:
        for piece in [*pieces, b"", b""]:
            found += stream.feed(piece)
    except Malformed as error:
        found.append(error.status)
    return found


parts = st.sampled_from(
    [
        *(
            message(),
            message(b"v=0\r\n"),
            message(b"\r\n\r\nBYE", b"l:\r\n\t"),
            message(b"x" * 300),
        ),
        *(message(b"ab", b"CONTENT-LENGTH \t:  "), PING, b"\r\n"),
    ]
)
bad_ends = st.sampled_from(
    [b"", b"rubbish", b"rubbish\r\n\r\n", wire(*FIELDS), wire(b"l: 1", b"l: 2"), b"x" * 17_000]
)
sizes = st.lists(st.integers(0, 400), max_size=30)


@given(st.lists(parts, max_size=6).map(b"".join), bad_ends, sizes)
def test_any_chunking_is_heard_as_one_shot(good: bytes, end: bytes, sizes: list[int]) -> None:
    """CRLFs may be told apart differently only where nothing has come after them yet."""
    assert heard(cut(good + end, sizes)) == heard([good + end])


@pytest.mark.parametrize("body", [b"", b"v=0\r\n", b"\r\n\r\n\r\n", b"x" * MAX_BODY])
def test_a_message_is_whole_with_its_body(body: bytes) -> None:
    assert heard([message(body) * 2]) == [message(body)] * 2


def test_byte_by_byte_is_the_same() -> None:
    data = message(b"ab") + PING + message()
    assert heard([bytes([octet]) for octet in data]) == [message(b"ab"), Keepalive.PING, message()]


def test_a_half_message_waits() -> None:
    stream = Stream()
    assert stream.feed(message(b"abc")[:-1]) == []
    assert stream.feed(b"c") == [message(b"abc")]


def test_a_ping_is_told_and_a_single_crlf_is_not() -> None:
    assert heard([PING]) == [Keepalive.PING]
    assert heard([b"\r\n" + message()]) == [message()]
    assert heard([b"\r", b"\n", b"\r", b"\n"]) == [Keepalive.PING]
    assert heard([PING * 500]) == [Keepalive.PING] * 500


@pytest.mark.parametrize(
    "length",
    [
        b"Content-Length: -1",
        b"Content-Length: -999",
        b"Content-Length: +1",
        b"Content-Length: 1_0",
        b"Content-Length: 0x10",
        b"Content-Length: 99999999999",
        b"Content-Length:",
        b"Content-Length: 5\r\n 7",
        b"X-Content-Length: 1",
        b"Subject: x\r\n Content-Length: 1",
        b"Content-Length: 1\r\nl: 2",
    ],
)
def test_without_one_content_length_the_end_cannot_be_known(length: bytes) -> None:
    assert heard([wire(*FIELDS, length) + b"ab"]) == [400]


def test_the_same_length_twice_is_for_the_parser_to_refuse() -> None:
    data = wire(*FIELDS, b"Content-Length: 2", b"l: 2") + b"ab"
    assert heard([data]) == [data]


@pytest.mark.parametrize("length", [MAX_BODY + 1, 2147483647, 9999999999])
def test_too_large_a_body_is_not_waited_for(length: int) -> None:
    assert heard([wire(*FIELDS, b"Content-Length: %d" % length)]) == [513]


def test_too_large_a_header_section_is_not_waited_for() -> None:
    assert heard([b"x" * (MAX_HEADER_SECTION + 4)]) == [513]


@pytest.mark.parametrize(("extra", "heard_as"), [(0, None), (1, 513)])
@pytest.mark.parametrize("last", range(1, 6))
def test_the_limit_is_the_same_in_any_chunking(extra: int, heard_as: int | None, last: int) -> None:
    start = b"INVITE sip:b@h SIP/2.0\r\nl: 0\r\nX: "
    data = start + b"x" * (MAX_HEADER_SECTION - len(start) + extra) + PING
    assert heard([data[:-last], data[-last:]]) == [heard_as or data]


def test_what_was_whole_before_the_rubbish_is_heard_first() -> None:
    stream = Stream()
    assert stream.feed(message() + wire(b"rubbish")) == [message()]
    with pytest.raises(Malformed):
        stream.feed(b"")


class CountingBuffer(bytearray):
    """Counts the octets that are looked at."""

    looked_at = 0

    def find(self, *args: object) -> int:
        _, start = args
        assert isinstance(start, int)
        self.looked_at += len(self) - start
        return super().find(b"\r\n\r\n", start)

    @overload
    def __getitem__(self, place: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> bytearray: ...
    def __getitem__(self, place: SupportsIndex | slice) -> int | bytearray:
        found = super().__getitem__(place)
        self.looked_at += len(found) if isinstance(found, bytearray) else 1
        return found


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_slow_sender_costs_no_more_than_a_constant_per_octet(size: int) -> None:
    stream = Stream()
    buffer = stream._buffer = CountingBuffer()
    data = wire(*FIELDS, b"X: " + b"x" * 7000, b"Content-Length: 20000") + b"y" * 20000
    found = []
    for place in range(0, len(data), size):
        found += stream.feed(data[place : place + size])
    assert found == [data]
    assert buffer.looked_at < 12 * len(data)
