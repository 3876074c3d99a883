"""A name for each call, as records and every line about it give it: `019ab3c4d5e6-1f2e3d4c`.

The first part is the millisecond in which the call came, so that names sort as calls do; no two
calls of one process share it, however many come at once. The second keeps processes apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

CALL_NAME: Final = re.compile(r"[0-9a-f]{12}-[0-9a-z]{8}")
"""What `CallNames` makes."""


class CallNames:
    """The names of one process's calls."""

    __slots__ = ("_entropy", "_epoch", "_last")

    def __init__(self, entropy: Callable[[], str], epoch: float) -> None:
        """`epoch` is the time of day, in Unix seconds, at the moment that the engine calls 0."""
        self._entropy = entropy
        self._epoch = epoch
        self._last = 0

    def take(self, now: float) -> str:
        """The name of a call that came at `now`."""
        self._last = max(self._last + 1, int((self._epoch + now) * 1000))
        return f"{format(self._last, '012x')}-{self._entropy()[:8]}"
