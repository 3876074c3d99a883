"""A failed scenario as two ladders side by side: what had to be seen, and what was.

Rows that differ carry a mark at the left; attempts stand in the words of a test block, so that a
row of the right side can be copied into the policy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

from sipfo.plan.ladder import Attempt, Ladder
from sipfo.plan.scenario import Scenario, SeenAttempt
from sipfo.verify.judge import Verdict, judge
from sipfo.verify.style import PLAIN, Style
from sipfo.verify.words import duration, expected_words, place_words, result_words

ANY = "any"


@dataclass(frozen=True, slots=True)
class _Row:
    label: str
    expected: str
    seen: str
    times: str
    differs: bool


def draw_side_by_side(scenario: Scenario, ladder: Ladder, style: Style = PLAIN) -> str:
    """Expected and seen, row by row, as lines of text without a final newline.

    A terminal too narrow for it loses the times of the attempts first; if that is not enough, a
    row that differs becomes two lines.
    """
    verdict = judge(scenario, ladder)
    rows = [
        *_attempt_rows(scenario, ladder, verdict, style),
        _result_row(scenario, ladder, verdict),
    ]
    label = _widest(row.label for row in rows)
    left = _widest(["expected", *(row.expected for row in rows)])
    right = _widest(["seen", *(row.seen for row in rows)])
    times = _widest(row.times for row in rows)
    margin = " " * (len(style.signs.differs) + label + 3)
    both = len(margin) + left + 3 + right
    if not style.holds(both):
        return "\n".join(line for row in rows for line in _stacked(row, label, margin, style))
    timed = style.holds(both + 2 + times)
    lines = [f"{margin}{'expected'.ljust(left)}   seen"]
    for row in rows:
        seen = _painted(row, row.seen.ljust(right), style)
        when = style.paint(row.times.rjust(times), "dim") if timed else ""
        lines.append(f"{_start(row, label, style)}{row.expected.ljust(left)}   {seen}  {when}")
    return "\n".join(line.rstrip() for line in lines)


def _stacked(row: _Row, label: int, margin: str, style: Style) -> tuple[str, ...]:
    start = _start(row, label, style)
    if not row.differs:
        return (f"{start}{row.seen}",)
    return (
        f"{start}expected  {row.expected}",
        f"{margin}seen      {_painted(row, row.seen, style)}",
    )


def _start(row: _Row, label: int, style: Style) -> str:
    return f"{_mark(row, style)} {row.label.rjust(label)}  "


def _mark(row: _Row, style: Style) -> str:
    sign = style.signs.differs
    return style.paint(sign, "red", "bold") if row.differs else " " * len(sign)


def _painted(row: _Row, text: str, style: Style) -> str:
    return style.paint(text, "red") if row.differs else text


def _attempt_rows(scenario: Scenario, ladder: Ladder, verdict: Verdict, style: Style) -> list[_Row]:
    both: list[Attempt | SeenAttempt] = [*(scenario.attempts or ()), *ladder.attempts]
    egress = _widest(one.egress for one in both)
    route = _widest(place_words(one) for one in both)

    def cell(one: Attempt | SeenAttempt | None) -> str:
        if one is None:
            return style.signs.none
        return f"{one.egress.ljust(egress)} to {place_words(one).ljust(route)} {one.outcome}"

    return [
        _Row(
            label=str(place + 1),
            expected=ANY if scenario.attempts is None else cell(must),
            seen=cell(did),
            times=f"{duration(did.at)} + {duration(did.took)}" if did is not None else "",
            differs=place in verdict.rows,
        )
        for place, (must, did) in enumerate(zip_longest(scenario.attempts or (), ladder.attempts))
    ]


def _widest(texts: Iterable[str]) -> int:
    return max((len(text) for text in texts), default=0)


def _result_row(scenario: Scenario, ladder: Ladder, verdict: Verdict) -> _Row:
    expected = ANY
    if scenario.result is not None:
        expected = expected_words(scenario.result)
        if scenario.result.within is not None:
            expected += f" within {duration(scenario.result.within)}"
    return _Row(
        label="",
        expected=expected,
        seen=f"{result_words(ladder.result)} after {duration(ladder.elapsed)}",
        times="",
        differs=verdict.result_differs,
    )
