"""Digest challenges that went to a caller, so that the answer returns to who issued the nonce.

The caller's retry is a new INVITE. With a nonce that is known here it goes first to the target
that the challenge came from, then on in the order that the first try had left, and it does not
count as a call placed (round robin).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sipfo.plan.order import Step
from sipfo.runtime.limits import CHALLENGES
from sipfo.runtime.locate import Target
from sipfo.runtime.sip.message import Request, Response

LIFE = 120.0
"""Seconds that a challenge is kept: a caller's retry follows at once."""

_NONCE = re.compile(rb'(?i)[ ,]nonce[ \t]*=[ \t]*"([^"\\]{1,512})"')


@dataclass(frozen=True, slots=True)
class Pinned:
    """Where a challenge came from, and what was left to try, that step first."""

    trunk: str
    number: str
    steps: tuple[Step, ...]
    target: Target
    until: float


class Challenges:
    """Nonces to where they came from."""

    __slots__ = ("_pinned",)

    def __init__(self) -> None:
        self._pinned: dict[bytes, Pinned] = {}

    def remember(self, response: Response, pinned: Pinned) -> None:
        """Keep a challenge that is passed to the caller."""
        for name in (b"www-authenticate", b"proxy-authenticate"):
            for value in response.headers.lines(name):
                found = _NONCE.search(value)
                if found is not None:
                    if len(self._pinned) >= CHALLENGES:
                        del self._pinned[next(iter(self._pinned))]
                    self._pinned[found[1]] = pinned

    def answered_by(self, request: Request, now: float) -> Pinned | None:
        """The challenge that a request's credentials answer, if it is known."""
        if not self._pinned:
            return None
        for name in (b"authorization", b"proxy-authorization"):
            for value in request.headers.lines(name):
                found = _NONCE.search(value)
                pinned = self._pinned.get(found[1]) if found is not None else None
                if pinned is not None and now < pinned.until:
                    return pinned
        return None
