"""What is worked out of a whole plan once, though every trunk and place of it asks again.

Without this a target, or an analysis that simulates a call to each trunk, would take as many passes
over the plan as the plan has trunks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import ref

from sipfo.plan.model import Plan

T = TypeVar("T")


def derived(work: Callable[[Plan], T]) -> Callable[[Plan], T]:
    """`work`, done once for the plan that it was asked about last, and forgotten with that plan."""
    known: list[tuple[ref[Plan], T]] = []

    @wraps(work)
    def asked(plan: Plan) -> T:
        if not known or known[0][0]() is not plan:
            found = work(plan)
            known[:] = [(ref(plan, lambda _: known.clear()), found)]
        return known[0][1]

    return asked
