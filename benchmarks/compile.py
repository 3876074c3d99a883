"""What a policy's size costs: time and memory of checking and compiling, and of starting up.

    .venv/bin/python benchmarks/compile.py            # prints a table; about a minute

Each size is compiled in a process of its own, so that its peak memory is its own. The cost is
linear when the time for each route stays the same from row to row.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

SIZES = (625, 1250, 2500, 5000, 10000)
RUNS = 3


def one(kind: str, routes: int) -> None:
    """Compile one policy; print seconds of CPU and the process's peak memory in MiB."""
    import policies

    from sipfo.compiler.pipeline import compile_source

    text = getattr(policies, kind)(routes)
    before = time.process_time()
    made = compile_source(text, "policy.sipfo")
    took = time.process_time() - before
    assert (made.plan is not None) == (kind == "correct"), made.diagnostics[:1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{took:.3f} {peak:.0f} {len(text)}")


def main() -> None:
    """The whole table."""
    for kind in ("correct", "wrong"):
        print(f"{kind} policies")
        print("  routes  trunks    KiB   seconds   µs/route   peak MiB")
        for routes in SIZES:
            runs = []
            for _ in range(RUNS):
                done = subprocess.run(
                    [sys.executable, __file__, kind, str(routes)],
                    check=True,
                    capture_output=True,
                    text=True,
                )
                runs.append([float(word) for word in done.stdout.split()])
            took, peak, size = min(runs)
            print(
                f"  {routes:6}  {routes // 5:6}  {size / 1024:5.0f}   {took:7.2f}"
                f"   {took / routes * 1e6:8.0f}   {peak:8.0f}"
            )
    starts = []
    for _ in range(10):
        before = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "sipfo.cli.main", "--version"], check=True, capture_output=True
        )
        starts.append(time.perf_counter() - before)
    print(
        f"sipfo --version  {min(starts) * 1000:.0f} ms at best, {max(starts) * 1000:.0f} at worst"
    )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        one(sys.argv[1], int(sys.argv[2]))
    else:
        main()
