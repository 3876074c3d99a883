"""A call of every sort through one sipfo, whose capture file tshark and `strict` then read.

tshark says whether each message is well formed; `strict` whether sipfo's are right where they
stand. What would surprise: callers come one after the other, but who was given up comes late.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import Any

import pytest

from sipp import shark
from sipp.addresses import PORT
from sipp.harness import OURS, Bench
from sipp.narrow import Narrow

pytestmark = pytest.mark.sipp

SENT = {
    *("ACK", "BYE", "CANCEL", "INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK", "REFER"),
    "UPDATE",
}
ANSWERED = {100, 180, 183, 200, 202, 302, 403, 404, 405, 407, 481, 486, 487, 500, 603}
"""What sipfo sends in this run: every method, and these statuses."""

CHALLENGE = 'Digest realm="desk.example", nonce="47ebe028cda1", qop="auth", algorithm=MD5'
PASSWORD = "swordfish"
LATE = "2500"
"""Milliseconds until who was given up after 1000 speaks."""


@dataclass
class Desk:
    """Who is called: a scenario, or nobody at all."""

    scenario: str | None
    transport: str = "udp"
    calls: int = 1
    words: dict[str, Any] = field(default_factory=dict)
    account: bool = False


@dataclass
class Case:
    """A call: its caller, the desks that it is tried at in order, and what the trunk has besides."""

    caller: str
    desks: tuple[Desk, ...]
    transport: str = "udp"
    words: dict[str, Any] = field(default_factory=dict)
    more: str = ""
    retry: str = "standard"
    accept: str = "from 203.0.113.0/25"


def refuses(status: str, calls: int = 1, transport: str = "udp") -> Desk:
    return Desk("refuses", transport, calls, {"status": status})


def refused(status: str, code: str) -> Case:
    return Case("is-refused", (refuses(status),), words={"code": code})


def asks(status: str, name: str, proof: str) -> Desk:
    words = {"status": status, "field": name, "challenge": CHALLENGE, "proof": proof}
    return Desk("asks", words=words, account=True)


VERIFIED = f'<verifyauth assign_to="right" username="acme" password="{PASSWORD}"/>'
THERE = '<ereg regexp="Digest" search_in="hdr" header="Proxy-Authorization:" assign_to="right"/>'
FORWARD = "on failure forward to +13125550000 via refusing, willing, probed, secured, dead"

CASES = [
    Case("hangs-up", (Desk("rings-then-answers"),)),
    Case("is-hung-up-on", (Desk("hangs-up", "tcp"),), "tcp"),
    Case("reinvites", (Desk("is-reinvited", "tls"),), "tls"),
    Case("is-reinvited", (Desk("reinvites"),)),
    Case("is-hung-up-on-behind-a-proxy", (Desk("hangs-up"),)),
    Case("hangs-up", (Desk("answers-behind-a-proxy"),)),
    Case("cancels", (Desk("rings", "tcp"),)),
    Case("acknowledges-reliably", (Desk("reliable"),)),
    *(
        Case(
            "sends-request",
            (Desk("takes-request", words={"method": method}),),
            words={"method": method},
        )
        for method in ("INFO", "MESSAGE", "UPDATE")
    ),
    *(
        Case(
            "takes-request",
            (Desk("sends-request", words={"method": method}),),
            words={"method": method},
        )
        for method in ("INFO", "UPDATE")
    ),
    Case("extends", (Desk("wants-longer"),)),
    Case("says-much", (Desk("answers", "tcp"),), words={"filler": "y" * 1400}),
    Case("hangs-up", (asks("401", "WWW-Authenticate", VERIFIED),)),
    Case("hangs-up", (asks("407", "Proxy-Authenticate", THERE),)),
    # Nobody over UDP, TCP and TLS, then one who rings late and one who answers late, a refusal, and
    # early media of one who is there after all.
    Case(
        "hangs-up",
        (
            *(Desk(None, transport) for transport in ("udp", "tcp", "tls")),
            Desk("rings-late", words={"ms": LATE}),
            Desk("answers-late", words={"ms": LATE}),
            refuses("503 Service Unavailable", transport="tcp"),
            Desk("early-media"),
        ),
        retry="hasty",
    ),
    Case("hangs-up", (refuses("480 Temporarily Unavailable", 2),), more=FORWARD),
    Case("is-refused", (refuses("503 Service Unavailable", 2),), words={"code": "500"}),
    refused("302 Moved Temporarily\n      Contact: <sip:desk@192.0.2.99>", "302"),
    refused("404 Not Found", "404"),
    refused("486 Busy Here", "486"),
    refused("500 Server Internal Error", "500"),
    refused("603 Decline", "603"),
    Case(
        "proves",
        (Desk("answers"),),
        words={"user": "ann", "password": PASSWORD},
        accept='credential "ann" password secret PW',
    ),
    Case(
        "guesses",
        (Desk(None),),
        words={"user": "ann", "password": "guess"},
        accept='credential "ann" password secret PW',
    ),
]

STRAYS = ["MESSAGE", "SUBSCRIBE", "BYE", "CANCEL", "OPTIONS", "PUBLISH"]
"""Outside any dialog, from a known address."""


def stray(method: str, host: str, more: str = "") -> bytes:
    return (
        f"{method} sip:sipfo@{host} SIP/2.0\r\nVia: SIP/2.0/UDP {host};branch=z9hG4bK{method}{len(more)}"
        f";rport\r\nMax-Forwards: 70\r\nFrom: <sip:a@{host}>;tag=1\r\nTo: <sip:b@{host}>\r\n"
        f"Call-ID: {method}{len(more)}@{host}\r\nCSeq: 1 {method}\r\n{more}Content-Length: 0\r\n\r\n"
    ).encode()


def policy_words(cases: list[Case]) -> dict[str, str]:
    """The routes and trunks of the cases."""
    routes, trunks, desk = [], [], 0
    for n, case in enumerate(cases):
        names = []
        for one in case.desks:
            desk += 1
            names.append(f"desk-{desk}")
            account = ' auth "acme" password secret PW' if one.account else ""
            to = f"sip:198.51.100.{200 + desk};transport={one.transport}"
            routes.append(f"route desk-{desk} {{ to {to} {account} }}")
        trunks.append(
            f"trunk trunk-{n} {{ numbers {number(n)}  accept {case.accept}  from us"
            f"  routes sequential {', '.join(names)}  retry {case.retry}  {case.more} }}"
        )
    return {"routes": "\n".join(routes), "trunks": "\n".join(trunks)}


def number(n: int) -> str:
    return f"+131255501{n:02}"


def test_a_run_of_everything_is_well_formed(bench: Bench) -> None:
    secrets = bench.folder / "passwords"
    secrets.touch(0o600)
    secrets.write_text(f"PW={PASSWORD}\n", encoding="utf-8")
    desks = [desk for case in CASES for desk in case.desks]
    for n, desk in enumerate(desks, start=1):
        if desk.scenario is not None:
            bench.callee(
                f"desk-{n}", desk.scenario, calls=desk.calls, transport=desk.transport, **desk.words
            )
    bench.callee("carrier-1", "refuses", status="503 Service Unavailable")
    bench.callee("carrier-2", "answers")
    bench.callee("carrier-3", "is-probed", calls=2)
    bench.callee("carrier-4", "is-probed", transport="tls")
    papers = bench.tls.ours
    assert papers.key is not None
    bench.sipfo(
        "everything",
        *(f"--pcap={bench.seen}", f"--secrets={secrets}", f"--ca={bench.tls.authority.file}"),
        certificate=papers.certificate,
        key=papers.key,
        **policy_words(CASES),
    )
    for n, case in enumerate(CASES):
        play(bench, n, case)
    bench.caller("options", name="late-caller").ends()
    bench.caller("never-acknowledges", name="stranger", number=number(0), code="407").ends()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as known:
        known.bind((bench.block.of("late-caller"), PORT))
        known.settimeout(20)
        for method in STRAYS:
            known.sendto(
                stray(method, bench.block.of("late-caller")), (bench.block.of("sipfo"), PORT)
            )
            known.recv(65535)
    bench.finish()
    wire = bench.judge()
    ours = [one for one in wire.messages if one.source in OURS]
    assert {one.method for one in ours} - {None} == SENT
    assert {one.status for one in ours} - {0} == ANSWERED
    assert {one.headers["via"][8:11] for one in ours} == {"UDP", "TCP", "TLS"}
    broken = bench.seen.read_bytes().replace(b"v=0\r\n", b"v0=\r\n")
    assert shark.faults(broken), "the judge is asleep"


def play(bench: Bench, n: int, case: Case) -> None:
    """Place the call of a case, and wait until its caller is done."""
    if "credential" not in case.accept:
        bench.caller(case.caller, transport=case.transport, number=number(n), **case.words).ends()
        return
    with Narrow(bench.block, "stranger"):
        bench.caller(case.caller, through="stranger", number=number(n), **case.words).ends()
