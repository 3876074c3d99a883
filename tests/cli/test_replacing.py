"""One `sipfo run` after another: calls, records and sockets outlive the process."""

from __future__ import annotations

import array
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cli.phones import Phone, call, talk_and_end
from cli.running import Running, running
from sipp.process import Process, wait_for


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as made:
        yield made


def rows(path: Path) -> list[tuple[str, str, str | None]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as book:
        found = book.execute("SELECT state, result, hung_up_by FROM calls ORDER BY call")
        return [tuple(row) for row in found]


def test_a_call_its_record_and_the_page_of_metrics_go_over(server: Running) -> None:
    book = server.folder / "calls.db"
    metrics = f"{server.block.of('sipfo')}:9060"
    more = ("--records", str(book), "--metrics", metrics)
    first = server.run(*more)
    with Phone(server, "caller") as caller, Phone(server, "east") as east:
        call(caller, east)
        wait_for(lambda: rows(book) == [("open", "answered", None)], lambda: str(rows(book)))
        second = server.run(*more, "--take-over")
        assert server.ask("core.uptime")["uptime"] < 60
        wait_for(lambda: len(server.ask("sipfo.calls")) == 1, lambda: second.report())
        talk_and_end(caller, east)
    closed = [("closed", "answered", "caller")]
    wait_for(lambda: rows(book) == closed, lambda: f"{rows(book)}\n{second.report()}")
    with socket.create_connection((server.block.of("sipfo"), 9060), timeout=10) as page:
        page.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        assert page.recv(15).startswith(b"HTTP/1")
    for process in (first, second):
        assert b"internal error" not in process.stderr


def test_where_nobody_is_there_a_successor_starts_alone(server: Running) -> None:
    server.run("--take-over")
    assert server.ask("sipfo.calls") == []


def test_replace_starts_what_is_installed_and_the_old_process_ends_by_itself(
    server: Running,
) -> None:
    first = server.run()
    pids = [replaced(server)]
    try:
        first.says(b"taken over: nothing is left here")
        assert first.ends() == 0
        assert server.ask("sipfo.calls") == []
        pids.append(replaced(server))
        wait_for(lambda: not is_running(pids[0]), lambda: first.report())
        assert is_running(pids[1])
    finally:
        for pid in filter(is_running, pids):
            os.kill(pid, signal.SIGKILL)


def test_while_a_call_is_set_up_in_the_old_process_nobody_replaces_the_new_one(
    server: Running,
) -> None:
    """And whoever drains the new one has drained both."""
    first = server.run()
    with Phone(server, "caller") as caller, Phone(server, "east") as east:
        caller.say("INVITE", 1)
        invite = east.request("INVITE")
        east.answer(invite, 180)
        pid = replaced(server)
        try:
            again = server.tell("replace")
            assert again.exit_code == 1
            assert "the process before is not over yet" in again.output
            assert is_running(pid)
            assert server.tell("drain", "--grace", "0").exit_code == 0
            wait_for(lambda: not is_running(pid), lambda: first.report())
            first.says(b"the successor is gone: serving again")
            assert first.ends() == 0
            assert caller.final("INVITE").status >= 400
        finally:
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)


def replaced(server: Running) -> int:
    """The process that took over."""
    done = server.tell("replace")
    assert done.exit_code == 0, done.output
    return int(done.output.split()[1])


def is_running(pid: int) -> bool:
    """Whether a process is there, and more than a name that nobody has asked for yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_successor_that_cannot_start_leaves_the_old_process_serving(server: Running) -> None:
    first = server.run()
    server.rewrite("sequential east", "sequential esat")
    done = server.tell("replace")
    assert done.exit_code == 1
    assert "the successor ended with 1" in done.output
    first.says(b"no route is called `esat`")
    with Phone(server, "caller") as caller:
        caller.say("OPTIONS", 1)
        assert caller.final("OPTIONS").status == 200


class Manager:
    """What systemd does for a service: it hears, and keeps descriptors by name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kept: dict[str, int] = {}
        self.said: list[str] = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(20)
        self.socket.bind(str(path))

    def hear(self, wanted: str) -> None:
        """Take what is said up to a word."""
        while wanted not in self.said:
            data, ancillary, _, _ = self.socket.recvmsg(65536, socket.CMSG_SPACE(4))
            lines = data.decode().splitlines()
            self.said += lines
            name = next((one[7:] for one in lines if one.startswith("FDNAME=")), "")
            if "FDSTOREREMOVE=1" in lines and name in self.kept:
                os.close(self.kept.pop(name))
            for _, _, rights in ancillary:
                numbers = array.array("i")
                numbers.frombytes(rights)
                if name in self.kept:
                    os.close(self.kept[name])
                self.kept[name] = numbers[0]

    def start(self, server: Running, name: str, *more: str) -> Process:
        """Start the service as systemd would, with all that is kept."""
        self.said.clear()
        words = [sys.executable, "-m", "sipfo.cli.main", "run", "policy.sipfo", "--leave-calls"]
        words += ["--control", str(server.socket), *more]
        for one in server.block.mappings:
            words += ["--map", one]
        # The shell's own process becomes the service, so that LISTEN_PID is right.
        moves = [f"{number}<&{fd}" for number, fd in enumerate(self.kept.values(), start=3)]
        exports = f"NOTIFY_SOCKET={self.path}"
        if self.kept:
            exports += f" LISTEN_FDS={len(self.kept)} LISTEN_FDNAMES={':'.join(self.kept)}"
        quoted = " ".join(f"'{word}'" for word in words)
        script = f"export {exports}; export LISTEN_PID=$$; exec {quoted} {' '.join(moves)}"
        process = Process(name, ["bash", "-c", script], server.folder, [*self.kept.values()])
        server.started.append(process)
        return process

    def close(self) -> None:
        for descriptor in self.kept.values():
            os.close(descriptor)
        self.socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(tmp_path / "notify")
    yield made
    made.close()


def test_a_restart_by_systemd_keeps_sockets_datagrams_and_calls(
    server: Running, manager: Manager
) -> None:
    book = server.folder / "calls.db"
    first = manager.start(server, "first", "--records", str(book))
    manager.hear("READY=1")
    with Phone(server, "caller") as caller, Phone(server, "east") as east:
        call(caller, east)
        sip = f"udp_{server.block.of('sipfo')}_5060"
        manager.hear(f"FDNAME={sip}")
        manager.said.clear()
        first.signal(signal.SIGTERM)
        manager.hear("FDNAME=calls")
        assert first.ends() == 0
        assert b"1 calls are left to the next process" in first.stdout
        assert {sip, "calls"} <= manager.kept.keys()
        caller.say("OPTIONS", 2)  # to nobody: the socket keeps it
        second = manager.start(server, "second", "--records", str(book))
        manager.hear("READY=1")
        east.answer(east.request("OPTIONS"), 200)
        assert caller.final("OPTIONS").status == 200
        talk_and_end(caller, east, 3)
    closed = [("closed", "answered", "caller")]
    wait_for(lambda: rows(book) == closed, lambda: f"{rows(book)}\n{second.report()}")
    manager.hear("FDSTOREREMOVE=1")
    assert "calls" not in manager.kept


def test_after_a_crash_the_sockets_are_there_and_the_calls_are_lost(
    server: Running, manager: Manager
) -> None:
    first = manager.start(server, "first")
    manager.hear("READY=1")
    manager.hear(f"FDNAME=udp_{server.block.of('sipfo')}_5060")
    first.signal(signal.SIGKILL)
    assert first.ends() == -signal.SIGKILL
    with Phone(server, "caller") as caller:
        caller.say("OPTIONS", 1)
        manager.start(server, "second")
        assert caller.final("OPTIONS").status == 200


def test_systemd_is_told_of_a_reload_and_of_the_end(server: Running, manager: Manager) -> None:
    process = manager.start(server, "only")
    manager.hear("READY=1")
    manager.said.clear()
    process.signal(signal.SIGHUP)
    manager.hear("RELOADING=1")
    manager.hear("READY=1")
    process.signal(signal.SIGTERM)
    manager.hear("STOPPING=1")
    assert process.ends() == 0
