"""Sockets that share an address: whose a datagram is, by the program and by the kernel itself."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from struct import Struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sipfo.runtime.steering import MOST_ENGINES, Marks
from sipfo.runtime.wire.spread import CannotSpread, Spread, program
from sipfo.runtime.wire.udp import bound

HOST = f"127.{64 + os.getpid() % 64}.{os.getpid() // 64 % 250}.41"
GENERATION = "g7x2"
MARKS = Marks(GENERATION)
INSTRUCTION = Struct("=HBBI")

METHODS = (
    "ACK",
    "BYE",
    "INFO",
    "INVITE",
    "MESSAGE",
    "NOTIFY",
    "OPTIONS",
    "PRACK",
    "REFER",
    "UPDATE",
)
PHRASES = ("", "OK", "Trying", "Session Progress", "Call/Transaction Does Not Exist")


def run(instructions: bytes, data: bytes) -> int:
    """What the kernel would make of it (Linux, networking/filter: the classic machine)."""
    lines = list(INSTRUCTION.iter_unpack(instructions))
    accumulator = at = 0
    while True:
        code, if_true, if_false, value = lines[at]
        at += 1
        if code in (0x20, 0x30):
            size = 4 if code == 0x20 else 1
            if value + size > len(data):
                return 0
            accumulator = int.from_bytes(data[value : value + size], "big")
        elif code == 0x05:
            at += value
        elif code in (0x15, 0x35):
            at += (
                if_true
                if (accumulator == value if code == 0x15 else accumulator >= value)
                else if_false
            )
        elif code == 0x14:
            accumulator = (accumulator - value) % 2**32
        elif code == 0x06:
            return int(value)
        else:
            assert code == 0x16
            return accumulator


def response(phrase: str, address: str, branch: str) -> bytes:
    via = f"Via: SIP/2.0/UDP {address};branch=z9hG4bK{branch};rport=5060"
    return f"SIP/2.0 200 {phrase}\r\n{via}\r\nCall-ID: a\r\n\r\n".encode()


def request(method: str, scheme: str, user: str) -> bytes:
    return f"{method} {scheme}:{user}@192.0.2.10 SIP/2.0\r\nCall-ID: a\r\n\r\n".encode()


@pytest.mark.parametrize(
    "address", ["192.0.2.10:5060", "[2001:db8::10]:5060", "127.255.255.255:65535"]
)
@pytest.mark.parametrize("number", [1, 9, 10, MOST_ENGINES])
def test_the_number_in_a_mark_is_found(address: str, number: int) -> None:
    lines = program(GENERATION, address)
    mark = MARKS.of(number)
    for phrase in PHRASES:
        assert run(lines, response(phrase, address, mark + "0f" * 8)) == number, phrase
    for method in METHODS:
        assert run(lines, request(method, "sip", mark)) == number, method
        assert run(lines, request(method, "sips", mark)) == number, method


@given(st.binary(max_size=1500))
@example(GENERATION.encode())
@example(b"x" * 8 + GENERATION.encode())
def test_whatever_else_comes_is_the_servers(data: bytes) -> None:
    if GENERATION.encode() not in data or len(data) < 13:
        assert run(program(GENERATION, "192.0.2.10:5060"), data) == 0


@given(st.sampled_from(METHODS), st.text("0123456789abcdefghijklmnopqrstuvwxyz", min_size=5))
def test_another_servers_mark_is_none_of_ours(method: str, user: str) -> None:
    if GENERATION not in user:
        assert run(program(GENERATION, "192.0.2.10:5060"), request(method, "sip", user)) == 0


def test_it_is_short_enough_for_every_kernel() -> None:
    """What it becomes must fit `net.core.optmem_max`, 20,480 bytes before Linux 6.9; a load takes
    some ten of the kernel's own instructions, each of eight bytes."""
    assert len(program(GENERATION, "192.0.2.10:5060")) // INSTRUCTION.size < 20_480 // 80


@pytest.fixture
def told() -> list[bool]:
    return []


@pytest.fixture
def spread(told: list[bool]) -> Iterator[Spread]:
    made = Spread(HOST, 5060, 2, GENERATION, told.append)
    with made.own:
        yield made
        made.close()


def where(spread: Spread, data: bytes) -> int:
    """Which of the sockets takes a datagram: 0 is the server's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(data, (HOST, 5060))
    found = []
    for number, one in enumerate([spread.own, *spread.others]):
        try:
            assert one.recv(65535) == data
        except BlockingIOError:
            continue
        found.append(number)
    (only,) = found
    return only


def test_the_kernel_gives_each_worker_its_own(spread: Spread, told: list[bool]) -> None:
    address = f"{HOST}:5060"
    for _ in range(10):  # from another port each time, which would change a choice by its hash
        for number in (1, 2):
            assert where(spread, response("OK", address, MARKS.of(number) + "00")) == number
            assert where(spread, request("BYE", "sip", MARKS.of(number))) == number
        assert where(spread, request("INVITE", "sip", "+13125550123")) == 0
        assert where(spread, b"\r\n\r\n") == 0
    spread.gather()
    assert where(spread, request("BYE", "sip", MARKS.of(2))) == 0
    assert told == [True]
    spread.part()
    assert where(spread, request("BYE", "sip", MARKS.of(2))) == 2
    assert told == [True, False]


def test_a_worker_that_is_gone_leaves_its_place(spread: Spread) -> None:
    """Its own descriptor is closed with it; the server's stays, and what comes waits in it."""
    with socket.socket(fileno=os.dup(spread.others[0].fileno())):
        pass
    assert where(spread, request("BYE", "sip", MARKS.of(1))) == 1


def test_an_address_that_is_taken_is_not_shared(spread: Spread) -> None:
    for make in (lambda: Spread(HOST, 5060, 2, GENERATION, print), lambda: bound(HOST, 5060)):
        with pytest.raises(OSError) as raised:
            make()
        assert raised.value.errno == errno.EADDRINUSE


def test_nothing_is_bound_when_the_kernel_takes_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "sipfo.runtime.wire.spread.program", lambda *_: INSTRUCTION.pack(0xFFFF, 0, 0, 0)
    )
    with pytest.raises(CannotSpread, match="Invalid argument"):
        Spread(HOST, 5060, 2, GENERATION, print)
    bound(HOST, 5060).close()
