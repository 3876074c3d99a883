"""How often each function of ours comes to its lines: what a growing input costs, on any machine.

Python's own tracing counts the lines that are executed, of a loop within a line each round. What is
done in C by one call, a sort or a search in a list, counts as one. A template is a function, too.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import TraceFunction

ROOT = Path(__file__).parent.parent
ROOMS = tuple(f"{ROOT / room}/" for room in ("grammar", "plan", "compiler", "verify", "runtime"))


def steps(work: Callable[[], object]) -> Counter[str]:
    """The lines that each function of ours executed, by its file and name."""
    counted: Counter[CodeType] = Counter()

    def line(frame: FrameType, event: str, _: Any) -> TraceFunction:
        counted[frame.f_code] += 1
        return line

    def called(frame: FrameType, event: str, _: Any) -> TraceFunction | None:
        if not frame.f_code.co_filename.startswith(ROOMS):
            return None
        return line(frame, event, _)

    before = sys.gettrace()
    sys.settrace(called)
    try:
        work()
    finally:
        sys.settrace(before)
    found: Counter[str] = Counter()
    for code, count in counted.items():
        found[f"{code.co_filename.removeprefix(f'{ROOT}/')} {code.co_qualname}"] += count
    return found


def grew_faster(small: Counter[str], large: Counter[str], times: float) -> dict[str, float]:
    """The functions that executed more than `times` as many lines, and how many times as many; few
    lines are no matter, and say little."""
    return {
        name: count / max(1, small[name])
        for name, count in large.items()
        if count > 500 and count > times * small[name]
    }
