"""What the runtime cannot do yet: a plan that asks for it is refused before a socket is opened.

Carrying such a call in another way would be a guess.
"""

from __future__ import annotations

from typing import Final

from sipfo.plan.construct import Construct, Support, usages
from sipfo.plan.model import Plan

REFUSED: Final[dict[Construct, str]] = {}

APPROXIMATED: Final = {
    Construct.CLUSTER: "it is one machine, with the policy's own addresses: members share nothing",
}

MOST_NAMES: Final = 8
"""How many users of one construct a message names; it counts the others."""

CAPABILITIES: Final = {
    **{construct: Support("same") for construct in Construct},
    **{construct: Support("approximated", how) for construct, how in APPROXIMATED.items()},
    **{construct: Support("refused", how) for construct, how in REFUSED.items()},
}


class CannotServe(ValueError):
    """The plan needs what the runtime does not have; the message says all of it."""


def check_capabilities(plan: Plan) -> None:
    """Raises CannotServe for a plan that the runtime cannot carry calls by."""
    lacking: dict[Construct, list[str]] = {}
    for usage in usages(plan):
        if CAPABILITIES[usage.construct].level == "refused":
            lacking.setdefault(usage.construct, []).append(usage.name)
    if lacking:
        raise CannotServe(
            "; ".join(
                f"`{construct.value}`{_of(names)} is not in this runtime: {REFUSED[construct]}"
                for construct, names in lacking.items()
            )
        )


def _of(names: list[str]) -> str:
    listed = [name for name in dict.fromkeys(names) if name]
    more = [f"{len(listed) - MOST_NAMES} more"] if len(listed) > MOST_NAMES else []
    return f" ({', '.join([*listed[:MOST_NAMES], *more])})" if listed else ""
