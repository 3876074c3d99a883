"""Plans that grow: one trunk from two addresses over `n` routes, with as many carriers as allowed.

What is measured on them: budget.py, audit.py. Each destination has a network of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Literal

from sipfo.plan.model import (
    MAX_CARRIERS,
    Accept,
    AnyNumber,
    Carrier,
    Egress,
    Forward,
    Listen,
    OnRange,
    Plan,
    Retry,
    Route,
    Rule,
    Trunk,
)

SIZES = (2, 5, 10, 20, 40)
REPEATS = 3


def plan_of(routes: int, method: Literal["sequential", "round-robin"]) -> Plan:
    """A plan in which every failure fails over."""
    names = tuple(f"route-{place}" for place in range(routes))
    carriers = tuple(f"carrier-{place}" for place in range(MAX_CARRIERS))
    retry = Retry(
        name="standard",
        rules=(Rule(match=OnRange(first=500, last=599), verdict="failover"),),
        otherwise="failover",
        no_response=2.0,
    )
    return Plan(
        listen=(Listen(transport="udp", host="192.0.2.10", port=5060),),
        egress=(
            Egress(name="us.primary", host="192.76.120.10", port=5060),
            Egress(name="us.secondary", host="64.16.250.10", port=5060),
        ),
        routes=tuple(
            Route(name=name, destinations=(f"sip:10.0.{place}.1",))
            for place, name in enumerate(names)
        ),
        carriers=tuple(
            Carrier(name=name, destination=f"sip:10.1.{place}.1")
            for place, name in enumerate(carriers)
        ),
        retries=(retry,),
        trunks=(
            Trunk(
                name="acme",
                numbers=(AnyNumber(),),
                accept=Accept(anyone=True),
                egress=("us.primary", "us.secondary"),
                method=method,
                routes=names,
                retry=retry.name,
                forward=Forward(number="+4420", carriers=carriers, egress="us.primary"),
            ),
        ),
    )


def curve(title: str, work: Callable[[int], object]) -> Iterator[str]:
    """The best of a few times for each size, and its ratio to half the size, as lines."""
    yield title
    times: dict[int, float] = {}
    for size in SIZES:
        times[size] = min(_timed(work, size) for _ in range(REPEATS))
        half = times.get(size // 2) if size % 2 == 0 else None
        ratio = f"×{times[size] / half:.1f}" if half is not None else ""
        yield f"  {size:3d} routes  {times[size] * 1000:9.2f} ms  {ratio}".rstrip()


def _timed(work: Callable[[int], object], size: int) -> float:
    began = perf_counter()
    work(size)
    return perf_counter() - began
