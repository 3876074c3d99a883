"""Records to a book, by a thread of its own that no call ever waits for.

A record waits in memory, bounded, until the thread takes all that wait and writes them as a batch.
A record is *acknowledged* once its batch's commit (for lines: its fsync) has returned; from then on
it survives `kill -9`. While the disk stalls calls go on, the batch is tried again, and what finds
no room to wait is lost, counted and said.

Why `full` is the default: a batch is written at most every `GATHER` seconds, so that a sync for
each costs twenty syncs a second however many calls there are, and none of them a call's time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import Final

from sipfo.runtime.record import CallRecord, EndRecord, Record
from sipfo.runtime.row import End, Row, end_of, row_of
from sipfo.runtime.wire.book import Book, CannotKeep, CannotWrite, Sync
from sipfo.runtime.wire.books import called, open_book

_log = logging.getLogger("sipfo")

GATHER: Final = 0.05
"""Seconds that a record waits for others to go with it."""

HEARTBEAT: Final = 5.0
"""Seconds between signs of life in a book when there are no calls."""

RETRY: Final = 1.0
"""Seconds after which a batch that could not be written is tried again."""

MOST_WAITING: Final = 50_000
"""Records that may wait: minutes of a busy server, and less than 100 MB."""

MOST_BATCH: Final = 1000
"""Records in one commit."""

_OF_CALLS: Final = (CallRecord, EndRecord)

LAST_WAIT: Final = 10.0
"""Seconds that the last batch may take when the server stops."""


class Ledger:
    """One book and the thread that writes it.

    What it counts may be read from any thread: `acknowledged` and `lost` are records, and all that
    was kept before the moment `through` (Unix seconds) is acknowledged or lost.
    """

    def __init__(self, name: str, book: Book, most_waiting: int = MOST_WAITING) -> None:
        """Mark the calls that an earlier crash left open as lost (`left_open` of them), and start
        the thread. `name` is what the book is called in what is said of it. Raises CannotKeep."""
        self.name = name
        self.acknowledged = 0
        self.through = 0.0
        self._book = book
        self._most_waiting = most_waiting
        self._waiting: deque[CallRecord | EndRecord] = deque()
        self._under_way: list[CallRecord | EndRecord] = []
        # Each count has one thread that writes it.
        self._refused = 0
        self._unwritable = 0
        self._is_full = False
        # Calls that are up and whose rows were written from here.
        self._open: set[str] = set()
        self._awake = threading.Event()
        self._stop = threading.Event()
        try:
            self.left_open = book.lose_open()
        except CannotWrite as error:
            book.close()
            raise CannotKeep(f"cannot write {name}: {error}") from None
        if self.left_open:
            _log.warning("records: %d calls in %s were up in a crash: lost", self.left_open, name)
        self._thread = threading.Thread(target=self._work, name=f"ledger {name}", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Records kept and not yet acknowledged."""
        return len(self._waiting) + len(self._under_way)

    @property
    def lost(self) -> int:
        """Records that will never be in the book."""
        return self._refused + self._unwritable

    def keep(self, record: Record) -> None:
        """Take the record of a call, or, when there is no room, lose it; any other says nothing that
        a call's does not. Never waits."""
        if not isinstance(record, _OF_CALLS):
            return
        if len(self._waiting) >= self._most_waiting:
            self._refused += 1
            if not self._is_full:
                self._is_full = True
                _log.error("records: no more can wait for %s, and some are lost", self.name)
            return
        self._waiting.append(record)
        if not self._awake.is_set():
            self._awake.set()

    def close(self) -> None:
        """Write what waits and let the book go; what cannot be written within `LAST_WAIT` seconds
        is lost. Blocks so long."""
        self._stop.set()
        self._awake.set()
        self._thread.join(LAST_WAIT)
        left = self.waiting
        if left:
            self._refused += left
            _log.error("records: %d are lost, because %s cannot be written", left, self.name)

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                self._awake.wait(HEARTBEAT)
                self._stop.wait(GATHER)
                self._awake.clear()
                self._write_waiting()
            self._write_waiting()
        finally:
            self._book.close()

    def _write_waiting(self) -> None:
        """Write all that waits now; when nothing does, that we live."""
        moment, left = time.time(), len(self._waiting)
        while True:
            more = min(left, MOST_BATCH)
            self._under_way += [self._waiting.popleft() for _ in range(more)]
            left -= more
            if not self._write(list(self._under_way)):
                return
            if not left:
                break
        self.through = moment
        if self._is_full:
            self._is_full = False
            _log.error("records: %s is written again; %d are lost so far", self.name, self.lost)

    def _write(self, batch: list[CallRecord | EndRecord]) -> bool:
        """Write what is first under way, however long it takes; False when it is time to stop
        instead."""
        is_stalled = False
        while True:
            try:
                rows, ends = self._entries(batch)
                self._book.write(rows, time.time(), ends)
            except CannotWrite as error:
                if not is_stalled:
                    is_stalled = True
                    _log.error("records: cannot write %s: %s", self.name, error)
                if self._stop.wait(RETRY):
                    return False
            except Exception:  # noqa: BLE001 - a row that cannot be written costs that row alone
                if len(batch) > 1:
                    return all(self._write([record]) for record in batch)
                self._unwritable += len(batch)
                del self._under_way[: len(batch)]
                _log.exception("records: cannot write %s; %d lost by that", self.name, len(batch))
                return True
            else:
                if self._book.takes_ends:
                    self._open.difference_update([one.call for one in ends])
                    self._open.update([row.call for row in rows if row.state == "open"])
                self.acknowledged += len(batch)
                del self._under_way[: len(batch)]
                return True

    def _entries(self, batch: list[CallRecord | EndRecord]) -> tuple[list[Row], list[End]]:
        """What is to be written: an end alone where the call's row is written; and the row of its
        end alone where the call was answered in this batch. The engine's moments are on the clock of
        `time.monotonic`, which asyncio's loops use."""
        epoch = time.time() - time.monotonic()

        def clock(at: float) -> float:
            return epoch + at

        rows: list[Row] = []
        ends: list[End] = []
        over = {one.record.call for one in batch if isinstance(one, EndRecord)}
        for one in batch:
            if isinstance(one, EndRecord):
                if one.record.call in self._open:
                    ends.append(end_of(one, clock))
                else:
                    rows.append(row_of(one, clock))
            elif one.call not in over:
                rows.append(row_of(one, clock))
        return rows, ends


def open_ledger(name: str, sync: Sync) -> Ledger:
    """Keep records in the book of this name from now on. Raises CannotKeep."""
    book = open_book(name, sync)
    return Ledger(called(name), book)
