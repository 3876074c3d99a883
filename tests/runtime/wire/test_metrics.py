"""The page of metrics over real connections: what it answers, and to whom it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from runtime.accounts import GAUGES
from runtime.scrape import families, scrape, value
from sipfo.runtime.metrics import Meter
from sipfo.runtime.wire import metrics
from sipfo.runtime.wire.metrics import CannotShow, MetricsPage

Address = tuple[str, int]


def showing(work: Callable[[MetricsPage, Address], Awaitable[None]]) -> None:
    async def main() -> None:
        page = MetricsPage(lambda: Meter().families(GAUGES))
        try:
            async with asyncio.timeout(20):
                await work(page, await page.open("127.0.0.1", 0))
        finally:
            await page.close()

    asyncio.run(main())


async def ask(address: Address, request: bytes) -> tuple[str, dict[str, str], bytes]:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return status, dict(line.split(": ") for line in lines), body


def test_metrics_are_there_in_the_format_of_prometheus() -> None:
    async def work(page: MetricsPage, address: Address) -> None:
        status, fields, body = await ask(address, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert status == "HTTP/1.0 200 OK"
        assert fields["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert int(fields["Content-Length"]) == len(body)
        assert scrape(body)
        assert value(body, "sipfo_calls_current", state="up") == 3
        assert value(body, "process_resident_memory_bytes") > 1e6
        assert value(body, "process_open_fds") > 3
        assert value(body, "sipfo_memory_blocks_current") > 10_000
        assert {"process_cpu_seconds_total", "process_start_time_seconds"} <= families(body)

    showing(work)


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET /metrics?name[]=x HTTP/1.0", "200 OK"),
        (b"GET / HTTP/1.1", "404 Not Found"),
        (b"GET /metrics/../etc/passwd HTTP/1.1", "404 Not Found"),
        (b"POST /metrics HTTP/1.1", "400 Bad Request"),
        (b"INVITE sip:x@y SIP/2.0", "400 Bad Request"),
        (b"\x16\x03\x01\x00\x00", "400 Bad Request"),
        (b"GET /" + b"x" * 5000 + b" HTTP/1.1", "400 Bad Request"),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1", "400 Bad Request"),
    ],
)
def test_anything_else_is_refused(request_line: bytes, status: str) -> None:
    async def work(page: MetricsPage, address: Address) -> None:
        found, _, _ = await ask(address, request_line + b"\r\n\r\n")
        assert found == f"HTTP/1.0 {status}"

    showing(work)


def test_head_has_the_length_and_no_body() -> None:
    async def work(page: MetricsPage, address: Address) -> None:
        status, fields, body = await ask(address, b"HEAD /metrics HTTP/1.1\r\n\r\n")
        assert (status, body) == ("HTTP/1.0 200 OK", b"")
        assert int(fields["Content-Length"]) > 1000

    showing(work)


def test_who_says_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "MOST_TIME", 0.05)

    async def work(page: MetricsPage, address: Address) -> None:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"GET /metrics HTTP/1.1\r\n")
        try:
            assert await reader.read() == b""
        except ConnectionResetError:
            return  # the other way to be let go
        finally:
            writer.close()

    showing(work)


def test_silent_ones_do_not_keep_others_out_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "MOST_TIME", 0.2)

    async def work(page: MetricsPage, address: Address) -> None:
        silent = [
            await asyncio.open_connection(*address) for _ in range(metrics.MOST_CONNECTIONS * 2)
        ]
        for reader, _ in silent:
            await asyncio.gather(reader.read(), return_exceptions=True)
        status, _, _ = await ask(address, b"GET /metrics HTTP/1.1\r\n\r\n")
        assert status == "HTTP/1.0 200 OK"
        for _, writer in silent:
            writer.close()

    showing(work)


def test_an_address_that_is_taken_is_said() -> None:
    async def work(page: MetricsPage, address: Address) -> None:
        with pytest.raises(CannotShow, match=r"cannot show metrics at 127\.0\.0\.1 port [0-9]+: "):
            await MetricsPage(list).open(*address)

    showing(work)


def test_closing_lets_everybody_go() -> None:
    async def work(page: MetricsPage, address: Address) -> None:
        reader, writer = await asyncio.open_connection(*address)
        await ask(address, b"GET /metrics HTTP/1.1\r\n\r\n")
        await page.close()
        await asyncio.gather(reader.read(), return_exceptions=True)
        with pytest.raises(OSError):
            await asyncio.open_connection(*address)
        writer.close()

    showing(work)
