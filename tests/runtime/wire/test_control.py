"""The control socket: who may open it, what bounds a request, and how it is handed on."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from sipfo.runtime.jsonrpc import Fault, Method
from sipfo.runtime.wire import control
from sipfo.runtime.wire.control import CannotControl, ControlSocket, Takeover


async def slowly() -> str:
    await asyncio.sleep(0)
    return "later"


def broken() -> None:
    raise ZeroDivisionError


def refused() -> None:
    raise Fault(-32000, "not now", {"why": "busy"})


async def give(connection: socket.socket) -> None:
    await asyncio.get_running_loop().sock_sendall(connection, b"yours")


METHODS = {
    "echo": Method(lambda word: word, ("word",)),
    "slowly": Method(slowly),
    "broken": Method(broken),
    "refused": Method(refused),
    "take": Method(lambda: Takeover(give)),
}


def listening(path: Path, work: Callable[[ControlSocket], Awaitable[None]]) -> None:
    async def main() -> None:
        made = await ControlSocket.open(path, METHODS)
        try:
            async with asyncio.timeout(20):
                await work(made)
        finally:
            await made.close()

    asyncio.run(main())


async def say(path: Path, data: bytes, end: bool = True) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(data)
    if end:
        writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def request(method: str, *params: object, id: object = 1) -> bytes:
    asked = {"jsonrpc": "2.0", "method": method, "params": params, "id": id}
    return json.dumps(asked).encode() + b"\n"


def test_only_its_owner_can_open_it_and_it_goes_when_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"

    async def work(made: ControlSocket) -> None:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_ISSOCK(path.stat().st_mode)
        assert list(tmp_path.iterdir()) == [path]

    listening(path, work)
    assert not path.exists()


def test_requests_are_answered_in_their_order_and_wrong_ones_too(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"

    async def work(made: ControlSocket) -> None:
        lines = [
            request("echo", "a"),
            b"nonsense\n",
            request("slowly", id=2),
            request("no-such", id=3),
            request("echo", id=4),
            request("refused", id=5),
            request("broken", id=6),
            b'{"jsonrpc": "2.0", "method": "echo", "params": ["unheard"]}\n',
            request("echo", "z", id="last"),
        ]
        answers = [json.loads(line) for line in (await say(path, b"".join(lines))).splitlines()]
        assert [one.get("result") or one["error"]["code"] for one in answers] == [
            *("a", -32700, "later", -32601, -32602, -32000, -32603, "z")
        ]
        assert [one["id"] for one in answers] == [1, None, 2, 3, 4, 5, 6, "last"]
        assert answers[5]["error"]["data"] == {"why": "busy"}

    listening(path, work)


def test_a_batch_has_one_answer_and_notifications_alone_have_none(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"

    async def work(made: ControlSocket) -> None:
        one = json.loads(request("echo", "a"))
        told = {"jsonrpc": "2.0", "method": "echo", "params": ["b"]}
        (answer,) = json.loads(await say(path, json.dumps([one, told]).encode()))
        assert answer["result"] == "a"
        assert await say(path, json.dumps([told, told]).encode()) == b""

    listening(path, work)


def test_a_request_that_is_too_long_ends_the_connection(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"

    async def work(made: ControlSocket) -> None:
        answer = json.loads(await say(path, b"[" + b" " * control.LONGEST_REQUEST, end=False))
        assert answer["error"]["code"] == -32600

    listening(path, work)


def test_a_connection_that_says_nothing_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.sock"
    monkeypatch.setattr(control, "IDLE", 0.05)

    async def work(made: ControlSocket) -> None:
        assert await say(path, b'{"jsonrpc"', end=False) == b""

    listening(path, work)


def test_connections_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.sock"
    monkeypatch.setattr(control, "MOST_CONNECTIONS", 2)

    async def work(made: ControlSocket) -> None:
        open_ones = [await asyncio.open_unix_connection(path) for _ in range(2)]
        for reader, writer in open_ones:
            writer.write(request("echo", "a"))
            assert await reader.readline()
        assert await say(path, b"", end=False) == b""
        for _, writer in open_ones:
            writer.close()
            await writer.wait_closed()
        while not await say(path, request("echo", "a")):
            await asyncio.sleep(0.01)

    listening(path, work)


def test_a_method_can_have_the_whole_connection(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"

    async def work(made: ControlSocket) -> None:
        assert await say(path, request("take"), end=False) == b"yours"

    listening(path, work)


def test_where_another_process_listens_nobody_else_does_but_a_successor(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"

    async def main() -> None:
        first = await ControlSocket.open(path, METHODS)
        with pytest.raises(CannotControl, match="another process does"):
            await ControlSocket.open(path, METHODS)
        successor = await ControlSocket.open(path, METHODS, replace=True)
        await first.close()
        assert json.loads(await say(path, request("echo", "a")))["result"] == "a"
        await successor.close()
        assert not path.exists()

    asyncio.run(main())


def test_what_a_dead_process_left_is_replaced_and_a_file_is_not(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))

    async def work(made: ControlSocket) -> None:
        assert json.loads(await say(path, request("echo", "a")))["result"] == "a"

    listening(path, work)
    path.write_text("mine")
    with pytest.raises(CannotControl, match="a file that is no socket is there"):
        listening(path, work)
    assert path.read_text() == "mine"


def test_a_path_that_cannot_be_bound_says_why(tmp_path: Path) -> None:
    async def work(made: ControlSocket) -> None:
        raise AssertionError("it was opened")

    with pytest.raises(CannotControl, match="No such file or directory"):
        listening(tmp_path / "nowhere" / "s.sock", work)
    with pytest.raises(CannotControl, match="too long for a socket"):
        listening(tmp_path / ("x" * 100), work)
