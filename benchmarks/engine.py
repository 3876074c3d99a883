"""What the engine alone takes for a call: bytes in, bytes out, no socket, no record kept.

    .venv/bin/python benchmarks/engine.py             # calls for each second of CPU; a few seconds
    .venv/bin/python benchmarks/engine.py --profile   # where they went

One call is INVITE, 100, 180, 200, ACK, BYE and 200 on both sides: seven messages in, seven out.
"""

from __future__ import annotations

import argparse
import cProfile
import itertools
import pstats
import re
import time

from sipfo.plan.model import (
    Accept,
    AnyNumber,
    Egress,
    Listen,
    OnCode,
    Plan,
    Retry,
    Route,
    Rule,
    Trunk,
)
from sipfo.runtime.engine import Engine
from sipfo.runtime.locate import Target
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.wire.calm import settle

SIPFO, CALLER, CALLEE = ("192.0.2.10", 5060), ("192.0.2.200", 5060), ("198.51.100.10", 5060)
IN, OUT = Flow("udp", SIPFO, CALLER), Flow("udp", SIPFO, CALLEE)
SDP = (
    b"v=0\r\no=caller 53655765 2353687637 IN IP4 192.0.2.200\r\ns=-\r\nc=IN IP4 192.0.2.200\r\n"
    b"t=0 0\r\nm=audio 6000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
)
RUNS = 5


def plan() -> Plan:
    """One trunk, one route, the codes of a usual policy."""
    rules = [Rule(match=OnCode(code=code), verdict="failover") for code in (408, 480, 503, 504)]
    return Plan(
        listen=(Listen(transport="udp", host=SIPFO[0], port=5060),),
        egress=(Egress(name="listen", host=SIPFO[0], port=5060),),
        routes=(Route(name="pbx", destinations=(f"sip:{CALLEE[0]}",)),),
        retries=(Retry(name="standard", rules=tuple(rules), otherwise="stop", no_response=2.0),),
        trunks=(
            Trunk(
                name="acme",
                numbers=(AnyNumber(),),
                accept=Accept(networks=("192.0.2.128/25",)),
                egress=("listen",),
                method="sequential",
                routes=("pbx",),
                retry="standard",
            ),
        ),
    )


class Bench:
    """An engine, and whoever talks to it by cutting and pasting bytes."""

    def __init__(self, given: Plan | None = None) -> None:
        """`given` is another plan than that of one trunk and one route."""
        tokens = itertools.count(1)
        self.engine = Engine(given or plan(), lambda: f"t{next(tokens):012x}", lambda most: 0)
        self.now = 0.0
        self.engine.start(self.now)
        self.number = 0
        self.caller, self.called = CALLER[0], "+13125550123"

    def call(self) -> None:
        """One call from its INVITE to the response to its BYE."""
        invite, name = self.invite()
        _, out = self.send(invite, IN)
        for status in (b"100 Trying", b"180 Ringing"):
            self.send(answer_to(out, status), OUT)
        (answer,) = self.send(answer_to(out, b"200 OK", SDP), OUT)
        tag = find(rb"(?m)^To:.*(;tag=\S+)\r$", answer)
        target = find(rb"(?m)^Contact:.*<(.*?)>", answer)
        self.send(self.request(b"ACK", 1, name, target, tag), IN)
        (bye,) = [
            one
            for one in self.send(self.request(b"BYE", 2, name, target, tag), IN)
            if one.startswith(b"BYE ")
        ]
        self.send(answer_to(bye, b"200 OK"), OUT)

    def invite(self) -> tuple[bytes, bytes]:
        """The INVITE of another call, and its Call-ID."""
        self.number += 1
        self.now += 0.001
        name = f"call-{self.number}@caller".encode()
        uri = f"sip:{self.called}@192.0.2.10".encode()
        return self.request(b"INVITE", 1, name, uri, b"", SDP), name

    def rest(self, seconds: float = 60.0) -> None:
        """Let time pass."""
        self.now += seconds
        self.engine.run_timers(self.now)
        self.engine.core.sends.clear()
        self.engine.core.records.clear()

    def send(self, data: bytes, flow: Flow) -> list[bytes]:
        """One message in; all that came out."""
        engine = self.engine
        engine.receive(data, flow, self.now)
        core, out = engine.core, []
        while core.sends or core.lookups:
            while core.lookups:
                found = (Target("udp", *CALLEE, CALLEE[0]),)
                engine.located(core.lookups.popleft().number, found, self.now)
            while core.sends:
                out.append(core.sends.popleft()[1])
        core.records.clear()
        due = engine.next_due()
        if due is not None and due <= self.now:
            engine.run_timers(self.now)
        return out

    def request(
        self, method: bytes, cseq: int, name: bytes, uri: bytes, tag: bytes, body: bytes = b""
    ) -> bytes:
        kind = b"Content-Type: application/sdp\r\n" if body else b""
        caller, called = self.caller.encode(), self.called.encode()
        return (
            b"%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s:5060;branch=z9hG4bK-%d-%s;rport\r\n"
            b"From: <sip:ann@%s>;tag=%d\r\nTo: <sip:%s@192.0.2.10>%s\r\n"
            b"Call-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:ann@%s:5060>\r\n"
            b"Max-Forwards: 70\r\n%sContent-Length: %d\r\n\r\n%s"
        ) % (
            *(method, uri, caller, self.number, method, caller, self.number, called, tag),
            *(name, cseq, method, caller, kind, len(body), body),
        )


def answer_to(request: bytes, status: bytes, body: bytes = b"") -> bytes:
    lines = [b"SIP/2.0 " + status]
    for line in request.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        name = line.partition(b":")[0].lower()
        if name == b"to" and b";tag=" not in line and not status.startswith(b"100"):
            line += b";tag=callee"
        if name in (b"via", b"from", b"to", b"call-id", b"cseq"):
            lines.append(line)
    kind = [b"Content-Type: application/sdp"] if body else []
    length = b"Content-Length: %d" % len(body)
    lines += [b"Contact: <sip:bob@198.51.100.10:5060>", *kind, length, b"", body]
    return b"\r\n".join(lines)


def find(pattern: bytes, data: bytes) -> bytes:
    found = re.search(pattern, data)
    assert found is not None, data
    return found[1]


def main() -> None:
    """Print the figure, or the profile."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--calls", type=int, default=2000)
    options.add_argument("--profile", action="store_true")
    chosen = options.parse_args()
    if chosen.profile:
        bench = Bench()
        profile = cProfile.Profile()
        profile.runcall(lambda: [bench.call() for _ in range(chosen.calls)])
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
        return
    figures = []
    for _ in range(RUNS):
        bench = Bench()
        settle()
        began = time.process_time()
        for _ in range(chosen.calls):
            bench.call()
        figures.append(chosen.calls / (time.process_time() - began))
    figures.sort()
    print(
        f"calls for each CPU-second: {figures[-1]:.0f} at best, {figures[RUNS // 2]:.0f} the median"
    )


if __name__ == "__main__":
    main()
