"""A coverage as text: a table for each policy and trunk, then the changes that no test notices.

What is exercised stands with a `+`, what is not with a `-`, so that nothing hangs on colour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from sipfo.verify.coverage.lines import Key, key_of
from sipfo.verify.coverage.measure import Coverage
from sipfo.verify.coverage.parts import Part
from sipfo.verify.style import PLAIN, Style
from sipfo.verify.words import printable


def draw_coverage(
    coverage: Coverage, lines: Mapping[Key, int], style: Style = PLAIN, show_tests: bool = False
) -> str:
    """The whole coverage as lines of text, without a final newline. `show_tests` adds to each
    survivor a test block that would notice it."""
    found = [*_failing(coverage), *_tables(coverage, lines, style)]
    if coverage.survivors:
        found.append(style.paint("changes that no test notices", "bold"))
        for one in coverage.survivors:
            where = _where(one.part, lines)
            found.append(f"  {where}  {_block(one.part)}: {printable(one.words)}")
            if show_tests:
                found += [f"    {line}" for line in one.block.splitlines()]
        found.append("")
    count = sum(is_exercised for _, is_exercised in coverage.parts)
    total = coverage.killed + len(coverage.survivors)
    found += [
        f"exercised  {_percent(coverage.exercised_percent)}  {count} of {len(coverage.parts)} parts",
        f"noticed    {_percent(coverage.killed_percent)}  {coverage.killed} of {total} changes",
    ]
    return "\n".join(found)


def _failing(coverage: Coverage) -> Iterator[str]:
    for name in coverage.failing:
        yield f'not counted, because it fails: "{printable(name)}"'
    if coverage.failing:
        yield ""


def _tables(coverage: Coverage, lines: Mapping[Key, int], style: Style) -> Iterator[str]:
    for block, group in groupby(coverage.parts, key=lambda one: _block(one[0])):
        rows = list(group)
        count = sum(is_exercised for _, is_exercised in rows)
        yield f"{style.paint(printable(block), 'bold')}  {count} of {len(rows)}"
        for part, is_exercised in rows:
            mark = style.paint("+", "green") if is_exercised else style.paint("-", "red", "bold")
            yield f"  {mark} {_where(part, lines)}  {printable(part.words)}"
        yield ""


def _block(part: Part) -> str:
    return f"{part.block} {part.name}"


def _where(part: Part, lines: Mapping[Key, int]) -> str:
    """The line of a part, in a column of its own."""
    line = lines.get(key_of(part))
    return "imported".ljust(10) if line is None else f"line {line}".ljust(10)


def _percent(percent: float) -> str:
    return f"{int(percent)} %".rjust(5)
