"""What a ledger writes into: records on disk, which one process at a time may write.

What would surprise: a file is held by a lock of the kernel's, so that a process that was killed
holds nothing.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, Protocol

from sipfo.runtime.row import End, Row

Sync = Literal["normal", "full"]
"""What an acknowledged row survives: `normal` the end of the process, `full` that of the power."""

FILE_MODE: Final = 0o640
"""Who called whom is not for everybody."""


class CannotKeep(Exception):
    """A file in which no records can be kept, or whose records cannot be read; says why."""


class CannotWrite(Exception):
    """A batch could not be written now; nothing of it is in the book. It may be tried again."""


class Book(Protocol):
    """Records on disk."""

    def lose_open(self) -> int:
        """Mark the calls that a crash left open as lost; how many there were. Raises CannotWrite."""

    @property
    def takes_ends(self) -> bool:
        """Whether `write` may be given the mere ends of calls whose rows it has; else it wants a
        row of each end."""

    def write(self, rows: Sequence[Row], now: float, ends: Sequence[End] = ()) -> None:
        """Write the rows, close those of `ends`, all or none, and that we live at `now` (Unix
        seconds). On return they are safe. Raises CannotWrite."""

    def close(self) -> None:
        """Let another process have it."""


def hold(path: Path) -> int:
    """Open or make the file for this process alone; the descriptor. Raises CannotKeep."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_APPEND, FILE_MODE)
    except OSError as error:
        raise CannotKeep(f"cannot write {path}: {error.strerror}") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise CannotKeep(f"cannot write {path}: not a regular file")
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno == errno.EWOULDBLOCK:
            raise CannotKeep(f"cannot write {path}: another process keeps its records there") from (
                None
            )
        raise CannotKeep(f"cannot write {path}: {error.strerror}") from None
    except CannotKeep:
        os.close(descriptor)
        raise
    return descriptor


def sync_folder(path: Path) -> None:
    """A new file survives a power cut once its folder is on disk."""
    descriptor = os.open(path.absolute().parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
