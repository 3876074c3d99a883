"""Where a request that arrives inside a dialog belongs, and which INVITE a CANCEL means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from sipfo.runtime.leg import Leg
from sipfo.runtime.sip.dialog import DialogKey
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request
from sipfo.runtime.sip.transaction.layer import AnyServer


class Cancellable(Protocol):
    """Whoever serves an INVITE."""

    @property
    def to_tag(self) -> bytes:
        """The To tag of the 487 that will be its final response."""

    def cancel(self, reasons: list[bytes], now: float) -> None:
        """A CANCEL for it came, with these values of Reason, and was answered 200."""


class Member(Protocol):
    """A call, as its legs' requests reach it."""

    def receive(
        self, leg: Leg, request: Request, transaction: AnyServer, flow: Flow, now: float
    ) -> None:
        """A request in one of its dialogs, other than ACK and CANCEL."""


class Directory:
    """The legs of every call, and the INVITEs being served."""

    __slots__ = ("_legs", "_serving", "abroad")

    def __init__(self) -> None:
        self._legs: dict[DialogKey, tuple[Leg, Member]] = {}
        self._serving: dict[object, Cancellable] = {}
        self.abroad: dict[DialogKey, tuple[DialogKey, bytes]] = {}
        """Dialogs of other engines that somebody here is about to name: the one on the other side,
        and where whoever is there is reached."""

    def __len__(self) -> int:
        return len(self._legs) + len(self._serving)

    def add(self, leg: Leg, call: Member) -> None:
        """A dialog came to be."""
        self._legs[leg.dialog.key] = (leg, call)

    def remove(self, leg: Leg) -> None:
        """A dialog is no more."""
        self._legs.pop(leg.dialog.key, None)

    def leg(self, key: DialogKey) -> Leg | None:
        """Our leg of a dialog, if it is one of a call's."""
        found = self._legs.get(key)
        return found[0] if found is not None else None

    def find(self, request: Request) -> tuple[Leg, Member] | None:
        """The leg of a request's dialog (RFC 3261 §12.2.2). Raises Malformed."""
        key = (request.call_id, request.to.tag or b"", request.from_.tag or b"")
        return self._legs.get(key)

    def flows(self) -> Iterator[Flow]:
        """The flow of every leg."""
        return (leg.flow for leg, _ in self._legs.values())

    def serve(self, transaction: AnyServer, server: Cancellable) -> None:
        """An INVITE is being served."""
        self._serving[transaction.key] = server

    def served(self, transaction: AnyServer) -> None:
        """An INVITE has its final response: CANCEL has no effect on it any more (§9.2)."""
        self._serving.pop(transaction.key, None)

    def server_of(self, transaction: AnyServer) -> Cancellable | None:
        """Who serves an INVITE that has no final response yet."""
        return self._serving.get(transaction.key)
