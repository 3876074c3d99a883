"""How long `sipfo diff` takes: routes 2 to 40 of one trunk, and 10 to 2,000 trunks.

Run it: `.venv/bin/python benchmarks/diff.py`. Each line gives the time and by how much it
grows with each doubling since the line before: 2 is linear, 4 would be quadratic. The first table compares a policy
with itself (every state is seen), the second changes one code of the policy that all trunks share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import log2
from time import perf_counter

from sipfo.plan.model import (
    Accept,
    CommitOnCode,
    Egress,
    Listen,
    NumberPrefix,
    OnCode,
    OnLocal,
    OnRange,
    Plan,
    Retry,
    Route,
    Rule,
    Trunk,
)
from sipfo.verify.diff.compare import compare

EGRESS = ("us.primary", "us.secondary")


def retry(*codes: int, spelled: bool = False) -> Retry:
    """A policy; `spelled` says 500-599 as two halves, which changes nothing."""
    halves = (OnRange(first=500, last=549), OnRange(first=550, last=599))
    ranges = halves if spelled else (OnRange(first=500, last=599),)
    return Retry(
        name="standard",
        rules=(
            *(Rule(match=OnCode(code=code), verdict="failover") for code in codes),
            *(Rule(match=one, verdict="failover") for one in ranges),
            Rule(match=OnLocal(outcome="transport-error"), verdict="failover"),
        ),
        otherwise="stop",
        commit=(CommitOnCode(code=180),),
        no_response=4.0,
    )


def plan(trunks: int, routes: int, policy: Retry) -> Plan:
    """Trunks with routes of their own, two addresses each, under one policy."""
    names = [[f"r{trunk}-{route}" for route in range(routes)] for trunk in range(trunks)]
    return Plan(
        listen=(Listen(transport="udp", host="192.0.2.10", port=5060),),
        egress=tuple(
            Egress(name=name, host=f"192.0.2.{place}", port=5060)
            for place, name in enumerate(EGRESS, 20)
        ),
        routes=tuple(
            Route(name=name, destinations=(f"sip:10.{trunk // 250}.{trunk % 250}.{place + 1}",))
            for trunk, many in enumerate(names)
            for place, name in enumerate(many)
        ),
        retries=(policy,),
        trunks=tuple(
            Trunk(
                name=f"t{trunk}",
                numbers=(NumberPrefix(prefix=f"+1{trunk:06d}"),),
                accept=Accept(anyone=True),
                egress=EGRESS,
                method="sequential",
                routes=tuple(many),
                retry="standard",
                deadline=60.0,
            )
            for trunk, many in enumerate(names)
        ),
    )


def curve(title: str, sizes: Iterable[int], pair: Callable[[int], tuple[Plan, Plan]]) -> None:
    """Print one table."""
    print(title)
    last, before = 0.0, 0
    for size in sizes:
        old, new = pair(size)
        start = perf_counter()
        compare(old, new)
        took = perf_counter() - start
        ratio = f"{(took / last) ** (1 / log2(size / before)):5.2f}" if last else "    -"
        print(f"{size:6d}  {took * 1000:9.1f} ms  ×{ratio}")
        last, before = took, size


def main() -> None:
    """Print the curves."""
    codes = (408, 480, 503)
    curve(
        "routes of one trunk, nothing changes but the words",
        (2, 5, 10, 20, 40),
        lambda size: (plan(1, size, retry(*codes)), plan(1, size, retry(*codes, spelled=True))),
    )
    curve(
        "trunks of two routes, one code of their policy changes",
        (10, 20, 50, 100, 200, 500, 1000, 2000),
        lambda size: (plan(size, 2, retry(*codes)), plan(size, 2, retry(*codes[1:]))),
    )
    curve(
        "trunks of two routes, nothing changes",
        (10, 20, 50, 100, 200, 500, 1000, 2000),
        lambda size: (plan(size, 2, retry(*codes)), plan(size, 2, retry(*codes))),
    )


if __name__ == "__main__":
    main()
