"""A book that another process still has: it is opened when there is something to write, and waited
for until the other lets it go.

What would surprise: calls that are open in it are not lost, though this process did not open them.
They were up when it took over, and are now its own.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from sipfo.runtime.row import End, Row
from sipfo.runtime.wire.book import Book, CannotKeep, CannotWrite, Sync
from sipfo.runtime.wire.books import check_name, open_book

LET_GO_WITHIN: Final = 15.0
"""Seconds that the other process is given, which may have its last batch to write."""

_LOOK_AGAIN: Final = 0.02


class HandedBook:
    """See `Book`. Only a ledger's thread may wait for it."""

    def __init__(self, name: str, sync: Sync, within: float = LET_GO_WITHIN) -> None:
        """Raises CannotKeep for a name that no book can have."""
        check_name(name)
        self._name = name
        self._sync = sync
        self._within = within
        self._book: Book | None = None

    def lose_open(self) -> int:
        """None is lost."""
        return 0

    @property
    def takes_ends(self) -> bool:
        """Not before it is open: then nothing in it is of this process."""
        return self._book is not None and self._book.takes_ends

    def write(self, rows: Sequence[Row], now: float, ends: Sequence[End] = ()) -> None:
        """Write as soon as the book is ours. Raises CannotWrite."""
        if self._book is None:
            self._book = self._open()
        self._book.write(rows, now, ends)

    def close(self) -> None:
        """Let another process have it."""
        if self._book is not None:
            self._book.close()

    def _open(self) -> Book:
        end = time.monotonic() + self._within
        while True:
            try:
                return open_book(self._name, self._sync)
            except CannotKeep as error:
                if time.monotonic() > end:
                    raise CannotWrite(str(error)) from None
            time.sleep(_LOOK_AGAIN)
