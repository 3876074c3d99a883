"""What keeps a call from waiting for Python itself: its collector of cycles, and its other threads.

A finished call leaves no cycles (`tests/runtime/test_garbage.py`): counting references is enough to
free it. The collector, with its defaults, looked at every call there is each time their number had
grown by a quarter, and all stood still so long: 150 ms with some thousands of calls.
"""

from __future__ import annotations

import gc
import sys
from typing import Final

THRESHOLDS: Final = (10_000, 5, 2_000)
"""Of the three generations: a pass over the young takes a millisecond, and one over the middle, as
many as all stand still for, five; the old are looked at after a hundred million objects more than
there were."""

TURN: Final = 0.001
"""Seconds that another thread, the one of the records, may keep the loop waiting; 5 ms is usual."""


def settle() -> None:
    """Everything that a server begins with is here: it stays, and is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    sys.setswitchinterval(TURN)
