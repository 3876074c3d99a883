"""What a transaction tells the transaction user above it."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response


class Sent(Protocol):
    """A client transaction, INVITE or not, as the layer and the user above see it."""

    @property
    def key(self) -> tuple[bytes, str]: ...
    @property
    def request(self) -> Request: ...
    @property
    def flow(self) -> Flow: ...
    @property
    def state(self) -> Enum: ...

    def receive(self, response: Response, now: float) -> None:
        """A response that matches."""

    def transport_failed(self, now: float) -> None:
        """What carried the request has failed."""


class ClientUser(Protocol):
    """Sent a request and waits for what becomes of it."""

    def on_response(self, transaction: Sent, response: Response, now: float) -> None:
        """A response; for INVITE also every retransmitted or forked 2xx (RFC 6026 §7.2)."""

    def on_timeout(self, transaction: Sent, now: float) -> None:
        """Timer B or F: no final response came."""

    def on_transport_error(self, transaction: Sent, now: float) -> None:
        """The request could not be delivered."""

    def on_terminated(self, transaction: Sent, now: float) -> None:
        """The transaction is gone, after any of the above or by itself."""
