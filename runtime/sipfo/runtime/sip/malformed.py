"""The one error of the SIP core: what a peer sent is not SIP."""

from __future__ import annotations


class Malformed(ValueError):
    """What was received cannot be used; `status` is the response code that says so."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
