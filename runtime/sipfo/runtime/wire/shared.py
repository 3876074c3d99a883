"""Counts that several processes share: a table in memory, a row for each trunk and carrier.

Whoever changes a row holds its lock, which is the kernel's: a process that is killed holds nothing.
What would surprise: each process counts its calls in a place of its own, so that those of a
process that died can be taken away.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from hashlib import blake2b
from struct import Struct
from typing import Final

from sipfo.runtime.commons import Party

LEAST_ROWS: Final = 65_536

ROOM: Final = 4
"""Rows for each name that there is at the start: names that later plans bring need some, too."""

_KEY: Final = 16
_HEAD: Final = Struct("=16sQdd")
"""A row's key, how many calls it has placed, and its bucket (`Usage.left`, `since`)."""

_PLACED: Final = Struct("=Q")
_REAL: Final = Struct("=d")
_CALLS: Final = Struct("=i")


class TableFull(Exception):
    """There are more trunks and carriers than the table has rows."""


class Table:
    """One process's view of the table."""

    def __init__(self, descriptor: int, process: int, processes: int) -> None:
        """`process` is this one's number of `processes`; the memory is that of `make_table`."""
        self._descriptor = descriptor
        self._process = process
        self._processes = processes
        self._size = _size(processes)
        self._rows = os.fstat(descriptor).st_size // self._size
        self._memory = mmap.mmap(descriptor, self._rows * self._size)
        self._known: dict[tuple[Party, str], Row] = {}

    def row(self, party: Party, name: str) -> Row:
        """The row of a trunk or carrier, made if need be. Raises TableFull."""
        found = self._known.get((party, name))
        if found is None:
            key = blake2b(f"{party} {name}".encode(), digest_size=_KEY).digest()
            found = Row(self, self._find(key))
            self._known[party, name] = found
        return found

    def lose(self, process: int) -> int:
        """A process is gone: take its calls away; how many there were of trunks."""
        lost = 0
        for (party, _), row in self._known.items():
            with row.still():
                count = row.calls_of(process)
                row.set_calls_of(process, 0)
            lost += count if party == "trunk" else 0
        return lost

    def close(self) -> None:
        """Look at it no more."""
        self._known.clear()
        self._memory.close()
        os.close(self._descriptor)

    def _find(self, key: bytes) -> int:
        first = int.from_bytes(key[:8], "little") % self._rows
        with self.locked(0, 0):  # the whole table
            for turn in range(self._rows):
                offset = (first + turn) % self._rows * self._size
                there = self._memory[offset : offset + _KEY]
                if there == key:
                    return offset
                if not any(there):
                    self._memory[offset : offset + _KEY] = key
                    return offset
        raise TableFull

    @contextmanager
    def locked(self, offset: int, size: int) -> Iterator[None]:
        """While this is entered, no other process is in the same."""
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX, size, offset)
        try:
            yield
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, size, offset)

    @property
    def memory(self) -> mmap.mmap:
        """The whole of it."""
        return self._memory

    @property
    def process(self) -> int:
        """This process's number."""
        return self._process

    @property
    def processes(self) -> int:
        """How many there are."""
        return self._processes


class Row:
    """What is counted of one trunk or carrier (`Usage`)."""

    __slots__ = ("_memory", "_offset", "_table")

    def __init__(self, table: Table, offset: int) -> None:
        self._table = table
        self._memory = table.memory
        self._offset = offset

    def still(self) -> AbstractContextManager[object]:
        """See Usage."""
        return self._table.locked(self._offset, _HEAD.size)

    @property
    def calls(self) -> int:
        """See Usage."""
        return sum(map(self.calls_of, range(self._table.processes)))

    def add(self, calls: int) -> None:
        """See Usage."""
        process = self._table.process
        self.set_calls_of(process, self.calls_of(process) + calls)

    @property
    def left(self) -> float:
        """See Usage."""
        found: float = _REAL.unpack_from(self._memory, self._offset + 24)[0]
        return found

    @left.setter
    def left(self, value: float) -> None:
        _REAL.pack_into(self._memory, self._offset + 24, value)

    @property
    def since(self) -> float:
        """See Usage; long ago, before anything was taken."""
        found: float = _REAL.unpack_from(self._memory, self._offset + 32)[0]
        return found

    @since.setter
    def since(self, value: float) -> None:
        _REAL.pack_into(self._memory, self._offset + 32, value)

    @property
    def placed(self) -> int:
        """How many calls a trunk has placed."""
        found: int = _PLACED.unpack_from(self._memory, self._offset + _KEY)[0]
        return found

    @placed.setter
    def placed(self, value: int) -> None:
        _PLACED.pack_into(self._memory, self._offset + _KEY, value)

    def calls_of(self, process: int) -> int:
        """The calls of one process."""
        found: int = _CALLS.unpack_from(self._memory, self._place(process))[0]
        return found

    def set_calls_of(self, process: int, count: int) -> None:
        """The same."""
        _CALLS.pack_into(self._memory, self._place(process), count)

    def _place(self, process: int) -> int:
        return self._offset + _HEAD.size + process * _CALLS.size


class SharedTurns:
    """The turns of all processes together."""

    __slots__ = ("_table",)

    def __init__(self, table: Table) -> None:
        self._table = table

    def take(self, trunk: str) -> int:
        """See Turns."""
        row = self._table.row("trunk", trunk)
        with row.still():
            before = row.placed
            row.placed = before + 1
        return before

    def placed(self, trunk: str) -> int:
        """See Turns."""
        return self._table.row("trunk", trunk).placed

    def go_on(self, placed: Mapping[str, int]) -> None:
        """See Turns."""
        for trunk, count in placed.items():
            row = self._table.row("trunk", trunk)
            with row.still():
                row.placed = max(row.placed, count)


def make_table(names: int, processes: int) -> int:
    """A descriptor of memory for the counts of about so many names; only the rows that are used take
    any."""
    descriptor = os.memfd_create("sipfo-counts", os.MFD_CLOEXEC)
    os.ftruncate(descriptor, max(LEAST_ROWS, ROOM * names) * _size(processes))
    return descriptor


def _size(processes: int) -> int:
    return (_HEAD.size + processes * _CALLS.size + 7) // 8 * 8
