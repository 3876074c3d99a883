"""A difference as Markdown for a merge request: a heading for each trunk, a table for each call.

Whatever comes from a policy stands in a table's cell or in a code span, where Markdown has no other
signs than the bar and the backtick.
"""

from __future__ import annotations

from collections.abc import Iterator

from sipfo.verify.diff.block import block_of
from sipfo.verify.diff.difference import Changed, Difference, TrunkChange, alike
from sipfo.verify.diff.sides import rows
from sipfo.verify.diff.words import alike_words, claimed_words, door_words, share_words, trunk_words
from sipfo.verify.style import UNICODE
from sipfo.verify.words import printable

NOTHING = "No call changes."


def markdown(difference: Difference) -> str:
    """The whole difference, without a final newline."""
    blocks = [f"- {_escaped(claimed_words(one))}" for one in difference.claimed]
    blocks = ["\n".join(["## Numbers", "", *blocks])] if blocks else []
    for trunk, others in alike(difference.trunks):
        blocks += _trunk(trunk)
        blocks += [_escaped(alike_words(others))] if others else []
    if not difference.calls_change:
        blocks.append(NOTHING)
    if difference.service:
        lines = [f"- {_escaped(line)}" for line in difference.service]
        blocks.append("\n".join(["## Also changed", "", *lines]))
    blocks += [f"Note: {_escaped(line)}" for line in difference.notes]
    return "\n\n".join(blocks)


def _trunk(trunk: TrunkChange) -> Iterator[str]:
    yield f"## {_escaped(trunk_words(trunk))}"
    lines = [f"- {_escaped(door_words(door))}" for door in trunk.doors]
    lines += [f"- {_escaped(share_words(share))}" for share in trunk.shares]
    if lines:
        yield "\n".join(lines)
    for change in trunk.calls:
        yield f"**{_escaped(change.headline)}**"
        yield _table(change)
        yield f"```sipfo\n{block_of(change).rstrip()}\n```"


def _table(change: Changed) -> str:
    if change.before is None or change.after is None:
        return _escaped(change.story)
    lines = ["| | before | after |", "|---|---|---|"]
    for row in rows(change.before, change.after, UNICODE):
        number = "" if row.number is None else str(row.number)
        mark = f"**{UNICODE.differs}** " if row.differs else ""
        lines.append(f"| {mark}{number} | {_escaped(row.before)} | {_escaped(row.after)} |")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Text in which Markdown and HTML see no signs of theirs."""
    shown = printable(text).replace("\\", "\\\\")
    for sign in "`*_[]<>|#&":
        shown = shown.replace(sign, f"\\{sign}")
    return shown
