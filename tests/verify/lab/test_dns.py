"""The lab's DNS server, asked by dnspython as any client would ask it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from sipfo.verify.lab.dns import DnsServer, main, read_zone, reply

ZONE = (
    "_sip._udp.example.com. 60 IN SRV 10 10 5060 a.example.com.",
    "a.example.com. 60 IN A 192.0.2.1",
    "www.example.com. 60 IN CNAME a.example.com.",
    "lost.example.com. 60 IN CNAME nowhere.example.com.",
    "round.example.com. 60 IN CNAME round.example.com.",
)
BIG = tuple(f"big.example.com. 60 IN A 198.51.100.{n}" for n in range(100))


def ask(name: str, kind: str, zone: Sequence[str] = ZONE) -> dns.message.Message:
    return reply(read_zone(zone), dns.message.make_query(name, kind))


@pytest.mark.parametrize(
    ("name", "kind", "rcode", "answers"),
    [
        ("_sip._udp.example.com", "SRV", dns.rcode.NOERROR, ["10 10 5060 a.example.com."]),
        ("A.Example.COM", "A", dns.rcode.NOERROR, ["192.0.2.1"]),
        ("www.example.com", "A", dns.rcode.NOERROR, ["a.example.com.", "192.0.2.1"]),
        ("www.example.com", "CNAME", dns.rcode.NOERROR, ["a.example.com."]),
        ("a.example.com", "AAAA", dns.rcode.NOERROR, []),
        ("_udp.example.com", "SRV", dns.rcode.NOERROR, []),  # an empty non-terminal: RFC 8020
        ("example.com", "NAPTR", dns.rcode.NOERROR, []),
        ("b.example.com", "A", dns.rcode.NXDOMAIN, []),
        ("x.a.example.com", "A", dns.rcode.NXDOMAIN, []),
        ("lost.example.com", "A", dns.rcode.NXDOMAIN, ["nowhere.example.com."]),
    ],
)
def test_what_is_there_is_answered_and_what_is_not_is_nodata_or_nxdomain(
    name: str, kind: str, rcode: dns.rcode.Rcode, answers: list[str]
) -> None:
    response = ask(name, kind)
    assert response.rcode() == rcode
    assert [rdata.to_text() for rrset in response.answer for rdata in rrset] == answers
    assert response.flags & dns.flags.AA
    assert not response.flags & dns.flags.RA


def test_a_negative_answer_says_for_how_long_it_holds() -> None:
    for name in ("a.example.com", "b.example.com"):
        (soa,) = ask(name, "AAAA").authority
        assert soa.rdtype == dns.rdatatype.SOA


def test_a_negative_answer_may_hold_for_no_time() -> None:
    query = dns.message.make_query("b.example.com", "A")
    (soa,) = reply(read_zone(ZONE), query, 0).authority
    assert soa.ttl == 0
    assert soa[0].minimum == 0


def test_a_cname_that_goes_round_ends() -> None:
    response = ask("round.example.com", "A")
    assert {rrset.rdtype for rrset in response.answer} == {dns.rdatatype.CNAME}


def test_a_zone_file_with_an_origin_is_read() -> None:
    text = "$ORIGIN example.com.\n$TTL 60\na IN A 192.0.2.1\n  IN A 192.0.2.2\n"
    assert len(ask("a.example.com", "A", text.split("\n")).answer[0]) == 2


@pytest.mark.parametrize(
    "line", ["a.example.com. 60 IN A 192.0.2.300", "a.example.com. 60 IN BAD x", "nonsense"]
)
def test_a_line_that_is_no_record_is_an_error_that_names_its_place(line: str) -> None:
    with pytest.raises(ValueError, match="zone:2"):
        read_zone(("a.example.com. 60 IN A 192.0.2.1", line))


def test_only_plain_questions_are_answered() -> None:
    zone = read_zone(ZONE)
    update = dns.message.make_query("a.example.com", "A")
    update.set_opcode(dns.opcode.NOTIFY)
    assert reply(zone, update).rcode() == dns.rcode.NOTIMP
    chaos = dns.message.make_query("a.example.com", "A", rdclass="CH")
    assert reply(zone, chaos).rcode() == dns.rcode.FORMERR


def test_it_counts_what_it_is_asked_and_fails_as_it_is_told() -> None:
    async def run() -> None:
        server = await DnsServer.start(ZONE)
        host, port = server.address
        query = dns.message.make_query("A.example.com", "A")
        good = await dns.asyncquery.udp(query, host, 5, port)
        assert good.rcode() == dns.rcode.NOERROR
        for rcode in (dns.rcode.SERVFAIL, dns.rcode.REFUSED):
            server.rcode = rcode
            assert (await dns.asyncquery.udp(query, host, 5, port)).rcode() == rcode
        server.silent = True
        for transport in (dns.asyncquery.udp, dns.asyncquery.tcp):
            with pytest.raises(dns.exception.Timeout):
                await transport(query, host, 0.1, port)
        assert server.queries == 5 * [("a.example.com", "A")]
        server.close()

    asyncio.run(run())


def test_a_big_answer_is_truncated_for_a_datagram_and_whole_over_tcp_and_with_edns() -> None:
    async def run() -> None:
        server = await DnsServer.start(BIG)
        host, port = server.address
        query = dns.message.make_query("big.example.com", "A")
        short = await dns.asyncquery.udp(query, host, 5, port)
        assert short.flags & dns.flags.TC
        assert len(short.to_wire()) <= 512
        whole = await dns.asyncquery.tcp(query, host, 5, port)
        assert len(whole.answer[0]) == len(BIG)
        query.use_edns(payload=4096)
        assert len((await dns.asyncquery.udp(query, host, 5, port)).answer[0]) == len(BIG)
        server.close()

    asyncio.run(run())


def test_noise_is_not_answered_and_does_no_harm() -> None:
    async def run() -> None:
        server = await DnsServer.start(ZONE)
        host, port = server.address
        query = dns.message.make_query("a.example.com", "A")
        wire = query.to_wire()
        response = dns.message.make_response(query).to_wire()
        for noise in (b"", b"\0", wire[:11], wire[:-1], wire + b"\0", response, b"\xff" * 40):
            assert server.answer(noise, 512) is None
        with socket.create_connection((host, port)) as stream:
            stream.sendall(b"\x00\x05ab")  # and then it hangs up
        assert server.queries == []
        assert (await dns.asyncquery.udp(query, host, 5, port)).rcode() == dns.rcode.NOERROR
        server.close()

    asyncio.run(run())


def test_a_taken_port_is_an_error() -> None:
    async def run() -> None:
        server = await DnsServer.start(ZONE)
        with pytest.raises(OSError, match="in use"):
            await DnsServer.start(ZONE, *server.address)
        server.close()

    asyncio.run(run())


def test_it_runs_as_a_program_until_it_is_told_to_stop(tmp_path: Path) -> None:
    zone = tmp_path / "zone"
    zone.write_text("\n".join(ZONE))
    with subprocess.Popen(
        [sys.executable, "-m", "sipfo.verify.lab.dns", "--listen", "127.0.0.1:0", str(zone)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        word, address = process.stdout.readline().split()
        host, port = address.split(":")
        query = dns.message.make_query("a.example.com", "A")
        response = dns.query.udp(query, host, 5, int(port))
        process.send_signal(signal.SIGTERM)
    assert (word, host) == ("listening", "127.0.0.1")
    assert response.answer[0][0].to_text() == "192.0.2.1"
    assert process.returncode == 0


def test_a_bad_zone_file_is_a_message_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zone = tmp_path / "zone"
    zone.write_text("nonsense\n")
    assert main([str(zone)]) == 2
    assert main([str(tmp_path / "missing")]) == 2
    assert "missing" in capsys.readouterr().err


@pytest.mark.parametrize("listen", ["5353", ":5353", "127.0.0.1:port"])
def test_an_address_without_host_or_port_is_a_usage_error(
    listen: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--listen", listen, "zone"])
    assert caught.value.code == 2
    assert "--listen" in capsys.readouterr().err
