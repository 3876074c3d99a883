"""What numbers and trunks cost on Kamailio: compiling, starting, memory, and calls.

    .venv/bin/python benchmarks/kamailio.py           # prints a table; about a minute

Everything runs in a private network. A call is an INVITE that a scripted route refuses at once, and is
seen through to its ACK; so many are under way at a time. The cost of looking a number up does not
grow when the calls per second of Kamailio's CPU time stay the same from row to row. Times of a busy
machine mean little; ratios do.
"""

from __future__ import annotations

import os
import re
import resource
import select
import socket
import subprocess
import sys
import time
from pathlib import Path

from sipfo.compiler.targets.folder import write
from sipfo.compiler.targets.kamailio.emit import render
from sipfo.plan.model import (
    Accept,
    Egress,
    Listen,
    NumberPrefix,
    NumberRange,
    OnCode,
    Plan,
    Retry,
    Route,
    Rule,
    Trunk,
)
from sipfo.verify.lab.space.enter import FILES, become_root, run_inside
from sipfo.verify.lab.space.interface import add_addresses

SIZES = ((100, 2), (1_000, 20), (10_000, 200), (100_000, 2_000))
"""Numbers, and the trunks that share them."""

CALLS = 3_000
AT_ONCE = 20
CALLER, DOOR, ROUTE = ("203.0.113.1", 5060), ("192.0.2.10", 5060), ("198.51.100.1", 5060)
TICKS = os.sysconf("SC_CLK_TCK")


def plan(numbers: int, trunks: int) -> Plan:
    """Half of the claims are ranges, half prefixes; each trunk has as many as any other."""
    each = numbers // trunks // 2
    made = []
    for place in range(trunks):
        first = place * each
        ranges = [
            NumberRange(first=f"+1{one:06}0013", last=f"+1{one:06}0077")
            for one in range(first, first + each)
        ]
        prefixes = [NumberPrefix(prefix=f"+44{one:06}") for one in range(first, first + each)]
        made.append(
            Trunk(
                name=f"trunk-{place}",
                numbers=(*ranges, *prefixes),
                accept=Accept(networks=("203.0.113.0/24",)),
                egress=("here",),
                method="sequential",
                routes=("pbx",),
                retry="never",
            )
        )
    return Plan(
        listen=(Listen(transport="udp", host=DOOR[0], port=DOOR[1]),),
        egress=(Egress(name="here", host=DOOR[0], port=DOOR[1]),),
        routes=(Route(name="pbx", destinations=(f"sip:{ROUTE[0]}",)),),
        retries=(
            Retry(
                name="never",
                rules=(Rule(match=OnCode(code=486), verdict="stop"),),
                otherwise="stop",
            ),
        ),
        trunks=tuple(made),
    )


def one(numbers: int, trunks: int) -> float:
    """One row of the table, in a namespace of its own; the calls per CPU-second."""
    drawn = plan(numbers, trunks)
    folder = Path(FILES) / "kamailio"
    before = time.process_time()
    files = render(drawn, str(folder), {})
    compiling = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    write(folder, files)
    rows = sum(text.text.count("\n") for name, text in files.items() if name.startswith("data/"))
    add_addresses({DOOR[0], ROUTE[0], CALLER[0]})
    with (folder / "log").open("wb") as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            [folder / "start", "-DD", "-E"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        while rpc(folder, "core.uptime") == "":
            if process.poll() is not None:
                raise SystemExit((folder / "log").read_text())
            select.select([], [], [], 0.02)
        starting = time.perf_counter() - began
        shared = int(re.findall(r"real_used: (\d+)", rpc(folder, "core.shmmem"))[0]) / 2**20
        used = cpu(folder)
        began = time.perf_counter()
        done = call(numbers)
        took = time.perf_counter() - began
        rate = done / max(cpu(folder) - used, 1 / TICKS)
        began = time.perf_counter()
        reloaded = subprocess.run([folder / "reload"], check=False).returncode
        reloading = time.perf_counter() - began
        assert reloaded == 0
        print(
            f"{numbers:8} {trunks:7} {rows:8} {compiling:9.2f} {peak:6.0f} {starting:8.2f}"
            f" {shared:8.1f} {done / took:8.0f} {rate:13.0f} {reloading:8.2f}",
            flush=True,
        )
        return rate
    finally:
        process.kill()
        process.wait()


def rpc(folder: Path, method: str) -> str:
    """What kamcmd says; "" when there is nobody."""
    words = ["kamcmd", "-s", f"unix:{folder}/run/kamailio.sock", method]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout


def cpu(folder: Path) -> float:
    """Seconds of CPU time that Kamailio's processes have had. /proc is not the namespace's own: they
    are known by their command line."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if str(folder).encode() in (stat.parent / "cmdline").read_bytes():
                fields = stat.read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        except OSError:
            continue  # it has ended
    return ticks / TICKS


def call(numbers: int) -> int:
    """Place the calls, to numbers all over; how many were refused as they must be."""
    caller = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    route = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    caller.bind(CALLER)
    route.bind(ROUTE)
    each = numbers // 2
    placed = done = 0
    finished: set[bytes] = set()
    while done < CALLS:
        while placed < CALLS and placed - done < AT_ONCE:
            one = placed * 7919 % each
            number = f"+1{one:06}0050" if placed % 2 else f"+44{one:06}1234"
            caller.sendto(invite(number, placed), DOOR)
            placed += 1
        ready, _, _ = select.select([caller, route], [], [], 5.0)
        if not ready:
            raise SystemExit(f"{placed - done} calls got no answer")
        if route in ready:
            data, there = route.recvfrom(65535)
            if data.startswith(b"INVITE"):
                route.sendto(refusal(data), there)
        if caller in ready:
            data = caller.recv(65535)
            name = re.findall(rb"Call-ID: (\S+)", data)[0]
            if data.startswith(b"SIP/2.0 486"):
                caller.sendto(ack(data), DOOR)
                done += name not in finished
                finished.add(name)
            elif not data.startswith(b"SIP/2.0 1"):
                raise SystemExit(data.decode())
    return done


def invite(number: str, place: int) -> bytes:
    return (
        f"INVITE sip:{number}@{DOOR[0]} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {CALLER[0]}:{CALLER[1]};branch=z9hG4bK-{place};rport\r\n"
        f"From: <sip:caller@{CALLER[0]}>;tag=c{place}\r\nTo: <sip:{number}@{DOOR[0]}>\r\n"
        f"Call-ID: {place}\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
        f"Contact: <sip:{CALLER[0]}>\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def refusal(data: bytes) -> bytes:
    lines = [
        line + (b";tag=r" if line.startswith(b"To:") else b"")
        for line in data.split(b"\r\n")
        if line.startswith((b"Via:", b"From:", b"To:", b"Call-ID:", b"CSeq:"))
    ]
    return b"\r\n".join([b"SIP/2.0 486 Busy Here", *lines, b"Content-Length: 0", b"", b""])


def ack(data: bytes) -> bytes:
    place = re.findall(rb"Call-ID: (\S+)", data)[0].decode()
    to = re.findall(rb"To: ([^\r]+)", data)[0].decode()
    uri = re.findall("<(.*?)>", to)[0]
    return (
        f"ACK {uri} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {CALLER[0]}:{CALLER[1]};branch=z9hG4bK-{place};rport\r\n"
        f"From: <sip:caller@{CALLER[0]}>;tag=c{place}\r\nTo: {to}\r\n"
        f"Call-ID: {place}\r\nCSeq: 1 ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def main() -> None:
    """The whole table, each row in a process and a namespace of its own."""
    become_root()
    print(
        " numbers  trunks data rows compile s    MiB  start s shared MiB calls/s calls/CPU-s"
        " reload s",
        flush=True,
    )
    rates = []
    for numbers, trunks in SIZES:
        read, write = os.pipe()

        def work(numbers: int = numbers, trunks: int = trunks, pipe: int = write) -> int:
            os.write(pipe, str(one(numbers, trunks)).encode())
            return 0

        _, status = os.waitpid(run_inside(work), 0)
        os.close(write)
        with os.fdopen(read) as said:
            rates.append(said.read())
        if status != 0:
            sys.exit(1)
    print(
        f"calls per CPU-second at {SIZES[-1][0]:,} numbers: {float(rates[-1]) / float(rates[0]):.2f}"
        f" of those at {SIZES[0][0]}"
    )


if __name__ == "__main__":
    main()
