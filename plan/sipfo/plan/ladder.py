"""What one call did: its attempts in order, and the result. Every executor reports this shape.

Times are seconds; `at` counts from the arrival of the caller's INVITE.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: where from, where to, how it ended, when it began and how long it took.

    `target` is None when the route's name did not resolve; `phrase` is the reason phrase of the
    response, if one ended it, and `reasons` the values of its Reason headers (RFC 3326); `level` is
    the name of the route's destination, where it has several.
    """

    egress: str
    route: str
    target: str | None
    outcome: str
    at: float
    took: float
    phrase: str = ""
    level: str | None = None
    reasons: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where to, as a test block can write it: the route, with its level if that has a name."""
        return self.route if self.level is None else f"{self.route}.{self.level}"


@dataclass(frozen=True, slots=True)
class Settled:
    """What the caller got: the status code sent, and the destination that said it, if one did."""

    kind: Literal["answered", "refused", "cancelled"]
    code: int
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Ladder:
    """A call's set-up from its INVITE to its result, `elapsed` seconds later."""

    attempts: tuple[Attempt, ...]
    result: Settled
    elapsed: float


class AttemptJson(TypedDict):
    egress: str
    route: str
    level: str | None
    target: str | None
    outcome: str
    at: float
    took: float


class ResultJson(TypedDict):
    kind: str
    code: int
    by: str | None


class LadderJson(TypedDict):
    attempts: list[AttemptJson]
    result: ResultJson
    elapsed: float


def to_json(ladder: Ladder) -> LadderJson:
    """The ladder as `sipfo simulate --format json` prints it; times to the millisecond."""
    return {
        "attempts": [
            {
                "egress": attempt.egress,
                "route": attempt.route,
                "level": attempt.level,
                "target": attempt.target,
                "outcome": attempt.outcome,
                "at": round(attempt.at, 3),
                "took": round(attempt.took, 3),
            }
            for attempt in ladder.attempts
        ],
        "result": {
            "kind": ladder.result.kind,
            "code": ladder.result.code,
            "by": ladder.result.by,
        },
        "elapsed": round(ladder.elapsed, 3),
    }
