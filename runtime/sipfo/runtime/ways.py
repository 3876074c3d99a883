"""Flows and Contacts that were made before: those of a carrier are the same in each of its calls.

What is kept follows from its key alone, and as much as `remembered` keeps. Nothing of TLS is: the port
that it has at one of our addresses is told later, and may change.
"""

from __future__ import annotations

from typing import TypeVar

from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.sip.remembered import LONGEST, MOST

_Place = tuple[str, int]
_Key = TypeVar("_Key")
_Made = TypeVar("_Made")


class Ways:
    """The ways from our addresses, but those by TLS."""

    __slots__ = ("_contacts", "_flows", "_hops")

    def __init__(self) -> None:
        self._flows: dict[tuple[str, _Place, str, int, str], Flow] = {}
        self._contacts: dict[tuple[str, _Place, str], bytes] = {}
        self._hops: dict[tuple[bytes, _Place], Flow] = {}

    def flow(self, transport: str, local: _Place, host: str, port: int, name: str) -> Flow:
        """The flow from one of our addresses to a place."""
        key = (transport, local, host, port, name)
        known = self._flows.get(key)
        if known is not None:
            return known
        return _keep(self._flows, key, Flow(transport, local, (host, port), None, name))

    def contact(self, flow: Flow, user: str) -> bytes:
        """Our Contact on a flow; `user` is what stands before the host, its `@` included."""
        key = (flow.transport, flow.local, user)
        known = self._contacts.get(key)
        if known is not None:
            return known
        transport = f";transport={flow.transport}" if flow.reliable else ""
        contact = f"<sip:{user}{encode_host(*flow.local)}{transport}>".encode("ascii")
        return _keep(self._contacts, key, contact)

    def to_hop(self, hop: bytes, local: _Place) -> Flow | None:
        """The flow to a next hop that `keep_hop` was told."""
        return self._hops.get((hop, local))

    def keep_hop(self, hop: bytes, local: _Place, flow: Flow) -> None:
        """A next hop, whose host is an address, is reached from one of ours by a flow."""
        if len(hop) <= LONGEST:
            _keep(self._hops, (hop, local), flow)


def _keep(known: dict[_Key, _Made], key: _Key, made: _Made) -> _Made:
    if len(known) >= MOST:
        known.clear()
    known[key] = made
    return made
