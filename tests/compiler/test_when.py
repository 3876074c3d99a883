from __future__ import annotations

import pytest

from compiler.policies import plan_of
from sipfo.compiler.when import compile_when
from sipfo.plan.scenario import Behaviour, Reply

PLAN = plan_of()


def test_a_behaviour_is_read_as_in_a_test_block() -> None:
    made = compile_when("pbx-west from us.primary rings, answers 200 after 2s", PLAN)
    assert made.diagnostics == ()
    assert made.behaviour == Behaviour(
        route="pbx-west",
        egress="us.primary",
        reach="replies",
        replies=(Reply(status=180, after=0.1), Reply(status=200, after=2.0)),
    )


def test_a_carrier_can_be_meant() -> None:
    assert compile_when("northstar refuses", PLAN).behaviour == Behaviour(
        route="northstar", reach="refuses"
    )


def test_the_caller_can_cancel() -> None:
    made = compile_when("caller cancels after 500ms", PLAN)
    assert (made.cancel_after, made.behaviour, made.diagnostics) == (0.5, None, ())


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("", "SF002", "expected a name or `caller`, found the end of the statement"),
        ("pbx-east", "SF002", "found the end of the statement"),
        ("pbx-esat silent", "SF201", "no route or carrier is called `pbx-esat`"),
        ("pbx-east from eu.primary silent", "SF201", "`eu.primary`"),
        ("pbx-east answers 180", "SF113", "a provisional response answers nothing: `180`"),
        ("pbx-east answers 503, rings", "SF604", "nothing follows a final answer: 503"),
        ("pbx-east silent, rings", "SF604", "`silent` stands alone"),
        ("pbx-east answers 503 }", "SF002", "found `}`"),
        ("caller cancels after 3", "SF105", "not a duration: `3`"),
        ("caller cancels", "SF002", "expected `after`"),
        ("pbx-east\x00silent", "SF007", "U+0000"),
        ('pbx-east "', "SF006", "does not end"),
    ],
)
def test_what_is_wrong_is_told(text: str, code: str, message: str) -> None:
    made = compile_when(text, PLAN)
    assert (made.behaviour, made.cancel_after) == (None, None)
    assert [one.code for one in made.diagnostics] == [code]
    assert message in made.diagnostics[0].message
