"""`sipfo ping`: the questions, the targets, the answers, and the exit status."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.command import sipfo
from runtime.wire.watched import NET
from sipfo.cli import ping
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.message import Request, parse, serialize

ONE, TWO, NAMES, HERE = (f"{NET}.{n}" for n in (131, 132, 133, 134))


@contextmanager
def answering(host: str, status: int = 200) -> Iterator[int]:
    """A SIP server over UDP that gives this answer; its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((host, 0))

        def serve() -> None:
            while True:
                data, source = server.recvfrom(65535)
                if not data:
                    return
                request = parse(data)
                assert isinstance(request, Request)
                response = make_response(request, status, to_tag=b"t")
                response.headers.add(b"server", b"pbx\x1b[31m")
                server.sendto(serialize(response), source)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.sendto(b"", server.getsockname())
            thread.join()


@contextmanager
def naming(folder: Path, *records: str) -> Iterator[str]:
    """A nameserver; what `--dns` takes."""
    zone = folder / "zone"
    zone.write_text("\n".join(records) + "\n", encoding="ascii")
    command = [sys.executable, "-m", "sipfo.verify.lab.dns", "--listen", f"{NAMES}:0", str(zone)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split()[1]
        finally:
            server.terminate()


def test_every_question_every_target_and_the_first_s_answer_are_shown(tmp_path: Path) -> None:
    with answering(ONE) as first, answering(TWO) as second:
        zone = (
            f"_sip._udp.pbx.example. 60 IN SRV 10 0 {first} a.pbx.example.",
            f"_sip._udp.pbx.example. 60 IN SRV 20 0 {second} b.pbx.example.",
            f"a.pbx.example. 60 IN A {ONE}",
            f"b.pbx.example. 60 IN A {TWO}",
        )
        with naming(tmp_path, *zone) as dns:
            result = sipfo("ping", "sip:pbx.example", "--dns", dns)
            every = sipfo("ping", "sip:pbx.example", "--dns", dns, "--all")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].startswith("? NAPTR pbx.example: ")
    (services,) = (line for line in lines if line.startswith("? SRV _sip._udp.pbx.example: "))
    assert f"10 0 {first} a.pbx.example" in services
    assert any(line.startswith(f"? A b.pbx.example: {TWO} (ttl ") for line in lines)
    targets = [line for line in lines if line[0] in "12"]
    assert targets[0].startswith(f"1 udp:{ONE}:{first}  ")
    assert targets[1].startswith(f"2 udp:{TWO}:{second}  ")
    assert re.fullmatch(
        rf"udp:{re.escape(ONE)}:{first}  200 OK  [0-9]+\.[0-9] ms  pbx\\x1b\[31m", lines[-1]
    )
    assert [line.split("  ")[0] for line in every.output.splitlines()[-2:]] == [
        f"udp:{ONE}:{first}",
        f"udp:{TWO}:{second}",
    ]


def test_a_host_stands_for_its_sip_uri_and_an_error_is_an_answer_too() -> None:
    with answering(ONE, 503) as port:
        result = sipfo("ping", f"{ONE}:{port}", "--from", HERE)
    assert result.exit_code == 0
    assert "503 Service Unavailable" in result.output


def test_each_ping_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ping, "INTERVAL", 0.0)
    with answering(ONE) as port:
        result = sipfo("ping", f"sip:{ONE}:{port}", "--count", "2")
    assert result.output.count("200 OK") == 2


def test_a_name_that_leads_nowhere_ends_with_1_and_says_why(tmp_path: Path) -> None:
    with naming(tmp_path, "a.example. 60 IN A 192.0.2.1") as dns:
        result = sipfo("ping", "sip:b.example", "--dns", dns)
    assert result.exit_code == 1
    assert result.output.splitlines()[-1].startswith("unresolvable: NXDOMAIN")


def test_a_target_that_does_not_answer_ends_with_1() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((ONE, 0))
        port = silent.getsockname()[1]
        result = sipfo("ping", f"sip:{ONE}:{port}", "--wait", "0.05")
    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == f"udp:{ONE}:{port}  no answer within 0.05 s"


def test_with_all_one_that_is_silent_is_enough_to_end_with_1(tmp_path: Path) -> None:
    with answering(ONE) as port:
        zone = (f"pbx.example. 60 IN A {ONE}", f"pbx.example. 60 IN A {TWO}")
        with naming(tmp_path, *zone) as dns:
            result = sipfo("ping", f"sip:pbx.example:{port}", "--dns", dns, "--all")
    assert result.exit_code == 1
    assert "200 OK" in result.output
    assert "unreachable (ICMP)" in result.output


def test_a_target_of_another_family_than_ours_is_passed_over() -> None:
    result = sipfo("ping", "sip:[2001:db8::1]", "--from", HERE)
    assert result.exit_code == 1
    assert "passed over: it is of another address family than --from" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sip:"], "is no SIP URI"),
        (["tel:+1"], "is no SIP URI"),
        (["sip:a", "--from", "here"], "write an address"),
        (["sip:a", "--dns", "here"], "write 192.0.2.53"),
        (["sip:a", "--ca", "/nowhere/ca.pem"], "/nowhere/ca.pem"),
    ],
)
def test_what_cannot_be_used_is_said_with_exit_2(arguments: list[str], said: str) -> None:
    result = sipfo("ping", *arguments)
    assert result.exit_code == 2
    assert said in result.output
