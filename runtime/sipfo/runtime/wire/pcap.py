"""A capture file of every message, written by a thread of its own that no call ever waits for.

When the file has its size it becomes FILE.1, FILE.1 becomes FILE.2, and the last one goes; so does
a file that is there at the start. What would surprise: a record that the disk took half of is cut
off again, so that the file can be read whatever happens.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from pathlib import Path
from typing import Final

from sipfo.runtime.pcap import FILE_HEADER, Packets, TooLarge
from sipfo.runtime.sighting import Sighting
from sipfo.runtime.wire.book import FILE_MODE
from sipfo.runtime.wire.losses import Losses

KEPT: Final = 4
"""Full files kept beside the one that is written."""

MOST_WAITING: Final = 16_384
"""Messages that may wait for the disk."""

LAST_WAIT: Final = 5.0
"""Seconds that the disk has for what waits when the server stops."""


class CannotCapture(Exception):
    """The file cannot be written; says why."""


class CaptureFile:
    """The file that is written, and those before it; used by one thread."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        """Raises CannotCapture."""
        self._path = path
        self._most_bytes = most_bytes
        self._packets = Packets()
        try:
            if path.exists() and not path.is_file():
                raise CannotCapture(f"cannot write {path}: not a regular file")
            self._descriptor, self._size = self._begin()
        except OSError as error:
            raise CannotCapture(f"cannot write {path}: {error.strerror}") from None

    def write(self, sighting: Sighting) -> None:
        """Append one message, in the next file if this one is full. Raises OSError, TooLarge."""
        records = self._packets.of(sighting)
        if self._size > len(FILE_HEADER) and self._size + len(records) > self._most_bytes:
            descriptor, size = self._begin()
            os.close(self._descriptor)
            self._descriptor, self._size = descriptor, size
        _append(self._descriptor, records, self._size)
        self._size += len(records)

    def close(self) -> None:
        """Let the file go."""
        os.close(self._descriptor)

    def _begin(self) -> tuple[int, int]:
        """Make room, and start a file; what is there goes on unharmed if that fails."""
        older = [self._path.with_name(f"{self._path.name}.{n}") for n in range(1, KEPT + 1)]
        if self._path.exists():
            for newer, old in reversed(list(zip([self._path, *older], older, strict=False))):
                if newer.exists():
                    newer.replace(old)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, FILE_MODE)
        try:
            _append(descriptor, FILE_HEADER, 0)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor, len(FILE_HEADER)


def _append(descriptor: int, data: bytes, size: int) -> None:
    """Write all of it after `size` bytes, or leave the file with those. Raises OSError."""
    written = 0
    try:
        while written < len(data):
            written += os.pwrite(descriptor, data[written:], size + written)
    except OSError:
        os.ftruncate(descriptor, size)
        raise


class Capture:
    """A watcher that keeps what it sees in a file."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        """Raises CannotCapture."""
        self.losses = Losses(f"pcap {path}")
        self._file = CaptureFile(path, most_bytes)
        self._waiting: queue.Queue[Sighting | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._work, name=f"pcap {path}", daemon=True)
        self._thread.start()

    def see(self, sighting: Sighting) -> None:
        """See Watcher."""
        try:
            self._waiting.put_nowait(sighting)
        except queue.Full:
            self.losses.add("the disk is too slow")

    async def close(self) -> None:
        """See Watcher: the disk has LAST_WAIT seconds for what waits."""
        await asyncio.to_thread(self._stop)
        self.losses.close()

    def _stop(self) -> None:
        try:
            self._waiting.put(None, timeout=LAST_WAIT)
        except queue.Full:
            self.losses.add("the disk is too slow")
        self._thread.join(LAST_WAIT)

    def _work(self) -> None:
        try:
            while (sighting := self._waiting.get()) is not None:
                try:
                    self._file.write(sighting)
                except TooLarge as error:
                    self.losses.add(f"too large: {error}")
                except OSError as error:
                    self.losses.add(error.strerror or str(error))
        finally:
            self._file.close()
