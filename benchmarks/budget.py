"""How long `sipfo budget` takes as routes are added: `python benchmarks/budget.py`.

Linear in the attempts of a call, two for each route and one for each of ten carriers; the policy's
codes, the same at every size, are most of a small plan's time.
"""

from __future__ import annotations

from budget_plans import SIZES, curve, plan_of

from sipfo.verify.budget.budget import budgets

PLANS = {size: plan_of(size, "sequential") for size in SIZES}


def main() -> None:
    """Print the curve."""
    for line in curve("budget, 10 carriers", lambda size: list(budgets(PLANS[size]))):
        print(line)


if __name__ == "__main__":
    main()
