"""What comes is given to the engine, and what the engine wants gone goes: the path of every message.

Every input, or lot of datagrams, is followed by one flush: what is to be sent, looked up or reported
is taken from the engine's queues, and one timer is armed for its next moment. An exception in the
engine costs the message that caused it, is logged and counted, and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from sipfo.runtime.core import Lookup
from sipfo.runtime.engine import Engine
from sipfo.runtime.errand import Errand
from sipfo.runtime.record import Record
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.wire.udp import UdpSocket

_log = logging.getLogger("sipfo")


class Traffic:
    """One engine's messages, in and out."""

    __slots__ = (
        *("_armed", "_engine", "_flushing", "_look_up", "_loop", "_otherwise", "_recall"),
        *("_tell", "_timer", "before", "beside", "internal_errors", "udp"),
    )

    def __init__(
        self,
        engine: Engine,
        udp: dict[tuple[str, int], UdpSocket],
        otherwise: Callable[[Flow, bytes], None],
        recall: Callable[[Flow, bytes], None],
        look_up: Callable[[Lookup | Errand], None],
        tell: Callable[[Record], None],
    ) -> None:
        """`udp` are the sockets that there are, `otherwise` sends what none of them does; `recall`
        takes a request back that waits for its connection, `look_up` finds an answer for the engine,
        `tell` is told of records. In a running loop."""
        self.internal_errors = 0
        self.before: Callable[[bytes, Flow], bool] | None = None
        """Sees what comes; whether it is for somebody else."""
        self.beside: Callable[[Flow, bytes], bool] | None = None
        """Sees what goes; whether somebody else has sent it."""
        self.udp = udp
        self._engine = engine
        self._otherwise = otherwise
        self._recall = recall
        self._look_up = look_up
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._armed = 0.0
        self._flushing = False

    def came(self, data: bytes, flow: Flow) -> None:
        """A datagram, of a lot after which `flush` is called."""
        if self.before is None or not self.before(data, flow):
            self.give(data, flow)

    def received(self, data: bytes, flow: Flow) -> None:
        """A message that came alone."""
        self.came(data, flow)
        self.flush()

    def give(self, data: bytes, flow: Flow) -> None:
        """Have the engine take a message."""
        # What `work` does, without a closure for each message.
        try:
            self._engine.receive(data, flow, time.monotonic())  # the loop's own clock
        except Exception:  # noqa: BLE001 - a bug must cost one message, never the server
            self.wrong()

    def work(self, do: Callable[[float], object]) -> None:
        """Do something with the engine now, and then what it made the engine send or say."""
        try:
            do(self._loop.time())
        except Exception:  # noqa: BLE001 - a bug must cost one message, never the server
            self.wrong()
        self.flush()

    def wrong(self) -> None:
        """Count and log the exception that is being handled."""
        self.internal_errors += 1
        _log.exception("internal error %d", self.internal_errors)

    def flush(self) -> None:
        """Take what the engine has queued; a failed send may queue more. Records go first: what a
        caller is told is in a ledger's hands before."""
        if self._flushing:
            return
        self._flushing = True
        core = self._engine.core
        records, sends, recalls, lookups = core.records, core.sends, core.recalls, core.lookups
        try:
            while sends or records or recalls or lookups:
                while records:
                    self._tell(records.popleft())
                while sends:
                    flow, data = sends.popleft()
                    self.send(flow, data)
                while recalls:
                    flow, branch = recalls.popleft()
                    self._recall(flow, branch)
                while lookups:
                    self._look_up(lookups.popleft())
        finally:
            self._flushing = False
        self._arm()

    def send(self, flow: Flow, data: bytes) -> None:
        """Send a message, or have it sent."""
        if self.beside is None or not self.beside(flow, data):
            self.put(flow, data)

    def put(self, flow: Flow, data: bytes) -> None:
        """Send from here."""
        if flow.transport == "udp":
            one = self.udp.get(flow.local)
            if one is not None:
                one.send(data, flow)
                return
        self._otherwise(flow, data)

    def close(self) -> None:
        """Do nothing more by itself."""
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        """Wake at the engine's next moment. A timer that is armed for one before stays: most of
        these are cancelled meanwhile, and to wake for nothing costs less than to arm anew."""
        due = self._engine.next_due()
        if due is None:
            return
        if self._timer is not None:
            if self._armed <= due:
                return
            self._timer.cancel()
        self._armed = due
        self._timer = self._loop.call_at(due, self._due)

    def _due(self) -> None:
        self._timer = None
        self.work(self._engine.run_timers)
