"""What a policy's size costs: `sipfo check` and each target on more and more routes, as a user runs
them, beside `kamailio -c` on the file that was generated.

    .venv/bin/python benchmarks/scaling.py                       # 100 to 10,000 routes: some minutes
    .venv/bin/python benchmarks/scaling.py --sizes 1000,100000

Every command is a process of its own: CPU seconds, start-up included, and peak memory. The cost is
linear when the lines of the picture are straight and rise one decade in each decade. The table and
the picture are written to benchmarks/results.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import policies

RESULTS: Final = Path(__file__).parent / "results"
SIPFO: Final = Path(sys.executable).with_name("sipfo")


@dataclass(frozen=True, slots=True)
class Cost:
    """One command on one size."""

    command: str
    routes: int
    seconds: float
    peak: float
    status: int


def main() -> None:
    """Every size, every command."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sizes", default="100,1000,10000")
    options.add_argument("--name", default="scaling", help="of the files in benchmarks/results")
    chosen = options.parse_args()
    machine = f"{os.cpu_count()} CPUs, Python {sys.version.split()[0]}"
    lines = [
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, {machine}; CPU seconds, start-up included",
        "command                    routes   seconds   µs/route   peak MiB",
    ]
    print("\n".join(lines), flush=True)
    found: list[Cost] = []
    for routes in map(int, chosen.sizes.split(",")):
        for cost in _size(routes):
            found.append(cost)
            bad = f"  status {cost.status}" * bool(cost.status)
            lines.append(
                f"{cost.command:24}  {routes:7}  {cost.seconds:8.2f}"
                f"   {cost.seconds / routes * 1e6:8.0f}   {cost.peak:8.0f}{bad}"
            )
            print(lines[-1], flush=True)
    for command in dict.fromkeys(one.command for one in found):
        lines.append(_slope(command, [one for one in found if one.command == command]))
        print(lines[-1])
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{chosen.name}.txt").write_text("\n".join(lines) + "\n")
    try:
        from picture import draw_scaling
    except ImportError:
        print("no picture: matplotlib is not installed (pip install --group bench)")
        return
    draw_scaling(RESULTS / f"{chosen.name}.png", found)


def _size(routes: int) -> list[Cost]:
    with tempfile.TemporaryDirectory(prefix="sipfo-scaling-") as place:
        folder = Path(place)
        policy = folder / "policy.sipfo"
        policy.write_text(policies.correct(routes))
        costs = [
            _cost("sipfo check", routes, [SIPFO, "check", policy]),
            _cost("compile (plan)", routes, [SIPFO, "compile", policy, "-o", folder / "plan.json"]),
        ]
        for target in ("kamailio", "asterisk"):
            words = [SIPFO, "compile", policy, "--target", target, "-o", folder / target]
            costs.append(_cost(f"compile --target {target}", routes, words))
        config = folder / "kamailio" / "kamailio.cfg"
        if shutil.which("kamailio") is not None and config.exists():
            words = ["kamailio", "-c", "-m", "2048", "-M", "64", "-f", config]
            costs.append(_cost("kamailio -c", routes, words))
        return costs


def _cost(command: str, routes: int, words: Sequence[str | Path]) -> Cost:
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = usage.ru_utime + usage.ru_stime
    return Cost(command, routes, seconds, usage.ru_maxrss / 1024, process.returncode)


def _slope(command: str, costs: Sequence[Cost]) -> str:
    """How the last two sizes compare: 1.00 is a straight line through the origin."""
    if len(costs) < 2:
        return f"{command}: one size says nothing of a line"
    one, other = costs[-2:]
    times = math.log(other.seconds / one.seconds) / math.log(other.routes / one.routes)
    return f"{command}: grows with the {times:.2f}th power of the routes at the end"


if __name__ == "__main__":
    main()
