"""An audit as text: what fails, how, and what a call then gets; a grid where there are many trunks.

A grid that is too wide for the terminal, or for a page, becomes a list for each trunk. A lost call
is the word `lost`, whatever its colour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sipfo.verify.audit.audit import Audit, TrunkAudit
from sipfo.verify.audit.trial import Trial
from sipfo.verify.style import PLAIN, Style
from sipfo.verify.words import duration, printable

LOST = "lost"
WIDEST_GRID = 200
"""Columns of a grid where the output is no terminal; beyond, nobody finds a column's head."""


def draw_audit(audit: Audit, style: Style = PLAIN) -> str:
    """The audit as lines of text, without a final newline."""
    grid = list(_grid(audit, style)) if len(audit.trunks) > 1 else []
    blocks = [grid] if grid else []
    for trunk in audit.trunks:
        rows = trunk.lost if grid else trunk.singles
        blocks.append([_head(trunk, style), *_list(rows, style), *_pairs(trunk, audit, style)])
    return "\n\n".join("\n".join(block) for block in blocks)


def _head(trunk: TrunkAudit, style: Style) -> str:
    lost, things = len(trunk.lost), len(trunk.singles)
    if lost:
        words = f"{lost} of {things} things {'loses' if lost == 1 else 'lose'} calls alone"
    else:
        words = f"no single thing of {things} loses calls"
    return f"{style.paint(trunk.trunk.name, 'bold')}  {words}"


def _grid(audit: Audit, style: Style) -> Iterator[str]:
    """Things down, trunks across; nothing when it is too wide."""
    trunks = [trunk.trunk.name for trunk in audit.trunks]
    narrow = sum(len(name) + 2 for name in trunks)
    if narrow > WIDEST_GRID or not style.holds(narrow):
        return
    found = {
        (trial.failures[0].thing, trunk.trunk.name): trial
        for trunk in audit.trunks
        for trial in trunk.singles
    }
    labels = [printable(thing.label) for thing in audit.things]
    cells = [[_cell(found.get((thing, name)), style) for name in trunks] for thing in audit.things]
    left = max(map(len, labels), default=0)
    widths = [
        max(len(name), *map(len, column))
        for name, column in zip(trunks, zip(*cells, strict=True), strict=True)
    ]
    columns = left + sum(width + 2 for width in widths)
    if columns > WIDEST_GRID or not style.holds(columns):
        return
    heads = "".join(f"  {name.rjust(width)}" for name, width in zip(trunks, widths, strict=True))
    yield style.paint(" " * left + heads, "dim")
    for label, row in zip(labels, cells, strict=True):
        painted = (
            style.paint(cell.rjust(width), "red" if cell == LOST else "green")
            for cell, width in zip(row, widths, strict=True)
        )
        yield label.ljust(left) + "".join(f"  {cell}" for cell in painted)


def _cell(trial: Trial | None, style: Style) -> str:
    if trial is None:
        return style.signs.none
    return LOST if trial.loss else duration(trial.ladder.elapsed)


def _list(trials: Sequence[Trial], style: Style) -> Iterator[str]:
    """A line for each trial, or two where they do not fit."""
    rows = [(_failed(trial), _modes(trial), _call(trial), trial) for trial in trials]
    if not rows:
        return
    left, modes = max(len(row[0]) for row in rows), max(len(row[1]) for row in rows)
    longest = max(len(row[2]) for row in rows)
    wide = style.holds(2 + left + 2 + modes + 2 + longest)
    for failed, mode, call, trial in rows:
        said = style.paint(call, "red" if trial.loss else "green")
        if wide:
            yield f"  {failed.ljust(left)}  {mode.ljust(modes)}  {said}"
        else:
            yield f"  {failed}"
            yield f"      {mode.ljust(modes)}  {said}"


def _pairs(trunk: TrunkAudit, audit: Audit, style: Style) -> Iterator[str]:
    if audit.depth < 2:
        return
    count = len(trunk.pairs)
    if count:
        yield f"  {count} pair{'s' * (count != 1)} of the others {'loses' if count == 1 else 'lose'} calls:"
        yield from _list(trunk.pairs, style)
    else:
        yield "  no pair of the others loses calls"
    if trunk.slowest is not None:
        yield f"  the slowest pair that loses none: {_call(trunk.slowest)}"
        yield from _list([trunk.slowest], style)


def _failed(trial: Trial) -> str:
    return " + ".join(printable(one.thing.label) for one in trial.failures)


def _modes(trial: Trial) -> str:
    """How the things fail: once where they all fail alike."""
    return " + ".join(dict.fromkeys(one.mode for one in trial.failures))


def _call(trial: Trial) -> str:
    elapsed = duration(trial.ladder.elapsed)
    if trial.loss:
        return f"{LOST} after {elapsed}: {trial.loss}"
    return f"answered after {elapsed}"
