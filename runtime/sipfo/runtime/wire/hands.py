"""What a server and its crew know of each other: the server as its crew needs it, one worker as it
stands, and what the engine that leads says to those of the workers.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from socket import socket
from typing import Any, Final, Protocol

from sipfo.plan.model import Plan
from sipfo.runtime.commons import Party, Usage
from sipfo.runtime.engine import Engine
from sipfo.runtime.record import CallRecord, Record
from sipfo.runtime.secret import Secret
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.wire.pipe import Pipe, Word
from sipfo.runtime.wire.shared import SharedTurns, Table


class Shell(Protocol):
    """The server, as its crew needs it."""

    @property
    def engine(self) -> Engine:
        """The engine that leads."""

    @property
    def secrets(self) -> Mapping[str, Secret]:
        """The values of the secrets of the plan in force."""

    plan: Plan

    def send(self, flow: Flow, data: bytes) -> None:
        """Send what a worker sends."""

    def recall(self, flow: Flow, branch: bytes) -> None:
        """Take a request back that waits for its connection."""

    def tell(self, record: Record) -> None:
        """Tell whoever listens of a record."""

    def say(self, text: str) -> None:
        """Report a notice."""

    def work(self, do: Callable[[float], None]) -> None:
        """Do something with the engine that leads."""

    def failed(self, flow: Flow) -> None:
        """What was sent on a flow did not get through."""

    def received(self, data: bytes, flow: Flow) -> None:
        """A message came that a worker has read, and that is not for it as far as it knows."""

    def not_ours(self, data: bytes, flow: Flow) -> None:
        """A worker has nothing that a message belongs to, which was offered to it."""

    def note_leg(self, leg: bytes, caller: bytes) -> None:
        """A leg is made for a call."""

    def legs_over(self, legs: Sequence[bytes]) -> None:
        """The call of these legs is over."""


@dataclass(slots=True)
class Hand:
    """One worker."""

    number: int
    process: subprocess.Popen[bytes] | None = None
    pipe: Pipe | None = None
    lends: socket | None = None
    """By which sockets are lent to it."""
    is_ready: asyncio.Event = field(default_factory=asyncio.Event)
    plan: Plan | None = None
    """The one that it was started with."""
    started: float = 0.0
    heard: float = 0.0
    """When it said something last."""
    waiting: list[Word] = field(default_factory=list)
    """What came before it was there."""
    up: dict[str, CallRecord] = field(default_factory=dict)
    """Its calls that are answered and not over."""
    gauges: dict[str, float] = field(default_factory=dict)
    asked: dict[int, asyncio.Future[Any]] = field(default_factory=dict)


class Leading:
    """The commons of the engine that leads."""

    leads: Final = True

    def __init__(self, table: Table) -> None:
        self.turns = SharedTurns(table)
        self.tell_all: Callable[..., None] = _nobody
        """Tells every worker a word."""
        self._table = table

    def usage(self, party: Party, name: str) -> Usage:
        """See Commons."""
        return self._table.row(party, name)

    def held(self, target: str, until: float) -> None:
        """See Commons."""
        self.tell_all("held", target, until)

    def proven(self, source: str) -> None:
        """It is the others that say this."""

    def met(self, path: tuple[str, str, bool], target: str, event: str) -> None:
        """It is the others that say this."""

    def turned(self, path: tuple[str, str, bool], target: str, is_down: bool) -> None:
        """See Commons."""
        self.tell_all("turned", tuple(path), target, is_down)


def _nobody(*word: object) -> None:
    """Nobody is there yet."""
