"""A trunk's budget as text: the longest wait, when each attempt can start, and the call behind it.

A row is one line where the terminal is wide enough for all of them, else two. What an attempt's
last column says in two words, the sentences under the table say in full.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from sipfo.plan.scenario import Scenario
from sipfo.verify.budget.budget import Budget, Start, Tried
from sipfo.verify.draw import draw
from sipfo.verify.style import PLAIN, Paint, Style
from sipfo.verify.words import duration, printable

HEADS = ("soonest", "all silent", "latest")
_PAINTS: dict[Tried, Paint] = {
    "always": "green",
    "not always": "yellow",
    "not in silence": "yellow",
    "never": "red",
}


def draw_budget(budget: Budget, style: Style = PLAIN) -> str:
    """The budget as lines of text, without a final newline."""
    lines = [
        f"{style.paint(budget.trunk.name, 'bold')}  {_longest(budget)}",
        *_table(budget, style),
        *(line for sentence in sentences(budget) for line in _wrapped(sentence, style)),
    ]
    if budget.scenario is not None and budget.ladder is not None:
        lines += ["", draw(budget.scenario, budget.ladder, style)]
    return "\n".join(lines)


def _wrapped(sentence: str, style: Style) -> list[str]:
    if style.width is None:
        return [f"  {sentence}"]
    return wrap(sentence, style.width, initial_indent="  ", subsequent_indent="    ")


def _longest(budget: Budget) -> str:
    words = f"a caller waits at most {duration(budget.longest)}"
    if budget.longest < budget.unlimited:
        return f"{words}, the deadline; without it {duration(budget.unlimited)}"
    return words


def _table(budget: Budget, style: Style) -> Iterator[str]:
    rows = [_cells(start, style) for start in budget.starts]
    if not rows:
        yield style.paint("  no carrier takes the number that it always forwards to", "yellow")
        return
    number, who, *times = (max(map(len, column)) for column in zip(*rows, strict=True))
    times = [max(width, len(head)) for width, head in zip(times, HEADS, strict=False)]
    left = 2 + number + 2 + who
    right = sum(width + 2 for width in times) + 2 + len("not in silence")
    heads = "".join(f"  {head.rjust(width)}" for head, width in zip(HEADS, times, strict=True))
    wide = style.holds(left + right)
    margin = " " * left if wide else " " * (2 + number)
    yield style.paint(f"{margin}{heads}  tried", "dim")
    for start, (count, place, *cells) in zip(budget.starts, rows, strict=True):
        when = "".join(f"  {cell.rjust(width)}" for cell, width in zip(cells, times, strict=False))
        tried = style.paint(start.tried, _PAINTS[start.tried])
        first = f"  {count.rjust(number)}  {place}"
        if wide:
            yield f"{first.ljust(left)}{when}  {tried}"
        else:
            yield first
            yield f"{margin}{when}  {tried}"


def _cells(start: Start, style: Style) -> tuple[str, ...]:
    place = start.place
    nth = f" (address {place.nth})" if place.nth else ""
    return (
        str(start.number),
        f"{place.step.egress} {style.signs.to} {place.destination}{nth}",
        *(
            style.signs.none if moment is None else duration(moment)
            for moment in (start.soonest, start.silent, start.latest)
        ),
    )


def sentences(budget: Budget) -> Iterator[str]:
    """What the table means, and what was taken for granted."""
    trunk = budget.trunk
    limits = {"deadline": trunk.deadline, "patience": trunk.patience}
    for tried in ("never", "not in silence", "not always"):
        for why in dict.fromkeys(start.why for start in budget.starts if start.tried == tried):
            which = [start for start in budget.starts if (start.tried, start.why) == (tried, why)]
            limit = limits.get(why)
            because = why if limit is None else f"the {why} of {duration(limit)} has passed"
            yield f"{_attempts(which)} {_can(tried)}: {because}"
    if trunk.patience is not None and budget.longest > trunk.patience:
        yield f"the wait is longer than the patience of {duration(trunk.patience)}"
    if trunk.method != "sequential":
        yield f"{trunk.method}: the wait is the same whichever route comes first"
    if budget.names:
        names = ", ".join(map(printable, budget.names))
        count = "one address" if budget.targets == 1 else f"{budget.targets} addresses"
        yield f"counted as {count} each: {names} (--targets)"
    for status in _quiet(budget.scenario):
        yield f"a {status} does not commit: attempts wait on it and fail over all the same"
    if budget.scenario is None:
        yield "no test block can tell these targets apart: the call is not shown"


def _quiet(scenario: Scenario | None) -> Iterator[int]:
    """The provisionals of the call that a policy is unlikely to have thought of."""
    behaviours = scenario.behaviours if scenario is not None else ()
    statuses = {reply.status for one in behaviours for reply in one.replies}
    yield from sorted(statuses & set(range(101, 200)) - {180, 183})


def _attempts(which: Sequence[Start]) -> str:
    """`attempt 4`, `attempts 4 to 7`, `attempts 2, 4`."""
    numbers = [start.number for start in which]
    if len(numbers) == 1:
        return f"attempt {numbers[0]}"
    if numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"attempts {numbers[0]} to {numbers[-1]}"
    return f"attempts {', '.join(map(str, numbers))}"


def _can(tried: Tried) -> str:
    match tried:
        case "never":
            return "can never be tried"
        case "not in silence":
            return "cannot be tried when all before are silent"
        case _:
            return "cannot be tried when those before take long"
