"""A budget on a terminal: whole lines where they fit, two where not, and no meaning by colour."""

from __future__ import annotations

from sipfo.plan.model import CommitOn, CommitOnCode, Plan
from sipfo.verify.budget.budget import Budget, budgets
from sipfo.verify.budget.draw import draw_budget, sentences
from sipfo.verify.style import ASCII, Style
from verify.seed import RETRY, plan


def budget(policy: Plan) -> Budget:
    (found,) = budgets(policy)
    return found


def test_a_row_that_does_not_fit_is_two_lines() -> None:
    text = draw_budget(budget(plan(deadline=20.0)), Style(width=50))
    lines = text.split("\n")
    assert lines[2:4] == [
        "  1  us.primary → pbx-east",
        "        0 ms        0 ms        0 ms  always",
    ]
    wide = draw_budget(budget(plan(deadline=20.0)))
    assert "  1  us.primary → pbx-east       0 ms        0 ms        0 ms  always" in wide


def test_sentences_are_wrapped_to_the_terminal() -> None:
    text = draw_budget(budget(plan(deadline=20.0)), Style(width=80))
    assert all(len(line) <= 80 for line in text.split("\n"))


def test_colour_adds_nothing_but_colour() -> None:
    found = budget(plan(deadline=20.0))
    painted, plain = draw_budget(found, Style(colour=True)), draw_budget(found)
    for paint in ("1", "2", "31", "32", "33", "0"):
        painted = painted.replace(f"\x1b[{paint}m", "")
    assert painted == plain


def test_an_ascii_terminal_gets_ascii() -> None:
    silent = RETRY.model_copy(update={"rules": RETRY.rules[1:]})
    assert draw_budget(budget(plan(retry=silent)), Style(signs=ASCII)).isascii()


def test_the_patience_that_the_wait_exceeds_is_told() -> None:
    policy = plan()
    trunk = policy.trunks[0].model_copy(update={"patience": 100.0})
    found = budget(policy.model_copy(update={"trunks": (trunk,)}))
    assert "the wait is longer than the patience of 1 min 40 s" in list(sentences(found))


def test_an_unusual_provisional_is_told() -> None:
    commit = (CommitOn(point="early-media"), CommitOnCode(code=180))
    retry = RETRY.model_copy(update={"commit": commit})
    said = list(sentences(budget(plan(("pbx",), retry=retry))))
    assert said == [
        "a 181 does not commit: attempts wait on it and fail over all the same",
    ]


def test_a_round_robin_is_told_to_make_no_difference() -> None:
    said = list(sentences(budget(plan(round_robin=True))))
    assert "round-robin: the wait is the same whichever route comes first" in said
