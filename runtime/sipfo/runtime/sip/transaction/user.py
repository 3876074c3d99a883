"""What the two client transactions share, and what they tell the transaction user above them."""

from __future__ import annotations

from typing import Protocol

from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response, serialize
from sipfo.runtime.sip.transaction.machine import Machine, Means


class Sent(Machine):
    """A client transaction, INVITE or not, as the layer and the user above see it."""

    __slots__ = ("_data", "_user", "key", "request")

    def __init__(self, request: Request, flow: Flow, user: ClientUser, means: Means) -> None:
        super().__init__(request, flow, means)
        self.request = request
        self.key = (request.via.branch, request.method)
        self._user = user
        self._data = serialize(request)

    @property
    def is_unheard(self) -> bool:
        """Whether no response has come at all."""
        raise NotImplementedError

    def receive(self, response: Response, now: float) -> None:
        """A response that matches."""
        raise NotImplementedError

    def transport_failed(self, now: float) -> None:
        """What carried the request has failed."""
        raise NotImplementedError

    def _hush(self) -> None:
        super()._hush()
        self._data = b""  # nothing is sent again

    def _time_out(self, now: float) -> None:
        try:
            self._user.on_timeout(self, now)
        finally:
            self._end(now)

    def _fail(self, now: float) -> None:
        try:
            self._user.on_transport_error(self, now)
        finally:
            self._end(now)

    def _end(self, now: float) -> None:
        """Stop, whatever the user made of what it was told before."""
        self._disarm()
        self._means.over(self)
        self._user.on_terminated(self, now)


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
