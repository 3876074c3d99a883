"""What the service manager is told, on a socket that the test owns in its place."""

from __future__ import annotations

import array
import asyncio
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipfo.runtime.wire.notify import Notifier


class Manager:
    """The service manager's end."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(5)
        self.socket.bind(address)

    def hear(self) -> list[str]:
        return self.socket.recv(65536).decode().splitlines()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(str(tmp_path / "notify"))
    yield made
    made.socket.close()


@pytest.fixture
def notifier(tmp_path: Path, manager: Manager) -> Iterator[Notifier]:
    made = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    yield made
    made.close()


def test_ready_stopping_status_and_the_main_process(manager: Manager, notifier: Notifier) -> None:
    notifier.ready()
    assert manager.hear() == ["READY=1"]
    notifier.stopping()
    assert manager.hear() == ["STOPPING=1"]
    notifier.status("3 calls\nREADY=1")
    assert manager.hear() == ["STATUS=3 calls READY=1"]
    notifier.main_process(4711)
    assert manager.hear() == ["MAINPID=4711"]


def test_reloading_says_the_moment_on_the_monotonic_clock(
    manager: Manager, notifier: Notifier
) -> None:
    before = time.monotonic_ns() // 1000
    notifier.reloading()
    word, moment = manager.hear()
    assert word == "RELOADING=1"
    name, _, value = moment.partition("=")
    assert name == "MONOTONIC_USEC"
    assert before <= int(value) <= time.monotonic_ns() // 1000


def test_an_abstract_address_is_one_too() -> None:
    name = f"sipfo-test-{os.getpid()}"
    manager = Manager("\0" + name)
    notifier = Notifier({"NOTIFY_SOCKET": "@" + name})
    notifier.ready()
    assert manager.hear() == ["READY=1"]
    notifier.close()
    manager.socket.close()


def test_descriptors_are_stored_under_their_name(manager: Manager, notifier: Notifier) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as kept:
        kept.bind(("127.0.0.1", 0))
        assert notifier.store("sipfo", [kept.fileno()])
        room = socket.CMSG_SPACE(4)
        data, ancillary, _, _ = manager.socket.recvmsg(4096, room)
        assert data == b"FDSTORE=1\nFDNAME=sipfo"
        numbers = array.array("i")
        numbers.frombytes(ancillary[0][2])
        with socket.socket(fileno=numbers[0]) as same:
            assert same.getsockname() == kept.getsockname()
    notifier.drop("sipfo")
    assert manager.hear() == ["FDSTOREREMOVE=1", "FDNAME=sipfo"]


def test_without_a_manager_nothing_is_told() -> None:
    for environment in ({}, {"NOTIFY_SOCKET": "relative"}):
        notifier = Notifier(environment)
        assert not notifier.is_heard
        notifier.ready()
        assert not notifier.store("sipfo", [0])
        notifier.close()


def test_a_manager_that_is_gone_changes_nothing(tmp_path: Path) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    notifier.ready()
    assert not notifier.store("sipfo", [0])
    notifier.close()


def test_the_watchdog_is_fed_from_the_loop_twice_in_its_time(
    tmp_path: Path, manager: Manager
) -> None:
    async def main() -> int:
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "20000"})
        manager.socket.setblocking(False)
        notifier.watch(lambda: True)
        beats = 0
        while beats < 3:
            data = await asyncio.get_running_loop().sock_recv(manager.socket, 4096)
            assert data == b"WATCHDOG=1"
            beats += 1
        notifier.close()
        return beats

    assert asyncio.run(asyncio.wait_for(main(), 10)) == 3


@pytest.mark.parametrize(
    "watchdog",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "20000", "WATCHDOG_PID": "1"},
    ],
)
def test_no_watchdog_is_fed_that_does_not_wait_for_us(
    tmp_path: Path, manager: Manager, watchdog: dict[str, str]
) -> None:
    async def main() -> None:
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), **watchdog})
        notifier.watch(lambda: True)
        notifier.ready()
        notifier.close()

    asyncio.run(main())
    assert manager.hear() == ["READY=1"]


def test_a_server_that_is_not_well_does_not_feed_it(tmp_path: Path, manager: Manager) -> None:
    async def main() -> None:
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "20000"})
        notifier.watch(lambda: False)
        notifier.ready()
        notifier.close()

    asyncio.run(main())
    assert manager.hear() == ["READY=1"]
