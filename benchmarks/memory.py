"""What a call that is up keeps in memory: so many at once in one engine, and what the process grew by.

    .venv/bin/python benchmarks/memory.py                  # 50,000 calls; about a minute
    .venv/bin/python benchmarks/memory.py --calls 5000

Time is virtual, 300 calls are placed a second, and they are looked at when all have been up for a
minute: the transactions that set them up are over. Their records are taken from the engine as `sipfo run` takes them.
"""

from __future__ import annotations

import argparse
import gc
import resource
import sys
import tracemalloc
from collections import Counter
from pathlib import Path

from engine import IN, OUT, SDP, Bench, answer_to, find

from sipfo.runtime.wire.calm import settle

MOST = 12 * 1024
"""Bytes of a call that is up."""


def resident() -> int:
    """Bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


class Crowd(Bench):
    """Calls that nobody ends."""

    def rise(self) -> None:
        """One call from its INVITE to its ACK."""
        invite, name = self.invite()
        _, out = self.send(invite, IN)
        for status in (b"100 Trying", b"180 Ringing"):
            self.send(answer_to(out, status), OUT)
        (answer,) = self.send(answer_to(out, b"200 OK", SDP), OUT)
        tag = find(rb"(?m)^To:.*(;tag=\S+)\r$", answer)
        self.send(self.request(b"ACK", 1, name, find(rb"(?m)^Contact:.*<(.*?)>", answer), tag), IN)


def main() -> None:
    """Print the figure; exit 1 if it is above the limit."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--calls", type=int, default=50_000)
    options.add_argument("--where", action="store_true", help="what keeps it; slow")
    chosen = options.parse_args()
    crowd = Crowd()
    for _ in range(200):  # what is made once is made
        crowd.rise()
    crowd.rest()
    settle()
    if chosen.where:
        tracemalloc.start()
    before = resident()
    for place in range(chosen.calls):
        crowd.rise()
        if place % 150 == 149:
            crowd.rest(0.5)
    crowd.rest()
    gc.collect()
    alive = crowd.engine.calls_alive - 200
    each = (resident() - before) / chosen.calls
    print(f"{alive} calls up, {each / 1024:.1f} KiB each, {resident() / 2**20:.0f} MiB in all")
    if chosen.where:
        for one in tracemalloc.take_snapshot().statistics("lineno")[:40]:
            print(
                f"{one.size / chosen.calls:8.0f} B  {one.count / chosen.calls:5.1f}  {one.traceback}"
            )
        kinds = Counter(type(one).__name__ for one in gc.get_objects())
        print([(kind, count) for kind, count in kinds.most_common(20)])
    if alive != chosen.calls:
        sys.exit("calls are missing")
    if each > MOST and not chosen.where:
        sys.exit(f"more than {MOST // 1024} KiB")


if __name__ == "__main__":
    main()
