"""One server after another at the same addresses, over real sockets: nothing is lost between."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from runtime.world import policy
from sipfo.plan.model import Listen
from sipfo.runtime.mapping import parse_mapping
from sipfo.runtime.record import CallRecord, EndRecord, Notice, Record
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.message import Request, Response, parse, serialize
from sipfo.runtime.wire.control import ControlSocket
from sipfo.runtime.wire.doors import CannotListen
from sipfo.runtime.wire.handover import CannotTakeOver, Predecessor
from sipfo.runtime.wire.server import Server

NET = f"127.{64 + os.getpid() % 64}.{os.getpid() // 64 % 250}"
SIPFO, PRIMARY, SECONDARY, EAST, CALLER, OTHER = (f"{NET}.{n}" for n in range(21, 27))
MAPS = parse_mapping(
    [
        f"192.0.2.10={SIPFO}",
        f"192.76.120.10={PRIMARY}",
        f"64.16.250.10={SECONDARY}",
        f"198.51.100.10={EAST}",
        f"192.0.2.200={CALLER}",
        f"192.0.2.201={OTHER}",
        f"192.0.2.11={NET}.27",
    ]
)
PLAN = policy(routes={"pbx": ("sip:198.51.100.10",)}, egress=("us.primary",))


class Phone:
    """A UDP socket that speaks SIP, and keeps what it hears until it is asked for."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind((host, 5060))

    async def hear(self) -> tuple[Request | Response, tuple[str, int]]:
        data, source = await asyncio.get_running_loop().sock_recvfrom(self.socket, 65535)
        return parse(data), source

    async def request(self, method: str) -> Request:
        """The next request of this method; repetitions of others are passed over."""
        while True:
            found, self.source = await self.hear()
            if isinstance(found, Request) and found.method == method:
                return found

    async def final(self, method: str) -> Response:
        """The next final response to a request of this method."""
        while True:
            found, _ = await self.hear()
            if isinstance(found, Response) and found.status >= 200 and found.cseq.method == method:
                return found

    def answer(self, request: Request, status: int, body: bytes = b"") -> None:
        response = make_response(request, status, to_tag=b"e" if status > 100 else None)
        response.headers.add(b"contact", f"<sip:{self.host}>".encode())
        response.body = body
        self.socket.sendto(serialize(response), self.source)

    def say(self, data: bytes) -> None:
        self.socket.sendto(data, (SIPFO, 5060))

    def close(self) -> None:
        self.socket.close()


def message(method: str, number: int, to: str = "", call: str = "one", via: str = "UDP") -> bytes:
    return (
        f"{method} sip:+13125550123@{SIPFO} SIP/2.0\r\n"
        f"Via: SIP/2.0/{via} {CALLER}:5060;branch=z9hG4bK{call}{method}{number};rport\r\n"
        f"From: <sip:a@{CALLER}>;tag=1\r\nTo: <sip:b@{SIPFO}>{to}\r\nCall-ID: {call}\r\n"
        f"CSeq: {number} {method}\r\nMax-Forwards: 70\r\n"
        f"Contact: <sip:a@{CALLER}:5060>\r\nContent-Length: 0\r\n\r\n"
    ).encode()


class Scene:
    """The older server, the phones, and the newer server once it is there."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "s.sock"
        self.told: dict[str, list[Record]] = {"old": [], "new": []}
        self.caller, self.east = Phone(CALLER), Phone(EAST)
        self.old: Server
        self.new: Server | None = None
        self.control: ControlSocket

    async def begin(self) -> None:
        self.old = await Server.start(PLAN, mapping=MAPS, witnesses=[self.told["old"].append])
        self.control = await ControlSocket.open(self.path, self.old.methods())

    async def take_over(self) -> Server:
        predecessor = await asyncio.to_thread(Predecessor.ask, self.path)
        assert predecessor is not None
        witnesses = [self.told["new"].append]
        self.new = await Server.start(PLAN, mapping=MAPS, witnesses=witnesses, legacy=predecessor)
        await self.old.succession.taken.wait()
        return self.new

    async def settled(self, server: Server, calls: int) -> None:
        """Wait until a server has this many calls."""
        while server.calls_alive != calls:
            await asyncio.sleep(0.01)

    async def call(self, name: str = "one") -> str:
        """Place a call and have it answered; the To parameter of the caller's later requests."""
        self.caller.say(message("INVITE", 1, call=name))
        self.east.answer(await self.east.request("INVITE"), 200)
        tag = (await self.caller.final("INVITE")).to.tag or b""
        to = f";tag={tag.decode()}"
        self.caller.say(message("ACK", 1, to, name))
        await self.east.request("ACK")
        return to

    def ends(self, which: str) -> list[str]:
        return [one.by for one in self.told[which] if isinstance(one, EndRecord)]

    def notices(self, which: str) -> list[str]:
        return [one.text for one in self.told[which] if isinstance(one, Notice)]


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    made = Scene(folder)
    await made.begin()
    try:
        async with asyncio.timeout(30):
            yield made
    finally:
        await made.control.close()
        for server in (made.new, made.old):
            if server is not None:
                await server.close()
        made.caller.close()
        made.east.close()
    for server in (made.new, made.old):
        assert server is None or server.internal_errors == 0


def played(folder: Path, work: Callable[[Scene], Awaitable[None]]) -> None:
    async def main() -> None:
        async with scene(folder) as made:
            await work(made)

    asyncio.run(main())


def test_a_call_goes_on_and_no_request_of_a_stream_is_lost(tmp_path: Path) -> None:
    async def asking(phone: Phone, count: int) -> list[int]:
        """OPTIONS one after the other, each sent once; the numbers of those that were answered."""
        answered = []
        for number in range(count):
            phone.socket.sendto(message("OPTIONS", number, call=f"o{phone.host}"), (SIPFO, 5060))
            found = await phone.final("OPTIONS")
            assert found.status == 200
            answered.append(found.cseq.number)
            await asyncio.sleep(0)
        return answered

    async def work(world: Scene) -> None:
        to = await world.call()
        other = Phone(OTHER)
        stream = asyncio.create_task(asking(other, 400))
        while other.socket.fileno() and not world.old.engine.core.transactions:
            await asyncio.sleep(0)
        new = await world.take_over()
        assert await stream == list(range(400))
        other.close()
        await world.settled(new, 1)
        assert world.old.calls_alive == 0

        world.caller.say(message("INVITE", 2, to))
        again = await world.east.request("INVITE")
        assert again.to.tag == b"e"
        world.east.answer(again, 200, b"v=0\r\n")
        assert (await world.caller.final("INVITE")).body == b"v=0\r\n"
        world.caller.say(message("ACK", 2, to))
        await world.east.request("ACK")
        world.caller.say(message("BYE", 3, to))
        assert (await world.caller.final("BYE")).status == 200
        world.east.answer(await world.east.request("BYE"), 200)
        assert (world.ends("old"), world.ends("new")) == ([], ["caller"])

    played(tmp_path, work)


def test_a_call_in_set_up_is_answered_by_the_older_and_ended_by_the_newer(tmp_path: Path) -> None:
    async def work(world: Scene) -> None:
        world.caller.say(message("INVITE", 1))
        invite = await world.east.request("INVITE")
        world.east.answer(invite, 180)
        new = await world.take_over()
        world.caller.say(message("INVITE", 1))  # a repetition is no second call
        world.east.answer(invite, 200)
        tag = (await world.caller.final("INVITE")).to.tag or b""
        to = f";tag={tag.decode()}"
        world.caller.say(message("ACK", 1, to))
        ack = await world.east.request("ACK")
        assert ack.cseq.number == invite.cseq.number
        await world.settled(new, 1)
        world.east.answer(invite, 200)  # the ACK was lost: it is repeated, by whoever sent it
        await world.east.request("ACK")
        world.caller.say(message("BYE", 2, to))
        assert (await world.caller.final("BYE")).status == 200
        bye = await world.east.request("BYE")
        assert bye.cseq.number > ack.cseq.number
        assert [one for one in world.told["old"] if isinstance(one, CallRecord)] == []
        assert len([one for one in world.told["new"] if isinstance(one, CallRecord)]) == 1
        assert world.ends("new") == ["caller"]

    played(tmp_path, work)


def test_a_cancel_reaches_the_call_that_the_older_sets_up(tmp_path: Path) -> None:
    async def work(world: Scene) -> None:
        world.caller.say(message("INVITE", 1))
        invite = await world.east.request("INVITE")
        world.east.answer(invite, 180)
        await world.take_over()
        cancel = message("CANCEL", 1).replace(b"oneCANCEL1", b"oneINVITE1")
        world.caller.say(cancel)
        assert (await world.caller.final("CANCEL")).status == 200
        assert (await world.caller.final("INVITE")).status == 487
        await world.east.request("CANCEL")
        world.east.answer(invite, 487)
        await world.east.request("ACK")

    played(tmp_path, work)


def test_new_calls_go_to_the_newer_and_fail_over_there(tmp_path: Path) -> None:
    async def work(world: Scene) -> None:
        new = await world.take_over()
        await world.call("two")
        assert (world.old.calls_alive, new.calls_alive) == (0, 1)

    played(tmp_path, work)


def test_a_connection_of_the_older_serves_calls_of_the_newer(tmp_path: Path) -> None:
    async def work(world: Scene) -> None:
        reader, writer = await asyncio.open_connection(SIPFO, 5060, local_addr=(CALLER, 0))

        async def final() -> Response:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                found = parse(head)
                assert isinstance(found, Response)
                if found.status >= 200:
                    return found

        writer.write(message("OPTIONS", 1, via="TCP"))
        assert (await final()).status == 200
        world.caller.say(message("INVITE", 1, call="ringing"))  # the older has something left
        world.east.answer(await world.east.request("INVITE"), 180)
        new = await world.take_over()
        writer.write(message("INVITE", 1, via="TCP"))
        world.east.answer(await world.east.request("INVITE"), 200)
        tag = (await final()).to.tag or b""
        to = f";tag={tag.decode()}"
        writer.write(message("ACK", 1, to, via="TCP"))
        await world.east.request("ACK")
        assert new.calls_alive == 1
        writer.write(message("BYE", 2, to, via="TCP"))
        assert (await final()).status == 200
        await world.east.request("BYE")
        assert world.ends("new") == ["caller"]
        writer.close()
        await writer.wait_closed()

    played(tmp_path, work)


def test_the_older_is_over_when_nothing_is_left_in_it(tmp_path: Path) -> None:
    async def work(world: Scene) -> None:
        new = await world.take_over()
        await world.old.succession.over.wait()
        await world.old.close()
        while not world.notices("new"):
            await asyncio.sleep(0.01)
        assert world.notices("new") == ["the process before is gone: everything is here"]
        assert new.link is None
        await world.call()
        _, writer = await asyncio.open_connection(SIPFO, 5060)
        writer.close()
        await writer.wait_closed()

    played(tmp_path, work)


def test_a_successor_that_dies_leaves_everything_as_it_was(tmp_path: Path) -> None:
    async def work(world: Scene) -> None:
        # One INVITE keeps the older from being over.
        world.caller.say(message("INVITE", 1, call="ringing"))
        world.east.answer(await world.east.request("INVITE"), 180)
        new = await world.take_over()
        assert new.link is not None
        await new.link.close()
        await new.close()
        world.new = None
        while world.old.succession.taken.is_set():
            await asyncio.sleep(0.01)
        await world.call("two")
        _, writer = await asyncio.open_connection(SIPFO, 5060)
        writer.close()
        await writer.wait_closed()
        assert "the successor is gone: serving again" in world.notices("old")

    played(tmp_path, work)


def test_a_successor_that_cannot_open_what_it_needs_changes_nothing(tmp_path: Path) -> None:
    async def work(world: Scene) -> None:
        to = await world.call()
        taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        taken.bind((f"{NET}.27", 5060))
        wanting = PLAN.model_copy(
            update={"listen": (*PLAN.listen, Listen(transport="udp", host="192.0.2.11", port=5060))}
        )
        predecessor = await asyncio.to_thread(Predecessor.ask, world.path)
        with taken, pytest.raises(CannotListen):
            await Server.start(wanting, mapping=MAPS, legacy=predecessor)
        assert not world.old.succession.taken.is_set()
        world.caller.say(message("BYE", 2, to))
        assert (await world.caller.final("BYE")).status == 200
        assert world.ends("old") == ["caller"]

    played(tmp_path, work)


def test_only_one_successor_takes_over_at_a_time(tmp_path: Path) -> None:
    async def work(world: Scene) -> None:
        first = await asyncio.to_thread(Predecessor.ask, world.path)
        assert first is not None
        with pytest.raises(CannotTakeOver, match="another process is taking over already"):
            await asyncio.to_thread(Predecessor.ask, world.path)
        first.close()
        while True:
            try:
                second = await asyncio.to_thread(Predecessor.ask, world.path)
            except CannotTakeOver:
                continue
            assert second is not None
            second.close()
            break

    played(tmp_path, work)


def test_nobody_takes_over_while_the_one_before_is_not_over(tmp_path: Path) -> None:
    """What comes to the oldest for the newest would have to cross the one between."""

    async def work(world: Scene) -> None:
        world.caller.say(message("INVITE", 1, call="ringing"))
        invite = await world.east.request("INVITE")
        world.east.answer(invite, 180)
        new = await world.take_over()
        path = tmp_path / "new.sock"
        control = await ControlSocket.open(path, new.methods())
        try:
            with pytest.raises(CannotTakeOver, match="the process before is not over yet"):
                await asyncio.to_thread(Predecessor.ask, path)
            world.east.answer(invite, 200)
            tag = (await world.caller.final("INVITE")).to.tag or b""
            to = f";tag={tag.decode()}"
            world.caller.say(message("ACK", 1, to, "ringing"))
            await world.east.request("ACK")
            await world.settled(new, 1)
            world.caller.say(message("BYE", 2, to, "ringing"))
            assert (await world.caller.final("BYE")).status == 200
        finally:
            await control.close()

    played(tmp_path, work)


def test_a_successor_that_is_told_to_end_takes_the_older_with_it(tmp_path: Path) -> None:
    async def work(world: Scene) -> None:
        world.caller.say(message("INVITE", 1, call="ringing"))
        world.east.answer(await world.east.request("INVITE"), 180)
        new = await world.take_over()
        told = asyncio.Event()
        world.old.succession.on_end = told.set
        new.part()
        assert new.link is not None
        await new.link.close()
        await new.close()
        world.new = None
        await told.wait()
        assert not world.old.succession.taken.is_set()

    played(tmp_path, work)


def test_where_nobody_listens_there_is_nobody_to_take_over_from(tmp_path: Path) -> None:
    assert Predecessor.ask(tmp_path / "s.sock") is None


def test_what_is_no_sipfo_hands_nothing_over(tmp_path: Path) -> None:
    async def work() -> None:
        control = await ControlSocket.open(tmp_path / "s.sock", {})
        with pytest.raises(CannotTakeOver, match=r"no method is called 'sipfo\.hand_over'"):
            await asyncio.to_thread(Predecessor.ask, tmp_path / "s.sock")
        await control.close()

    asyncio.run(work())
