"""What a policy's size costs: `sipfo check` and each target on more and more routes, as a user runs
them, beside `kamailio -c` on the file that was generated.

    make .venv/bench.stamp                                       # for the picture
    .venv/bin/python benchmarks/scaling.py                       # 100 to 100,000 routes: ten minutes
    .venv/bin/python benchmarks/scaling.py --sizes 100,1000      # one minute

Every command is a process of its own: CPU seconds, start-up included, and peak memory; of several
runs the cheapest. The cost is linear when the lines of the picture are straight and rise one decade
in each decade, which is a slope of 1. A start-up bends them where the policy is small: the picture has
what goes beyond the smallest size as dotted lines, and the slope of its last decade is printed. Twenty thousand trunks are too many for Telnyx, which has a policy of its own here, with
ten routes and one number for each trunk. What would surprise: `kamailio -c` does not read the tables
in which the routes are, so that it costs the same for every size. The table, the figures and the
picture are written to benchmarks/results.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import policies

RESULTS: Final = Path(__file__).parent / "results"
SIPFO: Final = Path(sys.executable).with_name("sipfo")
TARGETS: Final = ("kamailio", "asterisk", "dns", "telnyx")
FEW: Final = 10_000
"""Routes up to which a command is run more than once."""

KAMAILIO_CHECKS: Final = "kamailio -c"


@dataclass(frozen=True, slots=True)
class Cost:
    """One command on one size; `said` is what it said last, if it failed."""

    command: str
    routes: int
    seconds: float
    peak: float
    status: int
    said: str = ""


def main() -> None:
    """Every size, every command."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sizes", default="100,1000,10000,100000")
    options.add_argument("--runs", type=int, default=3, help=f"of each, up to {FEW} routes")
    options.add_argument("--name", default="scaling", help="of the files in benchmarks/results")
    chosen = options.parse_args()
    machine = f"{os.cpu_count()} CPUs, Python {sys.version.split()[0]}"
    day = time.strftime("%Y-%m-%d", time.gmtime())
    lines = [
        f"{day}, {machine}; CPU seconds, start-up included",
        "command                    routes   seconds   µs/route   peak MiB",
    ]
    print("\n".join(lines), flush=True)
    found: list[Cost] = []
    for routes in map(int, chosen.sizes.split(",")):
        for cost in _size(routes, chosen.runs if routes <= FEW else 1):
            found.append(cost)
            bad = f"  status {cost.status}: {cost.said}" * bool(cost.status)
            lines.append(
                f"{cost.command:24}  {routes:7}  {cost.seconds:8.2f}"
                f"   {cost.seconds / routes * 1e6:8.0f}   {cost.peak:8.0f}{bad}"
            )
            print(lines[-1], flush=True)
    slopes = {
        command: [one for one in found if one.command == command and not one.status]
        for command in dict.fromkeys(one.command for one in found)
    }
    for command, costs in slopes.items():
        lines.append(f"{command:24}  {_slopes(costs)}")
        print(lines[-1])
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{chosen.name}.txt").write_text("\n".join(lines) + "\n")
    figures = {"day": day, "machine": machine, "costs": [asdict(one) for one in found]}
    (RESULTS / f"{chosen.name}.json").write_text(json.dumps(figures, indent=1) + "\n")
    try:
        from picture import draw_scaling
    except ImportError:
        print("no picture: matplotlib is not installed (make .venv/bench.stamp)")
        return
    draw_scaling(RESULTS / f"{chosen.name}.png", [one for one in found if not one.status])


def _size(routes: int, runs: int) -> Iterator[Cost]:
    with tempfile.TemporaryDirectory(prefix="sipfo-scaling-") as place:
        folder = Path(place)
        policy, sayable = folder / "policy.sipfo", folder / "telnyx.sipfo"
        policy.write_text(policies.correct(routes))
        sayable.write_text(policies.sayable(routes))
        yield _cost("sipfo check", routes, [SIPFO, "check", policy], runs)
        words: list[str | Path] = [SIPFO, "compile", policy, "-o", folder / "plan.json"]
        yield _cost("compile (plan)", routes, words, runs)
        for target in TARGETS:
            source = sayable if target == "telnyx" else policy
            words = [SIPFO, "compile", source, "--target", target, "-o", folder / target]
            yield _cost(f"compile --target {target}", routes, words, runs)
        config = folder / "kamailio" / "kamailio.cfg"
        if shutil.which("kamailio") is not None and config.exists():
            words = ["kamailio", "-c", "-m", "2048", "-M", "64", "-f", config]
            yield _cost(KAMAILIO_CHECKS, routes, words, runs)


def _cost(command: str, routes: int, words: Sequence[str | Path], runs: int) -> Cost:
    return min((_run(command, routes, words) for _ in range(runs)), key=lambda one: one.seconds)


def _run(command: str, routes: int, words: Sequence[str | Path]) -> Cost:
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=said) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        last = said.read().decode(errors="replace").strip().rpartition("\n")[2]
    seconds, code = usage.ru_utime + usage.ru_stime, process.returncode
    return Cost(command, routes, seconds, usage.ru_maxrss / 1024, code, last if code else "")


def _slopes(costs: Sequence[Cost]) -> str:
    """The slopes of a command's two lines in the last decade, less what the smallest size takes."""
    if len(costs) < 3:
        return "two sizes say nothing of a line beyond the start-up"
    first, one, other = costs[0], *costs[-2:]
    if one.seconds - first.seconds < first.seconds / 10:
        return "takes the same for every size"
    decades = math.log(other.routes / one.routes)
    seconds = math.log((other.seconds - first.seconds) / (one.seconds - first.seconds)) / decades
    peak = math.log((other.peak - first.peak) / (one.peak - first.peak)) / decades
    return (
        f"{one.routes} to {other.routes} routes: slope {seconds:.2f} in time, {peak:.2f} in memory"
    )


if __name__ == "__main__":
    main()
