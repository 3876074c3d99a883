"""What a call costs on each engine: SIPp at both ends, the engines in turn, in one run.

    .venv/bin/python benchmarks/calls.py                       # a table; some minutes
    .venv/bin/python benchmarks/calls.py --rates 50,100 --seconds 5 --engines runtime,kamailio

INVITE, 100, 180, 200, ACK, BYE and 200 over UDP on loopback: plain, and with a first route that
answers 503. The figure is calls for each second of CPU time that the engine's own processes took.
Machines differ and their speed drifts: what counts is the ratio between the rows of one run.
An engine that is not installed is left out by name.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
LOAD: Final = HERE / "load"
ENGINE, ANSWERS, REFUSES, CALLER = (f"127.60.0.{n}" for n in range(10, 14))
TICKS: Final = os.sysconf("SC_CLK_TCK")
POLICY: Final = """\
sipfo 1
listen udp {engine}:5060
retry standard {{ failover on 503, 408  otherwise stop  no-response 4s }}
route first {{ to sip:{first}:5060 }}
route second {{ to sip:{second}:5060 }}
trunk all {{ numbers any  accept from 127.0.0.0/8  routes sequential {routes}  retry standard }}
"""


@dataclass(frozen=True)
class Load:
    """What is asked of an engine: calls a second for so long, with or without a failing route."""

    fails_first: bool
    rate: int
    seconds: int

    @property
    def calls(self) -> int:
        return self.rate * self.seconds


@dataclass(frozen=True)
class Figure:
    """What came of it: seconds of CPU, MiB at the peak, milliseconds from INVITE to 180."""

    answered: int
    failed: int
    cpu: float
    peak: float
    p50: float
    p99: float


def main() -> None:
    """Every engine, every load."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rates", default="50,100,200")
    options.add_argument("--seconds", type=int, default=10)
    options.add_argument("--engines", default=",".join(ENGINES))
    chosen = options.parse_args()
    if shutil.which("sipp") is None:
        sys.exit("sipp is not installed: apt-get install sip-tester")
    rates = [int(rate) for rate in chosen.rates.split(",")]
    print(f"{os.cpu_count()} CPUs, {' '.join(os.uname()[:3:2])}, Python {sys.version.split()[0]}")
    print(
        "engine              load     calls/s  answered  failed   calls/CPU-s   MiB    p50   p99 ms"
    )
    for fails_first in (False, True):
        for rate in rates:
            for name in chosen.engines.split(","):
                load = Load(fails_first, rate, chosen.seconds)
                _show(name, load, measure(name, load))


def _show(name: str, load: Load, figure: Figure | str) -> None:
    kind = "503 first" if load.fails_first else "plain"
    start = f"{name:18}  {kind:9} {load.rate:6}"
    if isinstance(figure, str):
        print(f"{start}   {figure}")
        return
    each = figure.answered / figure.cpu if figure.cpu else 0
    print(
        f"{start}  {figure.answered:8}  {figure.failed:6}  {each:12.0f}  {figure.peak:4.0f}"
        f"  {figure.p50:5.1f} {figure.p99:5.1f}",
        flush=True,
    )


def measure(name: str, load: Load) -> Figure | str:
    """One engine under one load; a word about why not, if it is not there."""
    with tempfile.TemporaryDirectory(prefix="sipfo-bench-") as place:
        folder = Path(place)
        command = ENGINES[name](folder, load)
        if isinstance(command, str):
            return command
        with _running(command, folder) as engine, _ends(load, folder):
            _wait_for(ENGINE)
            before = _cpu(engine)
            answered, failed = _call(load, folder)
            cpu = _cpu(engine) - before
            return Figure(answered, failed, cpu, _peak(engine), *_delays(folder))


def _runtime(folder: Path, load: Load) -> Sequence[str | Path]:
    policy = folder / "policy.sipfo"
    policy.write_text(_policy(load))
    sipfo = Path(sys.executable).with_name("sipfo")
    return [sipfo, "run", policy, "--records", folder / "calls.db", "--metrics", f"{ENGINE}:9060"]


def _kamailio(folder: Path, load: Load) -> Sequence[str | Path] | str:
    if shutil.which("kamailio") is None:
        return "not installed: apt-get install kamailio kamailio-extra-modules"
    policy = folder / "policy.sipfo"
    policy.write_text(_policy(load))
    sipfo = Path(sys.executable).with_name("sipfo")
    made = [sipfo, "compile", policy, "--target", "kamailio", "-o", folder / "kamailio"]
    subprocess.run(made, check=True, capture_output=True)
    return [folder / "kamailio" / "start", "-DD", "-E"]


def _minimum(folder: Path, load: Load) -> Sequence[str | Path] | str:
    if shutil.which("kamailio") is None:
        return "not installed: apt-get install kamailio"
    text = (LOAD / "kamailio-minimum.cfg").read_text()
    config = folder / "kamailio.cfg"
    config.write_text(text.replace("FIRST", REFUSES if load.fails_first else ANSWERS))
    memory = ["-x", "fm", "-m", "2048", "-M", "32"]
    return ["kamailio", "-f", config, "-DD", "-E", *memory, "-Y", folder, "-w", folder]


ENGINES: Final = {"runtime": _runtime, "kamailio": _kamailio, "kamailio-minimum": _minimum}


def _policy(load: Load) -> str:
    return POLICY.format(
        engine=ENGINE,
        first=REFUSES,
        second=ANSWERS,
        routes="first, second" if load.fails_first else "second",
    )


@contextmanager
def _running(command: Sequence[str | Path], folder: Path) -> Iterator[int]:
    """A program as the leader of a group, which ends with it; its process id."""
    with (folder / "log").open("ab") as log:
        program = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield program.pid
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(program.pid, number)
                program.wait(5 if number == signal.SIGTERM else None)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


@contextmanager
def _ends(load: Load, folder: Path) -> Iterator[None]:
    """The hosts that calls are sent to."""
    with _running(_sipp("answers", ANSWERS), folder):
        _wait_for(ANSWERS)
        if not load.fails_first:
            yield
            return
        with _running(_sipp("refuses", REFUSES), folder):
            _wait_for(REFUSES)
            yield


def _sipp(scenario: str, host: str) -> list[str | Path]:
    return ["sipp", "-sf", LOAD / f"{scenario}.xml", "-i", host, "-p", "5060", "-nostdin"]


def _call(load: Load, folder: Path) -> tuple[int, int]:
    """Place the calls; how many were answered and how many failed."""
    options = ["-r", load.rate, "-m", load.calls, "-l", load.calls, "-trace_stat", "-trace_rtt"]
    limits = [
        "-rtt_freq",
        1,
        "-timeout",
        f"{load.seconds + 20}s",
        "-timeout_error",
        f"{ENGINE}:5060",
    ]
    subprocess.run(
        [*map(str, [*_sipp("caller", CALLER), *options, *limits])],
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=load.seconds + 40,
    )
    rows = [line.split(";") for line in next(folder.glob("*_.csv")).read_text().splitlines()]
    last = dict(zip(rows[0], rows[-1], strict=False))
    return int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"])


def _delays(folder: Path) -> tuple[float, float]:
    """The median and the 99th percentile of INVITE to 180, in milliseconds."""
    lines = next(folder.glob("*_rtt.csv")).read_text().splitlines()[1:]
    delays = sorted(float(line.split(";")[1]) for line in lines if line)
    if not delays:
        return 0.0, 0.0
    return delays[len(delays) // 2], delays[int(len(delays) * 0.99)]


def _family(leader: int) -> Iterator[Path]:
    """The processes of a group."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            group = int(stat.read_text().rpartition(")")[2].split()[2])
        except (OSError, ValueError):
            continue
        if group == leader:
            yield stat.parent


def _cpu(leader: int) -> float:
    """Seconds of user and system time that a group's processes have taken."""
    fields = [(one / "stat").read_text().rpartition(")")[2].split() for one in _family(leader)]
    return sum(int(one[11]) + int(one[12]) for one in fields) / TICKS


def _peak(leader: int) -> float:
    """MiB that a group's processes have held at most, shared memory counted once."""
    total = 0
    for one in _family(leader):
        words = (one / "status").read_text().split()
        total += int(words[words.index("RssAnon:") + 1])
    return total / 1024


def _wait_for(host: str) -> None:
    """Until somebody has this address's port 5060; 15 s at most."""
    octets = [int(octet) for octet in reversed(host.split("."))]
    wanted = "{:02X}{:02X}{:02X}{:02X}:{:04X}".format(*octets, 5060)
    end = time.monotonic() + 15
    while wanted not in Path("/proc/net/udp").read_text():
        if time.monotonic() > end:
            sys.exit(f"nobody listens at {host}:5060")
        time.sleep(0.05)
    time.sleep(0.3)


if __name__ == "__main__":
    main()
