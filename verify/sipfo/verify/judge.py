"""A scenario and a ladder to a verdict: whether what had to be seen was seen, and if not, what
differs, in words.

Only what the scenario states is compared: attempts as a whole ladder, the result by the parts
that are given. Times are compared by `within` alone, since executors differ in the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from sipfo.plan.ladder import Attempt, Ladder
from sipfo.plan.scenario import Scenario, SeenAttempt, SeenResult
from sipfo.verify.words import attempt_words, duration, expected_words, result_words


@dataclass(frozen=True, slots=True)
class Verdict:
    """What differs from the scenario's expectations, one sentence each; none when it is as it
    must be. `rows` are the places (from 0) of attempts that differ."""

    differences: tuple[str, ...] = ()
    rows: frozenset[int] = frozenset()
    result_differs: bool = False

    @property
    def ok(self) -> bool:
        """Whether everything that had to be seen was seen."""
        return not self.differences


def judge(scenario: Scenario, ladder: Ladder) -> Verdict:
    """Compare what the call did with what the scenario says must be seen."""
    attempts = list(_attempts(scenario.attempts, ladder.attempts))
    result = list(_result(scenario.result, ladder))
    return Verdict(
        differences=(*(words for _, words in attempts), *result),
        rows=frozenset(place for place, _ in attempts),
        result_differs=bool(result),
    )


def _attempts(
    expected: tuple[SeenAttempt, ...] | None, seen: tuple[Attempt, ...]
) -> Iterator[tuple[int, str]]:
    if expected is None:
        return
    for place, (must, did) in enumerate(zip_longest(expected, seen)):
        if must is None:
            yield place, f"attempt {place + 1}: expected no more, saw {attempt_words(did)}"
        elif did is None:
            yield place, f"attempt {place + 1}: expected {attempt_words(must)}, saw no more"
        elif not _same(must, did):
            yield (
                place,
                f"attempt {place + 1}: expected {attempt_words(must)}, saw {attempt_words(did)}",
            )


def _same(must: SeenAttempt, did: Attempt) -> bool:
    """A level is compared only where the scenario names one."""
    return (must.egress, must.outcome) == (did.egress, did.outcome) and must.route in (
        did.route,
        did.place,
    )


def _result(expected: SeenResult | None, ladder: Ladder) -> Iterator[str]:
    if expected is None:
        return
    result = ladder.result
    if (
        expected.kind != result.kind
        or expected.code not in (None, result.code)
        or expected.by not in (None, result.by)
    ):
        yield f"result: expected {expected_words(expected)}, saw {result_words(result)}"
    if expected.within is not None and ladder.elapsed > expected.within:
        yield f"time: expected within {duration(expected.within)}, {_took(ladder, expected.within)}"


def _took(ladder: Ladder, within: float) -> str:
    """How long a call took that took too long; where both times read alike, by how much."""
    took = duration(ladder.elapsed)
    if took != duration(within):
        return f"took {took}"
    return f"took {(ladder.elapsed - within) * 1000:.3g} ms more"
