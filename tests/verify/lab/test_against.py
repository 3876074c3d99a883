"""A ladder that strays from the model's is found out, whichever part of it does."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from sipfo.plan.ladder import Attempt, Ladder, Settled
from sipfo.verify.lab.against import LATE, against
from sipfo.verify.simulate import simulate
from verify.seed import call, does, plan

MODEL = simulate(plan(), call(does("pbx-east", 503), does("pbx-west", reach="silent")))
"""503, no-response, and again by the second address: refused 408."""


def changed(place: int, **changes: object) -> Ladder:
    attempts = list(MODEL.attempts)
    attempts[place] = replace(attempts[place], **changes)  # type: ignore[arg-type]  # named fields
    return replace(MODEL, attempts=tuple(attempts))


def shifted(ladder: Ladder, by: float) -> Ladder:
    attempts = tuple(replace(one, at=one.at + by) for one in ladder.attempts)
    return replace(ladder, attempts=attempts, elapsed=ladder.elapsed + by)


def test_the_models_own_ladder_agrees() -> None:
    assert against(MODEL, MODEL) == ()
    assert against(MODEL, shifted(MODEL, 0.05)) == ()


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (changed(0, outcome="504"), "attempt 1: the model makes us.primary to pbx-east 503"),
        (changed(1, egress="us.secondary"), "attempt 2: the model makes us.primary to pbx-west"),
        (changed(0, target="udp:198.51.100.99:5060"), "saw us.primary to pbx-east 503 .udp:198.51"),
        (replace(MODEL, attempts=MODEL.attempts[:2]), "attempt 3: .* saw no more"),
        (replace(MODEL, attempts=(*MODEL.attempts, MODEL.attempts[0])), "the model makes no more"),
        (replace(MODEL, result=Settled("refused", 500)), "result: refused 408 in the model"),
        (
            replace(MODEL, result=replace(MODEL.result, by="pbx-east")),
            "saw refused 408 by pbx-east",
        ),
        (changed(1, took=0.5), "attempt 2: 2.00 s until no-response in the model, saw 500 ms"),
        (changed(1, took=3.5), "saw 3.50 s"),
        (changed(2, at=MODEL.attempts[2].at + 2 * LATE), "began 2.00 s after the one before"),
        (replace(MODEL, elapsed=1.0), "time: the caller was told after"),
        (replace(MODEL, elapsed=60.0), "time: the caller was told after"),
    ],
)
def test_what_differs_is_said(seen: Ladder, reason: str) -> None:
    differences = against(MODEL, seen)
    assert any(re.search(reason, one) for one in differences), differences


def test_after_a_wrong_turn_nothing_more_is_compared() -> None:
    seen = replace(MODEL, attempts=(replace(MODEL.attempts[0], outcome="504"),))
    assert len(against(MODEL, seen)) == 1


def test_a_declared_delay_is_none() -> None:
    late = replace(MODEL, elapsed=MODEL.elapsed + 15.0)
    assert against(MODEL, late)
    assert against(MODEL, late, later=15.0) == ()


def test_a_machine_finds_a_refusal_out_sooner_than_the_model() -> None:
    model = simulate(plan(), call(does("pbx-east", reach="refuses")))
    first, second = model.attempts
    seen = Ladder(
        (replace(first, took=0.001), replace(second, at=0.001)), model.result, second.took
    )
    assert against(model, seen) == ()


@pytest.mark.parametrize("outcome", ["cancelled", "deadline"])
def test_what_ends_the_call_counts_from_its_beginning(outcome: str) -> None:
    def ladder(at: float, took: float) -> Ladder:
        one = Attempt("us.primary", "pbx-east", "udp:198.51.100.10:5060", outcome, at, took)
        return Ladder((one,), Settled("cancelled", 487), at + took)

    assert against(ladder(0.0, 0.6), ladder(0.25, 0.35)) == ()
    assert against(ladder(0.0, 0.6), ladder(0.0, 0.35))
