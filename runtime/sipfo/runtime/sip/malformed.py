"""The one error of the SIP core: what a peer sent is not SIP."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sipfo.runtime.sip.headers import Headers


class Malformed(ValueError):
    """What was received cannot be used; `status` is the response code that says so.

    `headers` are those of a request that can be answered all the same (RFC 3261 §8.2.6).
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers: Headers | None = None
