"""The one place where every message in and out can be looked at, decrypted and with its time.

Without a tap the server does one comparison per message. A watcher is told in the server's own
turn, so it must neither wait nor fail; one that fails all the same costs nobody a message.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Protocol

from sipfo.runtime.origins import Origins
from sipfo.runtime.sighting import Sighting, call_id_of, is_message, masked
from sipfo.runtime.sip.flow import Flow

_log = logging.getLogger("sipfo")


class Watcher(Protocol):
    """Whoever is told of every message."""

    def see(self, sighting: Sighting) -> None:
        """One message passed. Must not wait."""

    async def close(self) -> None:
        """No more will pass: let go what is held."""


class Tap:
    """What passes, told to watchers; `origins` is to be told of every leg that is made.

    A message is told of when it is given to its transport: one whose connection cannot be opened
    has been told of all the same.
    """

    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self.origins = Origins()
        self.errors = 0
        self._watchers = tuple(watchers)

    def came(self, data: bytes, flow: Flow) -> None:
        """A message arrived on a flow."""
        self._tell(flow.transport, flow.remote, flow.local, data)

    def went(self, data: bytes, flow: Flow) -> None:
        """A message is sent on a flow."""
        self._tell(flow.transport, flow.local, flow.remote, data)

    async def close(self) -> None:
        """Let the watchers go."""
        for watcher in self._watchers:
            await watcher.close()

    def _tell(
        self, transport: str, source: tuple[str, int], target: tuple[str, int], data: bytes
    ) -> None:
        if not is_message(data):
            return
        try:
            call = self.origins.of(call_id_of(data))
            sighting = Sighting(time.time(), transport, source, target, masked(data), call)
            for watcher in self._watchers:
                watcher.see(sighting)
        except Exception:  # noqa: BLE001 - a bug in looking on must not cost a message
            self.errors += 1
            _log.exception("a message was not shown: error %d", self.errors)
