"""A verdict names every difference, compares only what is stated, and nothing else."""

from __future__ import annotations

import pytest

from sipfo.plan.ladder import Attempt, Ladder, Settled
from sipfo.plan.scenario import Scenario, SeenAttempt, SeenResult
from sipfo.verify.judge import judge
from verify.seed import call

LADDER = Ladder(
    attempts=(
        Attempt("us.primary", "pbx-east", "udp:198.51.100.10:5060", "503", 0.0, 0.1),
        Attempt("us.primary", "pbx-west", "udp:198.51.100.11:5060", "200", 0.1, 2.0),
    ),
    result=Settled("answered", 200, "pbx-west"),
    elapsed=2.1,
)
LEVELLED = Ladder(
    attempts=(
        Attempt("us.primary", "telnyx", "udp:192.0.2.80:5060", "503", 0, 0.1, level="primary"),
        Attempt("us.primary", "telnyx", "udp:192.0.2.81:5060", "200", 0.1, 2, level="secondary"),
    ),
    result=Settled("answered", 200, "telnyx"),
    elapsed=2.1,
)
FIRST = SeenAttempt(egress="us.primary", route="pbx-east", outcome="503")
SECOND = SeenAttempt(egress="us.primary", route="pbx-west", outcome="200")


def expecting(
    attempts: tuple[SeenAttempt, ...] | None = None, result: SeenResult | None = None
) -> Scenario:
    return call().model_copy(update={"attempts": attempts, "result": result})


def test_nothing_expected_is_always_met() -> None:
    assert judge(expecting(), LADDER).ok


def test_the_whole_ladder_as_expected_is_met() -> None:
    result = SeenResult(kind="answered", code=200, by="pbx-west", within=3.0)
    assert judge(expecting((FIRST, SECOND), result), LADDER).ok


def test_another_outcome_is_a_difference_in_its_row() -> None:
    other = SECOND.model_copy(update={"outcome": "486"})
    verdict = judge(expecting((FIRST, other)), LADDER)
    assert verdict.differences == (
        "attempt 2: expected us.primary to pbx-west 486, saw us.primary to pbx-west 200",
    )
    assert verdict.rows == {1}


@pytest.mark.parametrize("first", ["telnyx", "telnyx.primary"])
@pytest.mark.parametrize("second", ["telnyx", "telnyx.secondary"])
def test_a_route_is_met_by_any_of_its_levels_and_a_level_by_itself(first: str, second: str) -> None:
    expected = (
        SeenAttempt(egress="us.primary", route=first, outcome="503"),
        SeenAttempt(egress="us.primary", route=second, outcome="200"),
    )
    assert judge(expecting(expected), LEVELLED).ok


def test_another_level_is_a_difference_that_names_both() -> None:
    other = SeenAttempt(egress="us.primary", route="telnyx.secondary", outcome="503")
    last = SeenAttempt(egress="us.primary", route="telnyx", outcome="200")
    verdict = judge(expecting((other, last)), LEVELLED)
    saw = "saw us.primary to telnyx.primary 503"
    assert verdict.differences == (
        f"attempt 1: expected us.primary to telnyx.secondary 503, {saw}",
    )
    assert verdict.rows == {0}


@pytest.mark.parametrize("route", ["pbx-east.primary", "pbx-east.None", "pbx-eas"])
def test_an_attempt_without_a_level_meets_no_level(route: str) -> None:
    other = FIRST.model_copy(update={"route": route})
    verdict = judge(expecting((other, SECOND)), LADDER)
    assert verdict.differences == (
        f"attempt 1: expected us.primary to {route} 503, saw us.primary to pbx-east 503",
    )


def test_a_missing_attempt_is_a_difference() -> None:
    verdict = judge(expecting((FIRST, SECOND, SECOND)), LADDER)
    assert verdict.differences == ("attempt 3: expected us.primary to pbx-west 200, saw no more",)


def test_one_attempt_too_many_is_a_difference() -> None:
    verdict = judge(expecting((FIRST,)), LADDER)
    assert verdict.differences == ("attempt 2: expected no more, saw us.primary to pbx-west 200",)


def test_expecting_no_attempt_at_all_is_not_expecting_nothing() -> None:
    assert judge(expecting(()), LADDER).rows == {0, 1}


@pytest.mark.parametrize(
    ("result", "difference"),
    [
        (SeenResult(kind="refused"), "result: expected refused, saw answered 200 by pbx-west"),
        (
            SeenResult(kind="answered", by="pbx-east"),
            "result: expected answered by pbx-east, saw answered 200 by pbx-west",
        ),
        (
            SeenResult(kind="answered", code=202),
            "result: expected answered 202, saw answered 200 by pbx-west",
        ),
        (SeenResult(kind="answered", within=2.0), "time: expected within 2.00 s, took 2.10 s"),
        (
            SeenResult(kind="answered", within=2.0975),
            "time: expected within 2.10 s, took 2.5 ms more",
        ),
    ],
)
def test_a_result_that_differs_is_said_in_words(result: SeenResult, difference: str) -> None:
    verdict = judge(expecting(result=result), LADDER)
    assert verdict.differences == (difference,)
    assert verdict.result_differs
    assert not verdict.ok


def test_a_limit_that_is_met_exactly_is_met() -> None:
    assert judge(expecting(result=SeenResult(kind="answered", within=2.1)), LADDER).ok
