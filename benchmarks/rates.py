"""What a rate deck costs by its size: to check, to load, to hold, and to look a number up in.

    .venv/bin/python benchmarks/rates.py              # prints a table; about a minute

Each size is measured in processes of its own. Times are of CPU; a look-up's is the mean over
numbers that were drawn, each in another place of the table.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (1_000, 10_000, 100_000, 1_000_000)
LOOK_UPS = 100_000


def deck(prefixes: int, number: int = 0) -> str:
    """A deck of so many prefixes of three to ten digits; there are others with another number."""
    draw, known = random.Random(prefixes + number), set[int]()
    while len(known) < prefixes:
        known.add(draw.randrange(100, 10 ** draw.randrange(3, 11)))
    rows = (f"{one},0.{draw.randrange(1, 10000):04},2026-01-01," for one in sorted(known))
    return "prefix,cost,from,until\n" + "\n".join(rows) + "\n"


def read(path: str) -> None:
    """Read a deck, as `sipfo check` does; leave its table beside it."""
    from sipfo.compiler.sheet import read_sheet
    from sipfo.grammar.source import Source

    text = Path(path).read_text(encoding="utf-8")
    before = time.process_time()
    sheet = read_sheet(Source(text, path))
    took = time.process_time() - before
    assert not sheet.found, sheet.found[0].message
    Path(path + ".table").write_text(sheet.table, encoding="ascii")
    print(f"{took:.3f} {_peak():.0f} {len(sheet.table)}")


def load(path: str) -> None:
    """Load a table, as `sipfo run` does, and look numbers up."""
    from sipfo.plan.model import Deck
    from sipfo.plan.rates import Rates

    given = Deck(file="deck.csv", rows=0, table=Path(path + ".table").read_text(encoding="ascii"))
    start, held = time.process_time(), _resident()
    rates = Rates(given)
    took, holds = time.process_time() - start, _resident() - held
    draw = random.Random(7)
    numbers = [f"+{draw.randrange(10**11, 10**12)}" for _ in range(LOOK_UPS)]
    before = time.process_time()
    for number in numbers:
        rates.of(number, 1_800_000_000)
    each = (time.process_time() - before) / LOOK_UPS
    print(f"{took:.3f} {holds:.0f} {each * 1e6:.2f}")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1024**2


def main() -> None:
    """The whole table."""
    print(" prefixes   check s  peak MiB  plan MiB   load s  held MiB  look-up µs")
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            path = str(Path(folder) / "deck.csv")
            Path(path).write_text(deck(size), encoding="utf-8")
            (check, peak, table), (took, holds, each) = (
                _run(kind, path) for kind in ("read", "load")
            )
            print(
                f"{size:9}  {check:8.2f}  {peak:8.0f}  {table / 1024**2:8.1f}"
                f"  {took:7.3f}  {holds:8.0f}  {each:10.2f}"
            )


def _run(kind: str, path: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, __file__, kind, path], check=True, capture_output=True, text=True
    )
    return [float(word) for word in done.stdout.split()]


if __name__ == "__main__":
    if len(sys.argv) == 3:
        {"read": read, "load": load}[sys.argv[1]](sys.argv[2])
    else:
        main()
