"""Requests too large for UDP: over TCP to the same target, and over UDP where nobody takes TCP.

RFC 3261 §18.1.1. Neither is a failure or an attempt of its own. What would surprise: a target that
did not take the connection is remembered, so that not every large call begins by trying TCP.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Request

LARGEST: Final = 1300
"""Bytes of the largest request that UDP takes "if the path MTU is unknown" (RFC 3261 §18.1.1); the
MTU of a path is never known here."""

OPENED_WITHIN: Final = 1.5
"""Seconds until TCP counts as not taken: a firewall may drop what opens the connection. One that
was lost is repeated after a second (RFC 6298 §2)."""

UDP_ONLY_FOR: Final = 600.0
"""Seconds that a target which did not take TCP is sent everything over UDP."""

REMEMBERED: Final = 4096
"""Such targets remembered; the one found out first is forgotten first."""


class Oversize:
    """Which transport a request takes that would go over UDP."""

    __slots__ = ("_udp_only",)

    def __init__(self) -> None:
        self._udp_only: OrderedDict[tuple[str, int], float] = OrderedDict()

    def fit(self, request: Request, flow: Flow, now: float) -> tuple[Request, Flow]:
        """The request, our Via on top, and the flow that it really takes."""
        if flow.transport != "udp" or size(request) <= LARGEST or self._is_known(flow, now):
            return request, flow
        # "the value in the top Via MUST be changed" (RFC 3261 §18.1.1)
        fields = list(request.headers)
        fields[0] = (b"via", request.via.over("tcp").encode())
        changed = Request(request.method, request.uri, Headers(fields), request.body)
        return changed, flow._replace(transport="tcp", opened_within=OPENED_WITHIN)

    def unopened(self, flow: Flow, now: float) -> None:
        """A TCP connection could not be opened."""
        self._udp_only[flow.remote] = now + UDP_ONLY_FOR
        self._udp_only.move_to_end(flow.remote)
        if len(self._udp_only) > REMEMBERED:
            self._udp_only.popitem(last=False)

    def goes_back(self, flow: Flow, now: float) -> bool:
        """Whether a request that failed on `flow`, as `fit` gave it, is to be sent over UDP: only
        when no connection was opened, so that nobody can have read it."""
        return flow.opened_within is not None and self._is_known(flow, now)

    def _is_known(self, flow: Flow, now: float) -> bool:
        until = self._udp_only.get(flow.remote)
        return until is not None and now < until


def size(request: Request) -> int:
    """Bytes of a request on the wire, without writing it."""
    lines = 0
    for name, value in request.headers:
        if name != b"content-length":
            lines += len(name) + len(value) + 4  # ": " and the line's end
    start = len(request.method) + len(request.uri) + len(" SIP/2.0\r\n") + 1
    length = len("Content-Length: \r\n\r\n") + len(str(len(request.body)))
    return start + lines + length + len(request.body)
