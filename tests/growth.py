"""How often each function of ours comes to its lines as its input grows: what does not depend on the machine.

Python's own tracing counts the lines that are executed, those of loops within a line too. What is
done in C by one call, a sort or a search in a list, counts as one.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).parent.parent
ROOMS = tuple(f"{ROOT / room}/" for room in ("grammar", "plan", "compiler", "verify"))


def steps(work: Callable[[], object]) -> Counter[str]:
    """The lines that each function of ours executed, by file and name; templates are among them."""
    counted: Counter[CodeType] = Counter()

    def called(frame: FrameType, event: str, _: object) -> Any:
        code = frame.f_code
        if not code.co_filename.startswith(ROOMS):
            return None
        counted[code] += 1

        def line(frame: FrameType, event: str, _: object) -> Any:
            counted[code] += 1
            return line

        return line

    before = sys.gettrace()
    sys.settrace(called)
    try:
        work()
    finally:
        sys.settrace(before)
    told: Counter[str] = Counter()
    for code, count in counted.items():
        told[f"{code.co_filename.removeprefix(f'{ROOT}/')}:{code.co_qualname}"] += count
    return told
