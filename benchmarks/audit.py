"""How long `sipfo audit` takes as routes are added: `python benchmarks/audit.py`.

Single things and pairs, in sequence and round robin: every start of a round robin is another call,
and a dead address to send from is met by each route of it.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

from budget_plans import SIZES, curve, plan_of

from sipfo.plan.model import Plan
from sipfo.verify.audit.audit import audit

METHODS: tuple[Literal["sequential", "round-robin"], ...] = ("sequential", "round-robin")


def main() -> None:
    """Print the curves."""
    for method in METHODS:
        plans = {size: plan_of(size, method) for size in SIZES}
        for depth in (1, 2):
            title = f"audit --depth {depth}, {method}, 10 carriers"
            for line in curve(title, partial(_audit, plans, depth)):
                print(line)


def _audit(plans: dict[int, Plan], depth: int, size: int) -> object:
    return audit(plans[size], depth=depth)


if __name__ == "__main__":
    main()
