"""The response that a caller gets when nothing is left to try (RFC 3261 §16.7, step 6).

What would surprise: a response that came over the wire is preferred to one made here of the same
class, since only it says something about the called party.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sipfo.plan.outcome import Outcome

# "give preference to responses that provide information affecting resubmission of this request,
# such as 401, 407, 415, 420, and 484" (RFC 3261 §16.7)
PREFERRED = frozenset({401, 407, 415, 420, 484})


@dataclass(init=False, slots=True, unsafe_hash=True)
class Ended:
    """An attempt's place in the ladder, its destination's name and its outcome."""

    attempt: Final[int]
    route: Final[str]
    outcome: Final[Outcome]

    def __init__(self, attempt: int, route: str, outcome: Outcome) -> None:
        self.attempt = attempt
        self.route = route
        self.outcome = outcome


def best(ended: Sequence[Ended]) -> Ended:
    """The ended attempt whose outcome the caller is told; of equals, the latest."""
    return max(ended, key=_rank)


def _rank(one: Ended) -> tuple[bool, int, bool, bool, int]:
    code = one.outcome.code
    return (
        code >= 600,  # "MUST choose a 6xx if any exist"
        -(code // 100),  # else "from the lowest response class"
        code in PREFERRED,
        one.outcome.final is not None,
        one.attempt,
    )


def upstream_code(outcome: Outcome) -> int:
    """The status code sent to the caller: a 503 from below leaves as 500 (RFC 3261 §16.7)."""
    code = outcome.code
    return 500 if code == 503 else code
