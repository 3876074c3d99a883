"""What the service manager passes on, sound and unsound, to sockets and calls."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from sipfo.runtime.estate import Estate, UnreadableEstate
from sipfo.runtime.wire.stored import Stored, given, name_of, write_estate

HOST = f"127.{64 + os.getpid() % 64}.{os.getpid() // 64 % 250}.31"


def bound(kind: socket.SocketKind, listening: bool = False) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind)
    made.bind((HOST, 0))
    if listening:
        made.listen()
    return made


def test_descriptors_are_those_that_are_for_this_process() -> None:
    around = {"LISTEN_PID": "7", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "a:b"}
    assert list(given(around, 7)) == [("a", 3), ("b", 4), ("", 5)]
    assert list(given(around, 8)) == []
    for wrong in ("", "x", "-1", "٣"):
        assert list(given({**around, "LISTEN_FDS": wrong}, 7)) == []
    assert list(given({}, 7)) == []


def test_a_name_has_no_colon_and_says_the_transport() -> None:
    assert name_of(("udp", "192.0.2.10", 5060)) == "udp_192.0.2.10_5060"
    assert name_of(("tls", "2001:db8::1", 5061)) == "tls_2001-db8--1_5061"


def test_sockets_say_themselves_where_they_are_bound() -> None:
    with bound(socket.SOCK_DGRAM) as udp, bound(socket.SOCK_STREAM, True) as tcp:
        places = {("udp", *udp.getsockname()), ("tls", *tcp.getsockname())}
        stored = Stored([("udp_x", os.dup(udp.fileno())), ("tls_x", os.dup(tcp.fileno()))])
        assert stored.sockets.keys() == places
        assert not stored.has_calls
        assert all(not one.getblocking() for one in stored.sockets.values())
        stored.close()


def test_what_is_of_no_use_is_closed(tmp_path: Path) -> None:
    left, right = socket.socketpair()
    with bound(socket.SOCK_DGRAM) as udp, left, right:
        file = os.open(tmp_path / "file", os.O_CREAT | os.O_RDWR)
        descriptors = [
            ("udp_a", os.dup(udp.fileno())),
            ("udp_b", os.dup(udp.fileno())),  # the same place twice
            ("tcp_c", os.dup(udp.fileno())),  # it is no stream
            ("stored", os.dup(udp.fileno())),
            ("tcp_d", os.dup(left.fileno())),
            ("udp_e", file),
        ]
        stored = Stored(descriptors)
        assert list(stored.sockets) == [("udp", *udp.getsockname())]
        for _, descriptor in descriptors[1:]:
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.fstat(descriptor)
        stored.close()


def test_an_estate_is_read_from_its_beginning_whoever_read_it_before() -> None:
    estate = Estate(placed={"acme": 7})
    descriptor = write_estate(estate)
    again = os.dup(descriptor)
    for one in (descriptor, again):
        assert Stored([("calls", one)]).estate == estate


def test_an_estate_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "estate"
    path.write_text('{"placed": 7}', encoding="utf-8")
    with pytest.raises(UnreadableEstate, match="placed"):
        Stored([("calls", os.open(path, os.O_RDONLY))])
