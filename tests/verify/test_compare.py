"""Expected and seen side by side: rows that differ are marked, without colour too."""

from __future__ import annotations

import pytest

from sipfo.plan.scenario import Scenario, SeenAttempt, SeenResult
from sipfo.verify.compare import draw_side_by_side
from sipfo.verify.simulate import simulate
from sipfo.verify.style import ASCII, Style
from verify.seed import call, does, plan

SCENARIO = call(does("pbx-east", 503), does("pbx-west", 404)).model_copy(
    update={
        "attempts": (
            SeenAttempt(egress="us.primary", route="pbx-east", outcome="503"),
            SeenAttempt(egress="us.primary", route="pbx-west", outcome="200"),
            SeenAttempt(egress="us.secondary", route="pbx-west", outcome="200"),
        ),
        "result": SeenResult(kind="answered", by="pbx-west", within=3.0),
    }
)
WIDE = """\
     expected                             seen
  1  us.primary   to pbx-east 503         us.primary   to pbx-east 503            0 ms + 100 ms
≠ 2  us.primary   to pbx-west 200         us.primary   to pbx-west 404          100 ms + 100 ms
≠ 3  us.secondary to pbx-west 200         —
≠    answered by pbx-west within 3.00 s   refused 404 by pbx-west after 200 ms"""
NARROW = """\
   1  us.primary   to pbx-east 503
!= 2  expected  us.primary   to pbx-west 200
      seen      us.primary   to pbx-west 404
!= 3  expected  us.secondary to pbx-west 200
      seen      -
!=    expected  answered by pbx-west within 3.00 s
      seen      refused 404 by pbx-west after 200 ms"""


def lines(scenario: Scenario, style: Style) -> str:
    return draw_side_by_side(scenario, simulate(plan(), scenario), style)


def test_rows_that_differ_are_marked() -> None:
    assert lines(SCENARIO, Style()) == WIDE


def test_a_terminal_too_narrow_for_both_stacks_what_differs() -> None:
    assert lines(SCENARIO, Style(width=70, signs=ASCII)) == NARROW


def test_times_go_before_the_columns_do() -> None:
    text = lines(SCENARIO, Style(width=80))
    assert "100 ms + 100 ms" not in text
    assert "expected  " in text.split("\n")[0]
    assert max(map(len, text.split("\n"))) <= 80


def test_what_is_not_stated_is_any_and_unmarked() -> None:
    text = lines(call(does("pbx-east", 503)), Style())
    assert "≠" not in text
    assert text.count("any") == 3


@pytest.mark.parametrize("width", [60, 80, 120, None])
def test_marks_stand_without_colour(width: int | None) -> None:
    assert lines(SCENARIO, Style(width=width)).count("≠") == 3
