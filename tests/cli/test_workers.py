"""`sipfo run --workers 2`: one server in three processes, seen from outside as one."""

from __future__ import annotations

import json
import os
import signal
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.phones import Phone
from cli.running import Running, running
from sipfo.cli.main import cli
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.framing import Stream
from sipfo.runtime.sip.message import Request, Response, parse, serialize
from sipp.process import wait_for

LIMITED = "    retry   standard\n    limit   3 calls\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as made:
        made.rewrite("routes  sequential", "routes  round-robin")
        made.rewrite("    retry   standard\n", LIMITED)
        page = f"{made.block.of('sipfo')}:9060"
        made.run("--workers=2", "--grace=0", "--records=calls.jsonl", f"--metrics={page}")
        yield made


@contextmanager
def three(server: Running) -> Iterator[tuple[Phone, Phone, Phone]]:
    """The caller and both callees."""
    names = ("caller", "east", "west")
    with ExitStack() as held:
        caller, east, west = (held.enter_context(Phone(server, name)) for name in names)
        yield caller, east, west


def workers(server: Running) -> list[int]:
    """The children of the server, by when they were started."""
    assert server.process is not None
    parent = server.process.pid
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


def worker_of(tag: bytes | None) -> int:
    """Which worker has made a tag: its mark is the fifth letter."""
    assert tag is not None
    return int(tag[4:5])


def placed(caller: Phone, callees: dict[str, Phone], name: str, on: str) -> tuple[int, Request]:
    """A call that is answered at `on`: the worker that has it, and the callee's INVITE."""
    caller.to = ""
    caller.say("INVITE", 1, name)
    invite = callees[on].request("INVITE")
    callees[on].answer(invite, 200)
    tag = caller.final("INVITE").to.tag
    assert tag is not None
    caller.to = f";tag={tag.decode()}"
    caller.say("ACK", 1, name)
    callees[on].request("ACK")
    return worker_of(tag), invite


def ended(caller: Phone, callee: Phone, name: str) -> int:
    caller.say("BYE", 2, name)
    callee.answer(callee.request("BYE"), 200)
    return caller.final("BYE").status


def rows(server: Running) -> dict[str, dict[str, object]]:
    """The last line about each call, by its Call-ID."""
    text = (server.folder / "calls.jsonl").read_text(encoding="utf-8")
    found = [json.loads(line) for line in text.splitlines()]
    return {row["call_id"]: row for row in found}


def test_one_server_in_several_processes(server: Running) -> None:
    """Turns and limits are everybody's, each call is where its dialog says, and every command
    shows all."""
    with three(server) as (caller, east, west):
        callees = {"east": east, "west": west}
        seen: dict[str, tuple[int, str]] = {}
        for n in range(3):
            on = ("east", "west")[n % 2]  # round robin, whichever worker has the call
            seen[f"n{n}"] = placed(caller, callees, f"n{n}", on)[0], caller.to
        n = 3
        while len({worker for worker, _ in seen.values()}) < 2:
            name, on = f"n{n}", ("east", "west")[n % 2]
            first = next(iter(seen))
            caller.to = seen[first][1]
            assert ended(caller, callees["east" if int(first[1:]) % 2 == 0 else "west"], first)
            del seen[first]
            seen[name] = placed(caller, callees, name, on)[0], caller.to
            n += 1
        caller.to = ""
        caller.say("INVITE", 1, "one-too-many")  # three are up, on two workers
        assert caller.final("INVITE").status == 503

        shown = server.ask("sipfo.calls")
        assert {one["call_id"] for one in shown} == set(seen)
        assert len(server.ask("dlg.list")) == 3
        (trunk,) = server.ask("sipfo.trunks")
        assert (trunk["calls"], trunk["placed"]) == (3, n)
        assert "dialog:active_dialogs = 3" in server.ask("stats.get_statistics")
        url = f"http://{server.block.of('sipfo')}:9060/metrics"
        with urllib.request.urlopen(url, timeout=10) as page:
            text = page.read().decode()
        assert 'sipfo_calls_current{state="up"} 3' in text
        assert f'sipfo_calls_total{{trunk="acme",result="answered"}} {n}' in text

        assert server.ask("dispatcher.set_state", "disabled", "west")
        last = next(iter(seen))
        for name, (_, to) in seen.items():
            caller.to = to
            callee = callees["east" if int(name[1:]) % 2 == 0 else "west"]
            if name != last:
                assert ended(caller, callee, name) == 200
            else:
                assert server.ask("dlg.terminate", name) == 1
                callee.answer(callee.request("BYE"), 200)
                caller.answer(caller.request("BYE"), 200)
        for name in ("x1", "x2", "x3", "x4"):  # whichever worker has it
            placed(caller, callees, name, "east")
            assert ended(caller, east, name) == 200
    assert server.process is not None
    server.process.signal(signal.SIGTERM)
    assert server.process.ends() == 0
    assert server.process.stderr == b""
    found = rows(server)
    assert {row["state"] for row in found.values()} == {"closed"}
    assert found[last]["hung_up_by"] == "sipfo"


def test_a_worker_that_dies_is_told_and_started_again(server: Running) -> None:
    with three(server) as (caller, east, west):
        callees = {"east": east, "west": west}
        worker, _ = placed(caller, callees, "lost", "east")
        before = workers(server)
        os.kill(before[worker - 1], signal.SIGKILL)
        process = server.process
        assert process is not None
        told = f"worker {worker} died (signal 9): 1 call lost; it is started again".encode()
        process.says(told)
        caller.say("BYE", 2, "lost")  # waits for the next of that number
        assert caller.final("BYE").status == 481
        assert len(workers(server)) == 2
        (trunk,) = server.ask("sipfo.trunks")
        assert trunk["calls"] == 0
        wait_for(lambda: rows(server)["lost"]["state"] == "lost", lambda: "the row")
        for n in range(1, 5):
            on = ("east", "west")[n % 2]
            placed(caller, callees, f"n{n}", on)
            assert ended(caller, callees[on], f"n{n}") == 200


def test_a_worker_that_is_started_again_knows_what_the_others_know(server: Running) -> None:
    """The plan that a reload brought, and what an operator has disabled."""
    server.rewrite("limit   3 calls", "limit   1 calls")
    assert server.tell("reload").exit_code == 0
    assert server.ask("dispatcher.set_state", "disabled", "west")
    process = server.process
    assert process is not None
    for number, pid in enumerate(workers(server), 1):
        os.kill(pid, signal.SIGKILL)
        process.says(f"worker {number} died (signal 9)".encode())
    with three(server) as (caller, east, _):
        seen: set[int] = set()
        n = 0
        while len(seen) < 2 or n < 3:
            seen.add(placed(caller, {"east": east}, f"n{n}", "east")[0])
            to, caller.to = caller.to, ""
            caller.say("INVITE", 1, f"second{n}")
            assert caller.final("INVITE").status == 503
            caller.to = to
            assert ended(caller, east, f"n{n}") == 200
            n += 1


def test_a_call_needs_nobody_but_its_worker(server: Running) -> None:
    """What belongs to it comes to the worker and goes from there, while the server does nothing."""
    with three(server) as (caller, east, _):
        caller.say("INVITE", 1, "alone")
        east.answer(east.request("INVITE"), 200)
        answer = caller.final("INVITE")
        caller.to = f";tag={(answer.to.tag or b'').decode()}"
        assert answer.contact is not None
        caller.target = answer.contact.uri.decode()
        caller.say("ACK", 1, "alone")
        east.request("ACK")
        process = server.process
        assert process is not None
        process.signal(signal.SIGSTOP)
        try:
            assert ended(caller, east, "alone") == 200
        finally:
            process.signal(signal.SIGCONT)
        wait_for(lambda: rows(server).get("alone", {}).get("state") == "closed", lambda: "the row")


def test_when_the_server_is_killed_nobody_is_left(server: Running) -> None:
    left = workers(server)
    assert len(left) == 2
    assert server.process is not None
    server.process.signal(signal.SIGKILL)
    wait_for(lambda: not any(_is_there(pid) for pid in left), lambda: f"the end of {left}")


def test_what_a_target_asked_of_one_worker_the_others_heed(server: Running) -> None:
    with three(server) as (caller, east, west):
        caller.say("INVITE", 1, "first")
        invite = east.request("INVITE")
        busy = make_response(invite, 503, to_tag=b"e")
        busy.headers.add(b"retry-after", b"60")
        east.socket.sendto(serialize(busy), east._source)
        west.answer(west.request("INVITE"), 200)
        tag = caller.final("INVITE").to.tag or b""
        seen = {worker_of(tag)}
        caller.to = f";tag={tag.decode()}"
        caller.say("ACK", 1, "first")
        west.request("ACK")
        assert ended(caller, west, "first") == 200
        n = 0
        while len(seen) < 2 or n < 4:
            seen.add(placed(caller, {"west": west}, f"n{n}", "west")[0])
            assert ended(caller, west, f"n{n}") == 200
            n += 1


def test_on_streams_too_a_call_is_where_its_dialog_says(tmp_path: Path) -> None:
    """Each request comes over a connection of its own, and the call is now in one worker, now in
    the other."""
    with running(tmp_path) as server:
        server.rewrite("listen udp 192.0.2.10:5060", "listen tcp 192.0.2.10:5060")
        server.run("--workers=2", "--grace=0")
        with Phone(server, "east") as east:
            us, me = server.block.of("sipfo"), server.block.of("caller")
            seen = set()
            for n in range(6):
                with _dialled(me, us) as line:
                    line.sendall(_request("INVITE", 1, f"n{n}", me, us))
                    east.answer(east.request("INVITE"), 200)
                    tag = (_final(line).to.tag or b"").decode()
                    seen.add(worker_of(tag.encode()))
                    line.sendall(_request("ACK", 1, f"n{n}", me, us, tag))
                    east.request("ACK")
                with _dialled(me, us) as line:
                    line.sendall(_request("BYE", 2, f"n{n}", me, us, tag))
                    east.answer(east.request("BYE"), 200)
                    assert _final(line).status == 200
            assert seen == {1, 2}


def test_an_attended_transfer_of_calls_in_two_workers(server: Running) -> None:
    """A REFER in one call names the other, which another worker has (RFC 5589 §7)."""
    with three(server) as (caller, east, west):
        callees = {"east": east, "west": west}
        here, _ = placed(caller, callees, "n0", "east")
        near = caller.to
        n = 1
        while True:
            on = ("east", "west")[n % 2]
            there, invite = placed(caller, callees, f"n{n}", on)
            if there != here:
                break
            assert ended(caller, callees[on], f"n{n}") == 200
            n += 1
        tag = caller.to.removeprefix(";tag=")
        said = f"n{n}%3Bto-tag%3D{tag}%3Bfrom-tag%3D1"
        caller.to = near
        lines = f"Refer-To: <sip:b@{caller.us}?Replaces={said}>"
        _refer(caller, "n0", lines)
        refer = east.request("REFER")
        named = refer.headers.first(b"refer-to") or b""
        far = f"Replaces={invite.call_id.decode()}%3Bto-tag%3Dcallee%3Bfrom-tag%3D"
        assert far.encode() in named
        assert (invite.from_.tag or b"") in named


def test_too_many_workers_are_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["run", "--workers", "33", "x.sipfo"], prog_name="sipfo")
    assert done.exit_code == 2
    assert "33 is not in the range 1<=x<=32" in done.output


def _refer(caller: Phone, name: str, field: str) -> None:
    lines = [
        f"REFER sip:+13125550123@{caller.us} SIP/2.0",
        f"Via: SIP/2.0/UDP {caller.host}:5060;branch=z9hG4bKrefer;rport",
        f"From: <sip:a@{caller.host}>;tag=1",
        f"To: <sip:b@{caller.us}>{caller.to}",
        f"Call-ID: {name}",
        "CSeq: 2 REFER",
        "Max-Forwards: 70",
        f"Contact: <sip:a@{caller.host}:5060>",
        field,
        "Content-Length: 0",
    ]
    caller.socket.sendto("\r\n".join([*lines, "", ""]).encode(), (caller.us, 5060))


def _dialled(me: str, us: str) -> socket.socket:
    return socket.create_connection((us, 5060), timeout=20, source_address=(me, 0))


def _request(method: str, number: int, name: str, me: str, us: str, tag: str = "") -> bytes:
    return (
        f"{method} sip:+13125550123@{us} SIP/2.0\r\n"
        f"Via: SIP/2.0/TCP {me}:5060;branch=z9hG4bK{name}{method}{number};rport\r\n"
        f"From: <sip:a@{me}>;tag=1\r\nTo: <sip:b@{us}>{tag and f';tag={tag}'}\r\n"
        f"Call-ID: {name}\r\nCSeq: {number} {method}\r\nMax-Forwards: 70\r\n"
        f"Contact: <sip:a@{me}:5060;transport=tcp>\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def _final(line: socket.socket) -> Response:
    stream = Stream()
    while data := line.recv(65536):
        for one in stream.feed(data):
            found = parse(one) if isinstance(one, bytes) else None
            if isinstance(found, Response) and found.status >= 200:
                return found
    raise AssertionError("the connection was closed")


def _is_there(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_drain_reaches_every_worker(server: Running) -> None:
    server.ask("sipfo.drain", "acme")
    with three(server) as (caller, east, west):
        for n in range(6):  # each to one of two workers
            caller.to = ""
            caller.say("INVITE", 1, f"drained-{n}")
            assert caller.final("INVITE").status == 503
            caller.say("ACK", 1, f"drained-{n}")
        server.ask("sipfo.undrain", "acme")
        placed(caller, {"east": east, "west": west}, "again", "east")
