"""`--hep` and `--pcap`: what they take, what they refuse, and a run with both."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cli.command import POLICY, sipfo
from runtime.hep3 import chunks, number
from runtime.wire.judges import read_by_tshark
from runtime.wire.watched import NET
from sipfo.cli.watching import CannotWatch, Collector, Watching
from sipfo.runtime.hep import Agent


def refused(*options: str) -> str:
    result = sipfo("run", "x.sipfo", *options)
    assert result.exit_code == 2
    return result.output


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.9",
        "10.0.0.9:0",
        "10.0.0.9:65536",
        "sctp:10.0.0.9:9060",
        "::1:9060",
        "h:1,color=red",
        "h:1,id",
    ],
)
def test_a_collector_that_cannot_be_read_is_refused_with_the_form(text: str) -> None:
    assert "write `10.0.0.9:9060`" in refused("--hep", text).replace("\n", " ")


def test_an_id_is_a_number_of_32_bits() -> None:
    assert "write a number" in refused("--hep", "h:1,id=4294967296")
    assert "write a number" in refused("--hep", "h:1,id=x")


def test_a_key_that_is_not_in_the_environment_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HEP_KEY", raising=False)
    assert "there is no `HEP_KEY` in the environment" in refused("--hep", "h:1,key=env:HEP_KEY")


def test_a_collector_that_has_no_address_is_said() -> None:
    async def main() -> None:
        one = Collector("udp", "no-such-host.invalid", 9060, Agent())
        with pytest.raises(CannotWatch, match=r"cannot send HEP to no-such-host\.invalid: "):
            await Watching((one,)).open()

    asyncio.run(main())


def test_a_capture_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(CannotWatch, match="cannot write"):
            await Watching(pcap=str(tmp_path / "none" / "x.pcap")).open()

    asyncio.run(main())


def test_nobody_looking_on_costs_nothing() -> None:
    async def main() -> None:
        assert await Watching().open() is None

    asyncio.run(main())


def test_a_run_shows_its_messages_to_the_collector_and_in_the_file(tmp_path: Path) -> None:
    here, secondary, homer_at, caller_at = (f"{NET}.{n}" for n in (101, 102, 103, 104))
    policy = POLICY.replace("192.0.2.10", here).replace("192.76.120.10", here)
    policy = policy.replace("64.16.250.10", secondary)
    file, capture = tmp_path / "policy.sipfo", tmp_path / "calls.pcap"
    file.write_text(policy, encoding="utf-8")
    with _bound(homer_at) as homer, _bound(caller_at) as caller:
        port = homer.getsockname()[1]
        options = [f"--hep={homer_at}:{port},id=7,name=sbc", f"--pcap={capture}", "--log=json"]
        with subprocess.Popen(
            [sys.executable, "-m", "sipfo.cli.main", "run", *options, str(file)],
            stdout=subprocess.PIPE,
        ) as run:
            try:
                assert run.stdout is not None
                assert b'"event": "ready"' in run.stdout.readline()
                caller.sendto(_options(caller_at, here, caller.getsockname()[1]), (here, 5060))
                heard = [chunks(homer.recv(65535)) for _ in range(2)]
                assert caller.recv(65535).startswith(b"SIP/2.0 200 ")
            finally:
                run.send_signal(signal.SIGTERM)
                rest = run.stdout.read() if run.stdout is not None else b""
            assert run.wait(20) == 0
    assert b'"event": "stopped"' in rest
    assert [re.split(rb"[ \r]", one[15])[0] for one in heard] == [b"OPTIONS", b"SIP/2.0"]
    assert {(number(one[12]), one[19], one[17]) for one in heard} == {(7, b"sbc", b"probe")}
    read = read_by_tshark(capture, ("ip.src", "ip.dst", "sip.Method", "sip.Status-Code"))
    assert read == [(caller_at, here, "OPTIONS", ""), (here, caller_at, "", "200")]


def _bound(host: str) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.settimeout(20)
    made.bind((host, 0))
    return made


def _options(source: str, target: str, port: int) -> bytes:
    """Large enough that a stranger's answer is no larger."""
    return (
        f"OPTIONS sip:{target} SIP/2.0\r\nVia: SIP/2.0/UDP {source}:{port};branch=z9hG4bK1;rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:a@{source}>;tag=1\r\nTo: <sip:{target}>\r\n"
        f"Call-ID: probe\r\nCSeq: 1 OPTIONS\r\nContact: <sip:a@{source}:{port}>\r\n"
        f"Subject: {'x' * 500}\r\nContent-Length: 0\r\n\r\n"
    ).encode()
