"""The runtime's source of randomness, passed into the core as callables.

What would surprise: the kernel is asked for a few hundred tokens at once, because asking costs more
than anything else about one. A forked process begins with none of its parent's.
"""

from __future__ import annotations

import os
import secrets
from typing import Final

_DIGITS: Final = 16
"""Of a token: 64 bits."""

_TOGETHER: Final = 256
"""Tokens that the kernel is asked for at once."""

_left: list[str] = []


def token() -> str:
    """64 random bits as hex, for tags, branches and Call-IDs (RFC 3261 §19.3 wants 32)."""
    if not _left:
        drawn = os.urandom(_TOGETHER * _DIGITS // 2).hex()
        _left.extend(drawn[at : at + _DIGITS] for at in range(0, len(drawn), _DIGITS))
    return _left.pop()


os.register_at_fork(after_in_child=_left.clear)


def draw(most: int) -> int:
    """A random integer from 0 to `most`, both included (RFC 2782's running sum)."""
    return secrets.randbelow(most + 1)
