"""What a call costs on each engine: SIPp at both ends, the engines in turn, in one run.

    make bench                                           # the whole: half an hour
    .venv/bin/python benchmarks/calls.py --brief         # the same within a quarter: ten minutes
    .venv/bin/python benchmarks/calls.py --quick         # a look: under two minutes
    .venv/bin/python benchmarks/calls.py --engines sipfo,asterisk --loads plain

INVITE, 100, 180, 200, ACK, BYE and 200 over UDP on loopback: plain, and with a first route that
answers 503. For each engine the highest rate is looked for that it sustains for 20 seconds with
under 0.1 % failed (its knee); then, at parts of that, calls for each second of CPU time that its own
processes took, its memory, and what a caller waits for 180 beyond what it waits without any engine.
Machines differ and their speed drifts: what counts is the ratio between the rows of one run. An
engine that is not installed is left out by name. The table, the same as JSON, and a picture are
written to benchmarks/results.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from engines import ENGINES, NotHere, versions
from loading import Load, Run, call, is_sustained, serving

RESULTS: Final = Path(__file__).parent / "results"
LOADS: Final = {"plain": False, "503": True}
FIRST_GUESS: Final = 50
"""Calls per second at which an engine is looked at first."""

SUSTAINED: Final = 20.0
"""Seconds that a rate must be sustained in the end."""

PARTS: Final = (0.25, 0.5, 0.75)
"""Of the knee: where a call's cost is measured; what a caller waits, at the half."""

MOST_RATE: Final = 12_000
"""What SIPp can do."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How exactly it is looked: the seconds that a rate is tried on the way to the knee, how many
    are tried there at most, how near the best that was good and the worst that was not must be, how
    many are held for twenty seconds at most, and the seconds of each run below the knee."""

    probed: float
    steps: int
    near: float
    held: int
    below: float


WHOLE: Final = Pace(3.0, 9, 1.1, 4, 8.0)
BRIEF: Final = Pace(2.0, 4, 1.25, 2, 3.0)


@dataclass(frozen=True, slots=True)
class Found:
    """One engine under one kind of load: the knee's run, and those below it; the delays in
    milliseconds are beyond those without an engine."""

    engine: str
    load: str
    knee: Run | None
    runs: tuple[Run, ...]
    p50: float | None
    p99: float | None

    @property
    def each(self) -> float:
        """Calls per CPU-second, over all runs below the knee."""
        used = sum(one.cpu for one in self.runs)
        return sum(one.answered for one in self.runs) / used if used else 0.0

    @property
    def peak(self) -> float:
        """MiB at most."""
        every = [*self.runs, *([self.knee] if self.knee else [])]
        return max((one.peak for one in every), default=0.0)


def main() -> None:
    """Every load, every engine."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="one low rate for all, and no knee")
    options.add_argument("--brief", action="store_true", help="a knee within a quarter")
    options.add_argument("--engines", default=",".join(ENGINES))
    options.add_argument("--loads", default=",".join(LOADS))
    options.add_argument("--rate", type=int, default=100, help="of the quick form")
    options.add_argument("--name", default="calls", help="of the files in benchmarks/results")
    options.add_argument(
        "--add", action="store_true", help="keep what the files have of other loads"
    )
    chosen = options.parse_args()
    if shutil.which("sipp") is None:
        sys.exit("sipp is not installed: apt-get install sip-tester")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # with whatever was started
    unknown = set(chosen.engines.split(",")) - set(ENGINES)
    if unknown or set(chosen.loads.split(",")) - set(LOADS):
        sys.exit(f"engines are {', '.join(ENGINES)}; loads are {', '.join(LOADS)}")
    pace = BRIEF if chosen.brief else WHOLE
    machine = _machine()
    print(machine, flush=True)
    began = time.monotonic()
    found: list[Found] = []
    left_out: dict[str, str] = {}
    print(HEAD, flush=True)
    try:
        for load in chosen.loads.split(","):
            for name in chosen.engines.split(","):
                if name in left_out:
                    continue
                try:
                    quick = chosen.quick
                    one = _quick(name, load, chosen.rate) if quick else _whole(name, load, pace)
                except NotHere as error:
                    left_out[name] = str(error)
                    print(f"{name}: not installed, left out ({error})", flush=True)
                    continue
                found.append(one)
                print(_row(one, found), flush=True)
    finally:  # what was found before it was stopped, too
        print(f"{time.monotonic() - began:.0f} s")
        if found:
            name = f"{chosen.name}-quick" if chosen.quick else chosen.name
            _write(name, machine, found, left_out, chosen.add)


def _quick(name: str, load: str, rate: int) -> Found:
    with tempfile.TemporaryDirectory(prefix="sipfo-bench-") as place:
        folder = Path(place)
        asked = Load(LOADS[load], rate, 2.5)
        with serving(ENGINES[name](folder, asked.fails_first), folder) as group:
            run = call(group, asked, folder, looks=True)
        p50, p99 = _beyond(run, _direct(rate, 1.5))
        return Found(name, load, None, (_bare(run),), p50, p99)


def _whole(name: str, load: str, pace: Pace) -> Found:
    fails_first = LOADS[load]
    with tempfile.TemporaryDirectory(prefix="sipfo-bench-") as place:
        folder = Path(place)
        knee = _knee(name, fails_first, folder, pace)
        runs = []
        p50 = p99 = None
        with serving(ENGINES[name](folder, fails_first), folder) as group:
            for part in PARTS:
                rate = max(1, round(knee.rate * part))
                run = call(group, Load(fails_first, rate, pace.below), folder, looks=part == 0.5)
                if part == 0.5:
                    p50, p99 = _beyond(run, _direct(rate, 3.0))
                runs.append(_bare(run))
        return Found(name, load, knee, tuple(runs), p50, p99)


def _knee(name: str, fails_first: bool, folder: Path, pace: Pace) -> Run:
    """The highest rate that is sustained: looked for in short steps, then held for twenty seconds.
    Each rate meets an engine that has just started."""

    def tried(rate: int, seconds: float) -> tuple[bool, Run]:
        load = Load(fails_first, rate, seconds)
        with serving(ENGINES[name](folder, fails_first), folder) as group:
            run = call(group, load, folder)
        return is_sustained(run, load), run

    good, run = tried(FIRST_GUESS, pace.probed)
    rate = int(min(MOST_RATE, max(FIRST_GUESS, run.each * 0.7))) if good else FIRST_GUESS
    best, worst = (FIRST_GUESS, 0) if good else (0, FIRST_GUESS)
    for _ in range(pace.steps):
        if best and worst and worst <= best * pace.near:
            break
        rate = _next(best, worst, rate)
        good, _ = tried(rate, pace.probed)
        best, worst = (rate, worst) if good else (best, rate)
        if best >= MOST_RATE:
            break
    rate = max(1, best)
    for _ in range(pace.held):
        good, run = tried(rate, SUSTAINED)
        if good:
            break
        rate = max(1, round(rate * 0.85))
    return run


def _next(best: int, worst: int, guess: int) -> int:
    """The rate to try between the best that was good and the worst that was not."""
    if best and worst:
        return round((best * worst) ** 0.5)
    if worst:
        return max(1, round(worst * 0.6))
    return min(MOST_RATE, guess if guess > best else best * 2)


@cache
def _direct(rate: int, seconds: float) -> Run:
    """SIPp to SIPp, without an engine."""
    with tempfile.TemporaryDirectory(prefix="sipfo-bench-") as place:
        return call(0, Load(False, rate, seconds), Path(place), looks=True)


def _beyond(run: Run, direct: Run) -> tuple[float | None, float | None]:
    """The median and 99th percentile of what a caller waits, less those without an engine."""
    if not run.delays or not direct.delays:
        return None, None
    here, there = sorted(run.delays), sorted(direct.delays)
    middle = here[len(here) // 2] - there[len(there) // 2]
    late = here[int(len(here) * 0.99)] - there[int(len(there) * 0.99)]
    return max(0.0, middle), max(0.0, late)


def _bare(run: Run) -> Run:
    return dataclasses.replace(run, delays=())


HEAD: Final = (
    "engine            load   sustained  calls/CPU-s    of sipfo   at 25/50/75 % of the knee"
    "   MiB  added p50   p99 ms"
)


def _row(one: Found, found: list[Found]) -> str:
    sustained = f"{one.knee.rate}/s" if one.knee is not None else "-"
    ours = next(
        (other.each for other in found if (other.engine, other.load) == ("sipfo", one.load)), 0
    )
    ratio = f"{one.each / ours:.2f}" if ours else "-"
    each = " ".join(f"{run.each:.0f}" + "*" * bool(run.failed) for run in one.runs)
    waits = ["-" if ms is None else f"{ms:.2f}" for ms in (one.p50, one.p99)]
    return (
        f"{one.engine:16}  {one.load:5}  {sustained:>9}  {one.each:11.0f}  {ratio:>10}"
        f"   {each:>25}   {one.peak:5.0f}  {waits[0]:>9}  {waits[1]:>7}"
    )


def _machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "a CPU without a name",
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1024**2
    words = [f"{os.cpu_count()} CPUs ({model})", f"{memory:.0f} GiB", f"Linux {os.uname().release}"]
    busy = f"load {os.getloadavg()[0]:.1f} at the start"
    return ", ".join([*words, *versions(), busy])


def _lines(machine: str, found: list[Found], left_out: dict[str, str]) -> Iterator[str]:
    yield time.strftime("%Y-%m-%d, ", time.gmtime()) + machine
    yield "UDP, loopback, SIPp at both ends; sustained: 20 s with under 0.1 % failed"
    yield "sipfo: the whole back-to-back user agent, with records (SQLite) and metrics on"
    for name, why in left_out.items():
        yield f"{name}: left out, not installed ({why})"
    yield ""
    yield HEAD
    for one in found:
        yield _row(one, found)
    yield ""
    yield "*: some calls failed; added: what a caller waits for 180 beyond what it waits without any engine"


def _write(
    name: str, machine: str, found: list[Found], left_out: dict[str, str], adds: bool
) -> None:
    """The table, the same for programs, and the picture."""
    RESULTS.mkdir(exist_ok=True)
    known = RESULTS / f"{name}.json"
    if adds and known.exists():
        loads = {one.load for one in found}
        old = [_found(one) for one in json.loads(known.read_text())["found"]]
        found = [*(one for one in old if one.load not in loads), *found]
    said = {"machine": machine, "found": [dataclasses.asdict(one) for one in found]}
    known.write_text(json.dumps(said, indent=1) + "\n")
    (RESULTS / f"{name}.txt").write_text("\n".join(_lines(machine, found, left_out)) + "\n")
    try:
        from picture import draw
    except ImportError:
        print("no picture: matplotlib is not installed (pip install --group bench)")
        return
    draw(RESULTS / f"{name}.png", machine, found)


def _found(said: dict[str, object]) -> Found:
    known = dict(said)
    runs = known.pop("runs")
    knee = known.pop("knee")
    assert isinstance(runs, list)
    made = tuple(Run(**{**one, "delays": ()}) for one in runs)
    top = Run(**{**knee, "delays": ()}) if isinstance(knee, dict) else None
    return Found(**known, runs=made, knee=top)  # type: ignore[arg-type]  # JSON of ours


if __name__ == "__main__":
    main()
