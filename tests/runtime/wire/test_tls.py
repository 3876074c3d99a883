"""Calls over TLS on loopback, with real handshakes: who is believed, who is not, and why."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runtime.wire.papers import Authority
from runtime.world import policy
from sipfo.plan.model import Listen, Plan
from sipfo.runtime.mapping import parse_mapping
from sipfo.runtime.record import CallRecord, Notice
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.framing import Stream
from sipfo.runtime.sip.message import Request, Response, parse, serialize
from sipfo.runtime.wire import server as server_module
from sipfo.runtime.wire import tls
from sipfo.runtime.wire.certificate import PemFiles, Trust, UnusableCertificate
from sipfo.runtime.wire.doors import CannotListen
from sipfo.runtime.wire.server import Server
from sipfo.verify.lab.dns import DnsServer

NET = f"127.{128 + os.getpid() % 64}.{os.getpid() // 64 % 250}"
SIPFO, PRIMARY, SECONDARY, EAST, CALLER = (f"{NET}.{n}" for n in range(1, 6))
DECLARED_EAST = "198.51.100.10"
MAPS = parse_mapping(
    [
        f"192.0.2.10={SIPFO}",
        f"192.76.120.10={PRIMARY}",
        f"64.16.250.10={SECONDARY}",
        f"{DECLARED_EAST}={EAST}",
        f"192.0.2.200={CALLER}",
    ]
)
TO_EAST = f"sip:{DECLARED_EAST};transport=tls"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("papers"))


@pytest.fixture(scope="module")
def ours(authority: Authority) -> PemFiles:
    """The certificate of `listen tls`."""
    return authority.issue("sipfo", "DNS:sipfo.example")


@pytest.fixture(scope="module")
def theirs(authority: Authority) -> PemFiles:
    """The certificate of the route."""
    return authority.issue("east", f"IP:{DECLARED_EAST}")


def listening(files: PemFiles, destination: str = TO_EAST) -> Plan:
    """One address, one route, and callers over UDP and TLS."""
    plan = policy(routes={"pbx": (destination,)}, egress=("us.primary",))
    secure = Listen(
        transport="tls", host="192.0.2.10", port=5061, certificate=files.certificate, key=files.key
    )
    return plan.model_copy(update={"listen": (*plan.listen, secure)})


def invite(n: int = 1, transport: str = "TLS") -> bytes:
    return (
        f"INVITE sip:+13125550123@{SIPFO} SIP/2.0\r\n"
        f"Via: SIP/2.0/{transport} {CALLER}:5061;branch=z9hG4bK{n};rport\r\n"
        f"From: <sip:a@{CALLER}>;tag={n}\r\nTo: <sip:b@{SIPFO}>\r\nCall-ID: {n}\r\n"
        f"CSeq: 1 INVITE\r\nContact: <sip:a@{CALLER};transport=tls>\r\nContent-Length: 0\r\n\r\n"
    ).encode()


@dataclass
class Line:
    """One open connection as whole messages."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    stream: Stream = field(default_factory=Stream)
    arrived: list[Request | Response] = field(default_factory=list)

    async def hear(self) -> Request | Response:
        """The next message. Raises ConnectionError when there will be none."""
        while not self.arrived:
            data = await self.reader.read(65536)
            if not data:
                raise ConnectionError("closed")
            self.arrived += [parse(one) for one in self.stream.feed(data) if isinstance(one, bytes)]
        return self.arrived.pop(0)

    async def hear_final(self) -> Response:
        """The next final response."""
        while True:
            message = await self.hear()
            if isinstance(message, Response) and message.status >= 200:
                return message

    def say(self, message: Request | Response) -> None:
        self.writer.write(serialize(message))


@dataclass
class World:
    """A server and what it reported."""

    server: Server
    calls: list[CallRecord] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def outcomes(self) -> list[tuple[str | None, str]]:
        return [(one.target, one.outcome) for call in self.calls for one in call.ladder.attempts]


def serving(
    plan: Plan,
    trust: Trust,
    work: Callable[[World], Awaitable[None]],
    zone: list[str] | None = None,
) -> World:
    """Run `work` beside a server; no internal error may happen."""

    async def main() -> World:
        calls: list[CallRecord] = []
        notices: list[str] = []
        names = await DnsServer.start(zone or [])
        server = await Server.start(
            plan,
            mapping=MAPS,
            trust=trust,
            nameservers=[names.address],
            on_call=calls.append,
            on_notice=lambda one: notices.append(_text(one)),
        )
        world = World(server, calls, notices)
        try:
            async with asyncio.timeout(20):
                await work(world)
        finally:
            await server.close()
            names.close()
        assert server.internal_errors == 0
        return world

    return asyncio.run(main())


def _text(notice: Notice) -> str:
    return notice.text


async def call_by_tls(ours: Authority, n: int = 1) -> Response:
    """Place a call over TLS; its final response, acknowledged by nobody."""
    async with calling(ours) as line:
        line.writer.write(invite(n))
        return await line.hear_final()


@asynccontextmanager
async def calling(authority: Authority, host: str = SIPFO) -> AsyncIterator[Line]:
    """A connection to sipfo, whose certificate is checked."""
    context = ssl.create_default_context(cafile=str(authority.file))
    reader, writer = await asyncio.open_connection(
        host, 5061, ssl=context, server_hostname="sipfo.example", local_addr=(CALLER, 0)
    )
    try:
        yield Line(reader, writer)
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


@asynccontextmanager
async def answering(
    files: PemFiles | None, script: Callable[[Line], Awaitable[None]], ca: Authority | None = None
) -> AsyncIterator[None]:
    """Somebody at EAST who plays `script` on each connection; without files in plain text."""
    context = None
    if files is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
    if context is not None and ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(ca.file)
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            await script(Line(reader, writer))
        except ConnectionError:
            writer.close()

    listener = await asyncio.start_server(serve, EAST, 5061, ssl=context)
    try:
        yield
    finally:
        listener.close()
        for writer in writers:
            writer.close()
        await asyncio.gather(*(one.wait_closed() for one in writers), return_exceptions=True)


async def refuse(line: Line) -> None:
    """Answer every INVITE with 486."""
    while True:
        request = await line.hear()
        if isinstance(request, Request) and request.method == "INVITE":
            line.say(make_response(request, 486, to_tag=b"e"))


def test_a_call_comes_and_goes_over_tls(
    authority: Authority, ours: PemFiles, theirs: PemFiles
) -> None:
    heard: list[Request] = []

    async def busy(line: Line) -> None:
        request = await line.hear()
        assert isinstance(request, Request)
        heard.append(request)
        line.say(make_response(request, 486, to_tag=b"e"))
        ack = await line.hear()
        assert isinstance(ack, Request)
        heard.append(ack)

    async def work(world: World) -> None:
        async with answering(theirs, busy):
            assert (await call_by_tls(authority)).status == 486
            while len(heard) < 2:
                await asyncio.sleep(0)

    world = serving(listening(ours), Trust(ca=str(authority.file)), work)
    assert world.outcomes == [(f"tls:{EAST}:5061", "486")]
    assert world.notices == []
    sent, ack = heard
    assert sent.headers.lines(b"via")[0].startswith(b"SIP/2.0/TLS %s:5061;" % PRIMARY.encode())
    assert sent.headers.lines(b"contact") == [b"<sip:%s:5061;transport=tls>" % PRIMARY.encode()]
    assert ack.method == "ACK"


def test_one_connection_carries_every_call_to_a_target(
    authority: Authority, ours: PemFiles, theirs: PemFiles
) -> None:
    connections: list[Line] = []

    async def count(line: Line) -> None:
        connections.append(line)
        await refuse(line)

    async def work(world: World) -> None:
        async with answering(theirs, count):
            for n in range(3):
                await call_by_tls(authority, n)

    world = serving(listening(ours), Trust(ca=str(authority.file)), work)
    assert [outcome for _, outcome in world.outcomes] == ["486"] * 3
    assert len(connections) == 1


def test_a_domain_s_secure_servers_prove_to_be_the_domain(
    authority: Authority, ours: PemFiles
) -> None:
    """The name in SRV counts for nothing (RFC 5922 §7.3)."""
    domain = authority.issue("domain", "URI:sip:pbx.example", "DNS:other.example")
    zone = [
        "_sips._tcp.pbx.example. 60 IN SRV 1 1 5061 host.pbx.example.",
        f"host.pbx.example. 60 IN A {EAST}",
    ]

    async def work(world: World) -> None:
        async with answering(domain, refuse):
            await call_by_tls(authority)

    plan = listening(ours, "sip:pbx.example;transport=tls")
    world = serving(plan, Trust(ca=str(authority.file)), work, zone)
    assert world.outcomes == [(f"tls:{EAST}:5061", "486")]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["DNS:pbx.example"], f"the certificate is for pbx.example, not for {DECLARED_EAST}"),
        (["IP:198.51.100.11"], f"the certificate is for 198.51.100.11, not for {DECLARED_EAST}"),
        ([], f"the certificate is for test, not for {DECLARED_EAST}"),
    ],
)
def test_another_name_is_not_believed(
    authority: Authority, ours: PemFiles, names: list[str], reason: str
) -> None:
    files = authority.issue("another", *names)
    assert failure(files, Trust(ca=str(authority.file)), ours) == reason


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_a_peer_that_speaks_no_tls_1_2_gets_no_handshake(
    authority: Authority, ours: PemFiles
) -> None:
    async def work(world: World) -> None:
        old = ssl.create_default_context(cafile=str(authority.file))
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            await asyncio.open_connection(SIPFO, 5061, ssl=old, server_hostname="sipfo.example")

    serving(listening(ours), Trust(ca=str(authority.file)), work)


def test_a_wildcard_is_not_believed(authority: Authority, ours: PemFiles) -> None:
    files = authority.issue("wild", "DNS:*.example")
    zone = [f"pbx.example. 60 IN A {EAST}"]
    plan = listening(ours, "sip:pbx.example:5061;transport=tls")

    async def work(world: World) -> None:
        async with answering(files, refuse):
            await call_by_tls(authority)

    world = serving(plan, Trust(ca=str(authority.file)), work, zone)
    assert world.notices == [
        f"tls:{EAST}:5061 (pbx.example): the certificate is for *.example, not for pbx.example"
    ]


def test_a_certificate_that_is_over_is_not_believed(authority: Authority, ours: PemFiles) -> None:
    over = authority.issue("over", f"IP:{DECLARED_EAST}", days=-1)
    assert failure(over, Trust(ca=str(authority.file)), ours) == "certificate has expired"


def test_an_authority_that_nobody_named_is_not_believed(
    authority: Authority, ours: PemFiles, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger").issue("east", f"IP:{DECLARED_EAST}")
    trust = Trust(ca=str(authority.file))
    assert failure(stranger, trust, ours) == "unable to get local issuer certificate"
    assert failure(stranger, Trust(), ours) == "unable to get local issuer certificate"


def test_a_target_s_own_certificate_may_be_what_is_believed(
    theirs: PemFiles, ours: PemFiles, authority: Authority
) -> None:
    async def work(world: World) -> None:
        async with answering(theirs, refuse):
            await call_by_tls(authority)

    world = serving(listening(ours), Trust(ca=theirs.certificate), work)
    assert world.outcomes == [(f"tls:{EAST}:5061", "486")]


def test_plain_text_where_tls_should_be_is_a_transport_error(
    authority: Authority, ours: PemFiles
) -> None:
    async def plain(line: Line) -> None:
        line.writer.write(b"SIP/2.0 400 Bad Request\r\n\r\n")
        await line.reader.read()

    assert failure(None, Trust(ca=str(authority.file)), ours, plain) == "wrong version number"


def test_a_handshake_without_end_is_a_transport_error(
    authority: Authority, ours: PemFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "HANDSHAKE_LIMIT", 0.3)

    async def silence(line: Line) -> None:
        await line.reader.read()
        await asyncio.Event().wait()

    reason = failure(None, Trust(ca=str(authority.file)), ours, silence)
    assert reason == "no end of the handshake within 0.3 s"


def test_nobody_there_is_a_transport_error(authority: Authority, ours: PemFiles) -> None:
    async def work(world: World) -> None:
        await call_by_udp()

    world = serving(listening(ours), Trust(ca=str(authority.file)), work)
    assert world.outcomes == [(f"tls:{EAST}:5061", "transport-error")]
    assert world.notices == [f"tls:{EAST}:5061 ({DECLARED_EAST}): Connection refused"]


def failure(
    files: PemFiles | None,
    trust: Trust,
    ours: PemFiles,
    script: Callable[[Line], Awaitable[None]] = refuse,
) -> str:
    """Why a call to EAST ends as a transport error, in the words of the one notice."""

    async def work(world: World) -> None:
        async with answering(files, script):
            await call_by_udp()

    world = serving(listening(ours), trust, work)
    assert world.outcomes == [(f"tls:{EAST}:5061", "transport-error")]
    (notice,) = world.notices
    return notice.removeprefix(f"tls:{EAST}:5061 ({DECLARED_EAST}): ")


async def call_by_udp() -> Response:
    """Place a call over UDP; its final response."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.setblocking(False)
        caller.bind((CALLER, 5061))
        caller.sendto(invite(transport="UDP"), (SIPFO, 5060))
        while True:
            message = parse(await loop.sock_recv(caller, 65535))
            if isinstance(message, Response) and message.status >= 200:
                return message


def test_a_target_that_wants_a_certificate_gets_the_one_of_the_option(
    authority: Authority, ours: PemFiles, theirs: PemFiles
) -> None:
    client = authority.issue("client", "DNS:client.example")
    assert client.key is not None

    async def work(world: World) -> None:
        async with answering(theirs, refuse, ca=authority):
            await call_by_udp()

    for shown, outcome in ((client, "486"), (None, "transport-error")):
        trust = Trust(ca=str(authority.file), shown=shown)
        world = serving(listening(ours), trust, work)
        assert [one for _, one in world.outcomes] == [outcome]
        assert ["want a certificate" in one for one in world.notices] == [True] * (not shown)


def test_a_connection_that_breaks_is_a_transport_error(
    authority: Authority, ours: PemFiles, theirs: PemFiles
) -> None:
    async def hang_up(line: Line) -> None:
        await line.hear()
        line.writer.close()

    async def work(world: World) -> None:
        async with answering(theirs, hang_up):
            assert (await call_by_udp()).status == 500

    world = serving(listening(ours), Trust(ca=str(authority.file)), work)
    assert world.outcomes == [(f"tls:{EAST}:5061", "transport-error")]


def test_a_ping_is_answered_whatever_the_chunks(authority: Authority, ours: PemFiles) -> None:
    async def work(world: World) -> None:
        async with calling(authority) as line:
            for octet in b"\r\n\r\n":
                line.writer.write(bytes([octet]))
                await line.writer.drain()
            assert await line.reader.readexactly(2) == b"\r\n"

    serving(listening(ours), Trust(ca=str(authority.file)), work)


def test_an_egress_address_answers_on_tls_but_takes_no_calls(
    authority: Authority, ours: PemFiles
) -> None:
    async def work(world: World) -> None:
        async with calling(authority, PRIMARY) as line:
            line.writer.write(invite())
            assert (await line.hear_final()).status == 403

    serving(listening(ours), Trust(ca=str(authority.file)), work)


def test_plain_text_on_our_tls_port_is_closed_and_nobody_else_notices(
    authority: Authority, ours: PemFiles
) -> None:
    async def work(world: World) -> None:
        reader, writer = await asyncio.open_connection(SIPFO, 5061, local_addr=(CALLER, 0))
        writer.write(invite())
        await asyncio.gather(reader.read(), return_exceptions=True)
        writer.close()
        assert (await call_by_tls(authority)).status == 500
        assert [record.source for record in world.calls] == [CALLER]

    serving(listening(ours), Trust(ca=str(authority.file)), work)


def test_a_peer_that_never_ends_its_handshake_is_dropped(
    authority: Authority, ours: PemFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "HANDSHAKE_LIMIT", 0.2)

    async def work(world: World) -> None:
        reader, writer = await asyncio.open_connection(SIPFO, 5061, local_addr=(CALLER, 0))
        assert await asyncio.gather(reader.read(), return_exceptions=True)
        writer.close()

    serving(listening(ours), Trust(ca=str(authority.file)), work)


def test_a_reload_shows_the_new_certificate_and_drops_nobody(
    authority: Authority, tmp_path: Path
) -> None:
    old, new = (authority.issue(name, "DNS:sipfo.example", subject=name) for name in ("old", "new"))
    used = PemFiles(str(tmp_path / "used.pem"), str(tmp_path / "used.key"))

    def put(files: PemFiles) -> None:
        Path(used.certificate).write_bytes(Path(files.certificate).read_bytes())
        Path(used.key or "").write_bytes(Path(files.key or "").read_bytes())

    async def work(world: World) -> None:
        async with calling(authority) as before:
            assert _subject(before) == "old"
            put(new)
            world.server.reload_certificates()
            async with calling(authority) as after:
                assert _subject(after) == "new"
            before.writer.write(invite())
            assert (await before.hear_final()).status == 500
            Path(used.certificate).write_text("nothing")
            world.server.reload_certificates()
            async with calling(authority) as after:
                assert _subject(after) == "new"

    put(old)
    notices = serving(listening(used), Trust(), work).notices
    kept = f"the old certificate stays in use: {used.certificate}: no certificate in it"
    assert f"{used.certificate}: taken anew" in notices
    assert kept in notices


def test_files_that_change_are_taken_by_themselves(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "RENEWAL", 0.02)
    both = tmp_path / "both.pem"

    def put(name: str) -> None:
        files = authority.issue(name, "DNS:sipfo.example", subject=name)
        assert files.key is not None
        both.write_text(Path(files.certificate).read_text() + Path(files.key).read_text())

    async def work(world: World) -> None:
        put("second")
        while not world.notices:
            await asyncio.sleep(0.01)
        async with calling(authority) as line:
            assert _subject(line) == "second"

    put("first")
    assert serving(listening(PemFiles(str(both))), Trust(), work).notices == [f"{both}: taken anew"]


def _subject(line: Line) -> str:
    certificate = line.writer.get_extra_info("peercert")
    return str(certificate["subject"][0][0][1])


def test_a_certificate_that_cannot_be_used_is_said_at_start(
    authority: Authority, tmp_path: Path
) -> None:
    over = authority.issue("done", "DNS:sipfo.example", days=-1)
    absent = str(tmp_path / "absent.pem")

    async def start(plan: Plan, trust: Trust) -> None:
        await Server.start(plan, mapping=MAPS, trust=trust)

    for files, reason in (
        (PemFiles(absent), f"{absent}: No such file or directory"),
        (over, f"{over.certificate}: certificate has expired"),
    ):
        with pytest.raises(CannotListen) as caught:
            asyncio.run(start(listening(files), Trust()))
        assert str(caught.value) == f"cannot listen on tls {SIPFO}:5061: {reason}"
    with pytest.raises(UnusableCertificate, match="absent"):
        asyncio.run(start(policy(), Trust(ca=absent)))
