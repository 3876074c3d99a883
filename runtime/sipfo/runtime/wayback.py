"""Responses whose connection is gone: where they are tried after the source (RFC 3263 §5).

A response goes over the connection that its request came on, then over a new one to the source and
the sent-by port (RFC 3261 §18.2.2). When nobody is there either, its Via's sent-by is located as a
server would be. What would surprise: only for sources that a trunk accepts, since a Via of anybody
else could make us connect to whom he likes; and never over UDP, where a client that wants the
response asks for it by repeating the request.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

from sipfo.runtime.locate import Target, reaches
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Response, parse
from sipfo.runtime.sip.parameters import encode_host

if TYPE_CHECKING:
    from sipfo.runtime.core import Core

REMEMBERED: Final = 256
"""Responses under way by this; the oldest is given up first."""

LIFE: Final = 32.0
"""Seconds after which nobody waits for a response any more (64·T1)."""


class WayBack:
    """The ways that are left to each response, in their order."""

    __slots__ = ("_core", "_knows", "_left")

    def __init__(self, core: Core, knows: Callable[[str], bool]) -> None:
        """`knows` tells whether a trunk accepts an address."""
        self._core = core
        self._knows = knows
        self._left: OrderedDict[bytes, tuple[list[Flow], float]] = OrderedDict()

    def unsent(self, messages: Iterable[bytes], flow: Flow, now: float) -> None:
        """These were never written: no connection could be opened on `flow`."""
        for data in messages:
            if data.startswith(b"SIP/2.0 "):
                self._again(data, flow, now)

    def _again(self, data: bytes, flow: Flow, now: float) -> None:
        left = self._left.pop(data, None)
        if left is not None:
            self._go(data, *left, now)
        elif self._knows(flow.remote[0]):
            uri = _sent_by(data)
            if uri is not None:
                self._core.locate((uri,), partial(self._found, data, flow, now), now)

    def _found(
        self, data: bytes, flow: Flow, since: float, targets: tuple[Target, ...], now: float
    ) -> None:
        ways = [self._core.flow(flow.local, one) for one in targets if reaches(flow.local[0], one)]
        failed = (flow.transport, flow.remote)
        ways = [one for one in ways if (one.transport, one.remote) != failed]
        self._go(data, ways, since + LIFE, now)

    def _go(self, data: bytes, ways: list[Flow], until: float, now: float) -> None:
        if not ways or now > until:
            return
        self._left[data] = ways[1:], until
        if len(self._left) > REMEMBERED:
            self._left.popitem(last=False)
        self._core.send(ways[0], data)


def _sent_by(data: bytes) -> str | None:
    """Where RFC 3263 §5 finds the client of a response: its sent-by, as the URI that is located the
    same way: "numeric", "port", or by SRV, each with the transport of the Via."""
    try:
        message = parse(data)
        via = message.via
    except Malformed:
        return None
    if not isinstance(message, Response):
        return None
    return f"sip:{encode_host(via.host, via.port)};transport={via.transport}"
