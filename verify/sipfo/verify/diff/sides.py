"""One call under both plans as rows side by side: the attempts, then what the caller got.

Cells are in the words of a test block; where these are equal and the wire is not, what differs
stands behind them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from sipfo.plan.ladder import Attempt
from sipfo.plan.scenario import Scenario, SeenAttempt, SeenResult
from sipfo.verify.diff.played import Played, Sent
from sipfo.verify.style import Signs
from sipfo.verify.words import attempt_words, duration, result_words

_Seen = tuple[Attempt, Sent, object]


@dataclass(frozen=True, slots=True)
class Row:
    """An attempt, by its number, or the result, without one, before and after."""

    number: int | None
    before: str
    after: str
    differs: bool


def rows(before: Played, after: Played, signs: Signs) -> tuple[Row, ...]:
    """The two ladders, row by row; `signs.none` stands for an attempt that is not made."""
    found = []
    for number, (was, now) in enumerate(zip_longest(_attempts(before), _attempts(after)), 1):
        cells = [signs.none if one is None else attempt_words(one[0]) for one in (was, now)]
        differs = was is None or now is None or was[2] != now[2]
        if was is not None and now is not None and cells[0] == cells[1] and differs:
            cells = [f"{cell} {words}" for cell, words in zip(cells, _apart(was, now), strict=True)]
        found.append(Row(number, cells[0], cells[1], differs))
    results = [
        f"{result_words(one.ladder.result)} after {duration(one.ladder.elapsed)}"
        for one in (before, after)
    ]
    return (*found, Row(None, results[0], results[1], before.wire[-1] != after.wire[-1]))


def _attempts(played: Played) -> tuple[_Seen, ...]:
    return tuple(zip(played.ladder.attempts, played.sent, played.wire[:-1], strict=True))


def _apart(was: _Seen, now: _Seen) -> tuple[str, str]:
    """What tells two attempts of the same words apart."""
    before, after = _details(was), _details(now)
    shown = [key for key in before if before[key] != after[key]]
    return " ".join(before[key] for key in shown), " ".join(after[key] for key in shown)


def _details(seen: _Seen) -> dict[str, str]:
    attempt, sent, _ = seen
    return {
        "origin": f"from {sent.origin}",
        "target": f"at {attempt.target}",
        "number": f"asking for {sent.number}",
        "diverted": "with Diversion" if sent.diverted else "without Diversion",
        "user": f"authenticated as {sent.user}" if sent.user else "without authentication",
        "began": f"begun at {duration(attempt.at)}",
        "took": f"after {duration(attempt.took)}",
    }


def as_test(played: Played, name: str) -> Scenario:
    """The scenario with what was seen as what must be seen: it passes on this side and fails on
    the other."""
    result, elapsed = played.ladder.result, played.ladder.elapsed
    return played.scenario.model_copy(
        update={
            "name": name,
            "attempts": tuple(
                SeenAttempt(
                    egress=one.egress,
                    route=one.route if one.level is None else f"{one.route}.{one.level}",
                    outcome=one.outcome,
                )
                for one in played.ladder.attempts
            ),
            "result": SeenResult(
                kind=result.kind,
                code=None if result.kind == "cancelled" else result.code,
                by=result.by,
                within=max(elapsed, 0.001),
            ),
        }
    )
