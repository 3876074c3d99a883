"""The runtime's source of randomness, passed into the core as callables."""

from __future__ import annotations

import secrets


def token() -> str:
    """64 random bits as hex, for tags, branches and Call-IDs (RFC 3261 §19.3 wants 32)."""
    return secrets.token_hex(8)


def draw(most: int) -> int:
    """A random integer from 0 to `most`, both included (RFC 2782's running sum)."""
    return secrets.randbelow(most + 1)
