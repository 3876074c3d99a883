"""HEP3 to a collector over UDP and TCP; sngrep reads what a real call made."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from runtime.hep3 import address, chunks, number, packets
from runtime.wire.breaking import Breaking
from runtime.wire.judges import LIMIT, needs
from runtime.wire.watched import CALL_ID, NET, TRAFFIC, watched_call
from sipfo.runtime.hep import MOST_BYTES, Agent
from sipfo.runtime.sighting import Sighting
from sipfo.runtime.wire import hep
from sipfo.runtime.wire.hep import TcpCollector, UdpCollector

HOMER = f"{NET}.90"
SEEN = Sighting(1.0, "udp", ("192.0.2.1", 5060), ("192.0.2.2", 5060), b"OPTIONS", b"c")


def udp_socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.bind((HOMER, 0))
    return made


def test_a_call_arrives_whole_with_one_correlation_id_on_both_legs() -> None:
    with udp_socket() as homer:
        collector = UdpCollector(homer.getsockname(), Agent(2001, "sbc", "secret"))
        watched_call([collector])
        found = [chunks(homer.recv(65535)) for _ in TRAFFIC]
        with pytest.raises(BlockingIOError):
            homer.recv(65535)
    assert collector.losses.count == 0
    ends = [(address(one[3]), address(one[4]), number(one[2])) for one in found]
    wanted = [(one[0], one[1], {"udp": 17, "tcp": 6}[one[3]]) for one in TRAFFIC]
    assert sorted(ends) == sorted(wanted)
    assert {one[17] for one in found} == {CALL_ID.encode()}
    assert {(number(one[12]), one[14], one[19]) for one in found} == {(2001, b"secret", b"sbc")}


def test_sngrep_reads_every_message_and_dialog_of_a_call(tmp_path: Path) -> None:
    needs("sngrep")
    with udp_socket() as free:
        port = free.getsockname()[1]
    shown = tmp_path / "shown.pcap"
    command = ["sngrep", "-N", "-F", "-L", f"udp:{HOMER}:{port}", "-O", str(shown)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as sngrep:
        try:
            until(lambda: is_bound(HOMER, port))
            watched_call([UdpCollector((HOMER, port), Agent())])
            until(lambda: shown.exists() and shown.read_bytes().count(b"SIP/2.0\r\n") >= 7)
        finally:
            sngrep.send_signal(signal.SIGINT)
            said, _ = sngrep.communicate(timeout=LIMIT)
    assert said.split(b"\r")[-1].strip() == b"Dialog count: 3"
    assert shown.read_bytes().count(b"CSeq: ") == len(TRAFFIC)


def test_a_collector_that_is_not_there_costs_messages_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with udp_socket() as nobody:
        where = nobody.getsockname()
    collector = UdpCollector(where, Agent())
    watched_call([collector])
    assert collector.losses.count >= len(TRAFFIC) - 1
    assert "1 message lost: nobody listens" in caplog.text


def test_a_message_too_large_for_a_packet_is_counted() -> None:
    with udp_socket() as homer:
        collector = UdpCollector(homer.getsockname(), Agent())
        collector.see(SEEN._replace(data=b"x" * MOST_BYTES))
        collector.see(SEEN)
        assert collector.losses.count == 1
        assert chunks(homer.recv(65535))[15] == b"OPTIONS"
        asyncio.run(collector.close())


def test_over_tcp_the_packets_follow_one_another_and_what_came_early_has_waited() -> None:
    async def main() -> None:
        heard = bytearray()
        ended = asyncio.Event()

        async def homer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.extend(await reader.read(-1))
            writer.close()
            ended.set()

        server = await asyncio.start_server(homer, HOMER, 0)
        collector = TcpCollector(server.sockets[0].getsockname(), Agent())
        for n in range(3):  # no turn of the loop yet, so there is no connection
            collector.see(SEEN._replace(data=b"%d" % n))
        await asyncio.sleep(0)
        await collector_connected(collector)
        collector.see(SEEN._replace(data=b"3"))
        await collector.close()
        await ended.wait()
        server.close()
        found, rest = packets(bytes(heard))
        assert [chunks(one)[15] for one in found] == [b"0", b"1", b"2", b"3"]
        assert rest == b""
        assert collector.losses.count == 0

    run(main())


def test_a_broken_connection_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hep, "RECONNECT", 0.01)

    async def main() -> None:
        heard: asyncio.Queue[bytes] = asyncio.Queue()

        async def homer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.put_nowait(await reader.read(65535))
            writer.close()

        server = await asyncio.start_server(homer, HOMER, 0)
        collector = TcpCollector(server.sockets[0].getsockname(), Agent())
        for n in range(3):
            collector.see(SEEN._replace(data=b"%d" % n))
            (packet,), _ = packets(await heard.get())
            assert chunks(packet)[15] == b"%d" % n
            while collector.connected:
                await asyncio.sleep(0)
        await collector.close()
        server.close()

    run(main())


def test_what_waits_for_a_connection_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hep, "MOST_WAITING", 1000)
    with udp_socket() as reserved:
        nobody = reserved.getsockname()

    async def main() -> None:
        collector = TcpCollector(nobody, Agent())
        for _ in range(20):
            collector.see(SEEN._replace(data=b"x" * 200))
        assert collector.losses.count == 17
        await collector.close()
        assert collector.losses.count == 20

    run(main())


def test_what_a_connection_breaks_under_waits_for_the_next() -> None:
    async def main() -> None:
        with udp_socket() as reserved:
            collector = TcpCollector(reserved.getsockname(), Agent())
        for n in range(10):
            collector.see(SEEN._replace(data=b"%d" % n))
        broken = Breaking()
        collector.connection_made(broken)
        collector.see(SEEN._replace(data=b"10"))
        sound = Breaking(after=100)
        collector.connection_made(sound)
        written, _ = packets(b"".join(broken.written + sound.written))
        assert [chunks(one)[15] for one in written] == [b"%d" % n for n in range(11)]
        assert len(broken.written) == 2
        collector.connection_lost(None)
        await collector.close()
        assert collector.losses.count == 0

    run(main())


def test_a_collector_that_does_not_read_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hep, "LAST_WAIT", 0.01)

    async def main() -> None:
        async def homer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await forever.wait()
            writer.transport.abort()

        forever = asyncio.Event()
        server = await asyncio.start_server(homer, HOMER, 0, limit=1)
        collector = TcpCollector(server.sockets[0].getsockname(), Agent())
        await collector_connected(collector)
        large = SEEN._replace(data=b"x" * 60_000)
        for _ in range(1000):
            collector.see(large)
        assert collector.losses.count > 0
        await collector.close()
        forever.set()
        server.close()

    run(main())


async def collector_connected(collector: TcpCollector) -> None:
    while not collector.connected:
        await asyncio.sleep(0)


def run(main: Coroutine[None, None, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await main

    asyncio.run(bounded())


def until(there: Callable[[], bool]) -> None:
    """Look again and again until it is there."""
    end = time.monotonic() + 20
    while not there():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_bound(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
