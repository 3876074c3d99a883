"""A difference as text for a terminal: a heading for each trunk, then each change as two ladders.

Rows that differ carry a mark at the left, so that nothing hangs on colour. What would surprise: a
terminal too narrow for both ladders gets the rows that differ one under the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sipfo.verify.diff.block import block_of
from sipfo.verify.diff.difference import Changed, Claimed, Difference, TrunkChange, alike
from sipfo.verify.diff.sides import Row, rows
from sipfo.verify.diff.words import alike_words, claimed_words, door_words, share_words, trunk_words
from sipfo.verify.style import PLAIN, Style
from sipfo.verify.words import printable

NOTHING = "no call changes"


def draw_difference(difference: Difference, style: Style = PLAIN, show_tests: bool = False) -> str:
    """The whole difference as lines of text, without a final newline; `show_tests` adds a test
    block to each call, which passes before and fails after."""
    lines: list[str] = []
    for claimed in difference.claimed:
        lines += [_heading(claimed, style), ""]
    for trunk, others in alike(difference.trunks):
        lines += [style.paint(trunk_words(trunk), "bold"), *_trunk(trunk, style, show_tests)]
        lines += [f"  {alike_words(others)}", ""] if others else [""]
    if not difference.calls_change:
        lines += [NOTHING, ""]
    if difference.service:
        lines += [style.paint("also changed", "bold")]
        lines += [f"  {printable(line)}" for line in difference.service]
        lines += [""]
    lines += [f"note: {printable(line)}" for line in difference.notes]
    return "\n".join(lines).rstrip("\n")


def _heading(claimed: Claimed, style: Style) -> str:
    return style.paint(claimed_words(claimed), "bold")


def _trunk(trunk: TrunkChange, style: Style, show_tests: bool) -> Iterator[str]:
    for door in trunk.doors:
        yield f"  {printable(door_words(door))}"
    for share in trunk.shares:
        yield f"  {share_words(share)}"
    for change in trunk.calls:
        yield f"  {printable(change.headline)}"
        yield from (f"  {line}" for line in _change(change, style))
        if show_tests:
            yield from (f"    {line}" for line in block_of(change).splitlines())


def _change(change: Changed, style: Style) -> list[str]:
    if change.before is None or change.after is None:
        return [f"  {printable(change.story)}", "  (no test block can say this)"]
    return _side_by_side(rows(change.before, change.after, style.signs), style)


def _side_by_side(found: Sequence[Row], style: Style) -> list[str]:
    label = len(str(len(found)))
    left = max(len("before"), *(len(row.before) for row in found))
    right = max(len("after"), *(len(row.after) for row in found))
    margin = " " * (len(style.signs.differs) + label + 3)
    if not style.holds(2 + len(margin) + left + 3 + right):
        return [line for row in found for line in _stacked(row, label, margin, style)]
    lines = [f"{margin}{'before'.ljust(left)}   after"]
    for row in found:
        after = style.paint(row.after, "red") if row.differs else row.after
        lines.append(f"{_start(row, label, style)}{row.before.ljust(left)}   {after}")
    return lines


def _stacked(row: Row, label: int, margin: str, style: Style) -> list[str]:
    start = _start(row, label, style)
    if not row.differs:
        return [f"{start}{row.after}"]
    return [f"{start}before  {row.before}", f"{margin}after   {style.paint(row.after, 'red')}"]


def _start(row: Row, label: int, style: Style) -> str:
    sign = style.signs.differs
    mark = style.paint(sign, "red", "bold") if row.differs else " " * len(sign)
    number = "" if row.number is None else str(row.number)
    return f"{mark} {number.rjust(label)}  "
