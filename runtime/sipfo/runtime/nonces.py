"""Nonces that we give out: a keyed hash over the time and the source, so that none is remembered.

Only one that was answered rightly is, with its count, so that no answer is taken twice (RFC 7616
§3.4). What would surprise: when that table is full, every nonce as old as the one that leaves it
is stale, so that forgetting never lets an answer in again.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from typing import Final

from sipfo.runtime.limits import Limits

LIFE: Final = 300.0
"""Seconds that a nonce is good for."""

_NONCE = re.compile(rb"(?P<issued>[0-9a-f]{12})(?P<salt>[0-9A-Za-z]{1,32})(?P<mac>[0-9a-f]{32})")


class Nonces:
    """The nonces of one engine."""

    __slots__ = ("_entropy", "_floor", "_key", "_most", "_used")

    def __init__(self, key: bytes, entropy: Callable[[], str], limits: Limits) -> None:
        """`key` is drawn at start and known to nobody; `entropy` gives fresh tokens."""
        self._key = key
        self._entropy = entropy
        self._most = limits.nonces
        self._used: dict[bytes, int] = {}  # the highest count, by nonce, in the order of first use
        self._floor = -1.0

    def __len__(self) -> int:
        return len(self._used)

    def make(self, source: str, now: float) -> bytes:
        """A nonce for who asks from an address."""
        head = b"%012x%s" % (int(now * 1000), self._entropy().encode("ascii"))
        return head + self._mac(head, source)

    def is_fresh(self, nonce: bytes, source: str, now: float) -> bool:
        """Whether a nonce is ours, was given to this source, and is good still."""
        found = _NONCE.fullmatch(nonce)
        if found is None or not hmac.compare_digest(
            found["mac"], self._mac(found["issued"] + found["salt"], source)
        ):
            return False
        issued = _issued(nonce)
        return self._floor < issued and now < issued + LIFE

    def use(self, nonce: bytes, count: int, now: float) -> bool:
        """Whether a fresh nonce's count is a new one; remembers it if so.

        "if the same nc value is seen twice, then the request is a replay" (RFC 7616 §3.4); one that
        others have overtaken counts as that too.
        """
        last = self._used.get(nonce)
        if last is None:
            self._make_room(now)
        elif count <= last:
            return False
        self._used[nonce] = count
        return True

    def _make_room(self, now: float) -> None:
        while self._used:
            oldest = next(iter(self._used))
            issued = _issued(oldest)
            if now < issued + LIFE:
                if len(self._used) < self._most:
                    return
                self._floor = max(self._floor, issued)
            del self._used[oldest]

    def _mac(self, head: bytes, source: str) -> bytes:
        data = head + b" " + source.encode("ascii")
        return hmac.digest(self._key, data, "sha256").hex()[:32].encode("ascii")


def _issued(nonce: bytes) -> float:
    return int(nonce[:12], 16) / 1000
