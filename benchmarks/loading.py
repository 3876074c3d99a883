"""One run of SIPp at both ends of an engine, and what the engine took for it.

CPU time is the kernel's own count in nanoseconds, memory the engine's proportional share, and what
a caller waits for 180 is read from a capture, in microseconds. What would surprise: whoever is
measured is a group of processes, and all of it counts.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from engines import ANSWERS, CALLER, ENGINE, LOAD, REFUSES, Command

MOST_FAILED: Final = 0.001
"""The part of its calls that an engine may fail and still sustain a rate."""

LATE: Final = 4.0
"""Seconds after the last call within which all must be over; what is not has failed."""

LOOK: Final = 0.5
"""Seconds between looks at an engine's memory."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of an engine: calls a second for so long, with or without a failing route."""

    fails_first: bool
    rate: int
    seconds: float

    @property
    def calls(self) -> int:
        """How many that makes."""
        return max(1, round(self.rate * self.seconds))


@dataclass(frozen=True, slots=True)
class Run:
    """What came of it: CPU seconds, MiB at the peak, seconds that it took, and milliseconds from
    INVITE to 180 (empty where nobody looked)."""

    rate: int
    calls: int
    answered: int
    cpu: float
    peak: float
    took: float
    delays: tuple[float, ...] = ()

    @property
    def each(self) -> float:
        """Calls per CPU-second."""
        return self.answered / self.cpu if self.cpu else 0.0

    @property
    def failed(self) -> int:
        """Calls that were not answered, or not in time."""
        return self.calls - self.answered


def is_sustained(run: Run, load: Load) -> bool:
    """Whether an engine kept up, and so did SIPp."""
    return run.failed < MOST_FAILED * load.calls and run.took < load.seconds + LATE


@contextmanager
def serving(command: Command, folder: Path) -> Iterator[int]:
    """An engine that listens; the number of its group."""
    words, more = command
    with _running(words, folder, more) as group:
        _answers(ENGINE, folder)
        yield group


def call(group: int, load: Load, folder: Path, looks: bool = False) -> Run:
    """Place the calls through an engine, or, for group 0, straight at the callee; `looks`: with a
    capture of what the caller sees."""
    before = _cpu(group)
    with ExitStack() as held:
        held.enter_context(_callee("answers", ANSWERS, folder))
        if load.fails_first:
            held.enter_context(_callee("refuses", REFUSES, folder))
        capture = held.enter_context(_capture(folder)) if looks else None
        answered, took, peak = _place(group, load, folder)
        used = _cpu(group) - before
        if capture is not None:
            time.sleep(0.3)  # what the kernel has not handed over yet
    delays = _delays(capture) if capture is not None else ()
    return Run(load.rate, load.calls, answered, used, peak, took, delays)


def _place(group: int, load: Load, folder: Path) -> tuple[int, float, float]:
    """How many calls were answered, the seconds it took, and the engine's peak."""
    for old in folder.glob("*_.csv"):
        old.unlink()
    there = ENGINE if group else ANSWERS
    words = [*_sipp("caller", CALLER), "-r", load.rate, "-m", load.calls, "-l", load.calls]
    words += ["-trace_stat", "-fd", "1", "-timeout", f"{load.seconds + LATE:.0f}s", f"{there}:5060"]
    began = time.monotonic()
    program = subprocess.Popen(
        [*map(str, words)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peak = 0.0
    try:
        while program.poll() is None and time.monotonic() < began + load.seconds + 30:
            peak = max(peak, _memory(group))
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(LOOK)
    finally:
        program.kill()
        program.wait()
    took = time.monotonic() - began
    rows = [line.split(";") for line in next(folder.glob("*_.csv")).read_text().splitlines()]
    last = dict(zip(rows[0], rows[-1], strict=False))
    return int(last["SuccessfulCall(C)"]), took, max(peak, _memory(group))


def _sipp(scenario: str, host: str) -> list[str | Path | float]:
    sizes = ["-buff_size", "4194304"]
    return ["sipp", "-sf", LOAD / f"{scenario}.xml", "-i", host, "-p", "5060", "-nostdin", *sizes]


@contextmanager
def _callee(scenario: str, host: str, folder: Path) -> Iterator[None]:
    with _running([*map(str, _sipp(scenario, host))], folder, {}):
        _wait_for(host, folder)
        yield


@contextmanager
def _running(words: Sequence[str | Path], folder: Path, more: dict[str, str]) -> Iterator[int]:
    """A program as the leader of a group, which ends with it; its process id."""
    with (folder / "log").open("ab") as log:
        program = subprocess.Popen(
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, **more},
        )
    try:
        yield program.pid
    finally:
        # Nothing of it is wanted any more, and a SIPp that is asked to end takes seconds for it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()


@contextmanager
def _capture(folder: Path) -> Iterator[Path | None]:
    """What passes the caller's address; None where nobody may look."""
    if shutil.which("tcpdump") is None:
        yield None
        return
    file = folder / "caller.pcap"
    words = ["tcpdump", "-i", "lo", "-n", "-U", "-s", "400", "-B", "8192", "-w", str(file)]
    words.append(f"udp port 5060 and host {CALLER}")
    with _running(words, folder, {}):
        end = time.monotonic() + 5
        while not (file.exists() and file.stat().st_size) and time.monotonic() < end:
            time.sleep(0.02)
        yield file if file.exists() else None


def _delays(file: Path | None) -> tuple[float, ...]:
    """Milliseconds from each INVITE that the caller sent first to its 180."""
    if file is None:
        return ()
    invited: dict[bytes, float] = {}
    found: list[float] = []
    for moment, data in _packets(file.read_bytes()):
        call_id = data.partition(b"Call-ID: ")[2].partition(b"\r")[0]
        if data.startswith(b"INVITE "):
            invited.setdefault(call_id, moment)
        elif data.startswith(b"SIP/2.0 180") and call_id in invited:
            found.append((moment - invited.pop(call_id)) * 1000)
    return tuple(found)


def _packets(data: bytes) -> Iterator[tuple[float, bytes]]:
    """The moment and payload of each datagram of a capture on Ethernet's or loopback's link."""
    start = 24
    while start + 16 <= len(data):
        seconds, micro, size, _ = struct.unpack_from("=IIII", data, start)
        frame = data[start + 16 : start + 16 + size]
        start += 16 + size
        head = (frame[14] & 15) * 4 if len(frame) > 34 else 0
        if head:
            yield seconds + micro / 1e6, frame[14 + head + 8 :]


def _family(group: int) -> Iterator[Path]:
    """The processes of a group."""
    if not group:
        return
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            if int(stat.read_text().rpartition(")")[2].split()[2]) == group:
                yield stat.parent


def _cpu(group: int) -> float:
    """Seconds on a CPU that a group's processes and threads have had."""
    total = 0
    for one in _family(group):
        for task in one.glob("task/*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(task.read_text().split()[0])
    return total / 1e9


def _memory(group: int) -> float:
    """MiB that a group's processes hold, what they share counted once."""
    total = 0
    for one in _family(group):
        with contextlib.suppress(OSError, ValueError, IndexError):
            words = (one / "smaps_rollup").read_text().split()
            total += int(words[words.index("Pss:") + 1])
    return total / 1024


def _wait_for(host: str, folder: Path) -> None:
    """Until somebody has this address's port 5060; 20 s at most."""
    octets = [int(octet) for octet in reversed(host.split("."))]
    wanted = "{:02X}{:02X}{:02X}{:02X}:{:04X}".format(*octets, 5060)
    end = time.monotonic() + 20
    while wanted not in Path("/proc/net/udp").read_text():
        if time.monotonic() > end:
            _give_up(host, folder)
        time.sleep(0.02)


def _answers(host: str, folder: Path) -> None:
    """Until whoever has this address answers an OPTIONS, with whatever it has to say; 20 s at most."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind((CALLER, 0))
        asking.settimeout(0.25)
        here = "{}:{}".format(*asking.getsockname())
        end = time.monotonic() + 20
        for number in itertools.count(1):
            text = (
                f"OPTIONS sip:{host} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{number};rport\r\n"
                f"From: <sip:bench@{here}>;tag=1\r\nTo: <sip:{host}>\r\nCall-ID: {number}@{here}\r\n"
                f"CSeq: {number} OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
            )
            with contextlib.suppress(OSError):  # nobody yet, or nothing within the time
                asking.sendto(text.encode(), (host, 5060))
                asking.recv(4096)
                return
            if time.monotonic() > end:
                _give_up(host, folder)
            time.sleep(0.05)


def _give_up(host: str, folder: Path) -> NoReturn:
    said = (folder / "log").read_text(errors="replace")[-2000:]
    sys.exit(f"nobody is at {host}:5060\n{said}")
