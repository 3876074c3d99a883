"""Records as lines of text, JSON or CSV, appended a batch at a time and synced.

A batch is whole lines, and it counts only once all of it is on disk; what a crash tore off is cut
away at the next start. What would surprise: an answered call has two lines, when it is answered and
when it is over, and the last holds, but one if it was over before the first was written; and the
file's own time is the heartbeat.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from sipfo.runtime.row import End, Row, lost
from sipfo.runtime.sheet import CSV, JSON, STATE, BadLine, Form
from sipfo.runtime.wanted import Wanted
from sipfo.runtime.wire.book import CannotKeep, CannotWrite, hold, sync_folder

_BLOCK: Final = 1 << 16


def form_of(path: Path) -> Form:
    """By the suffix."""
    return CSV if path.suffix == ".csv" else JSON


class Lines:
    """A book that is a file of lines."""

    takes_ends = False

    def __init__(self, path: Path) -> None:
        """Open it, or make it, and cut a torn last line off. Raises CannotKeep."""
        self._path = path
        self._form = form_of(path)
        self._file, self._size = self._open()
        self._last_alive = os.fstat(self._file).st_mtime
        try:
            self._cut()
        except OSError as error:
            self.close()
            raise CannotKeep(f"cannot write {path}: {error.strerror}") from None

    def lose_open(self) -> int:
        """See Book."""
        try:
            with self._path.open("rb") as file:
                left = [lost(row, self._last_alive) for row in _rows(_open_lines(file), self._form)]
        except OSError as error:
            raise CannotWrite(error.strerror) from None
        self.write(left, self._last_alive)
        return len(left)

    def write(self, rows: Sequence[Row], now: float, ends: Sequence[End] = ()) -> None:
        """See Book."""
        try:
            self._follow()
            if rows:
                self._append(b"".join(map(self._form.write, rows)))
            os.utime(self._file)
        except (OSError, CannotKeep) as error:
            raise CannotWrite(getattr(error, "strerror", None) or str(error)) from None

    def close(self) -> None:
        """See Book."""
        os.close(self._file)

    def _append(self, data: bytes) -> None:
        self._cut()
        if self._size == 0:
            data = self._form.head + data
        written = 0
        while written < len(data):
            written += os.write(self._file, data[written:])
        os.fsync(self._file)
        self._size += len(data)

    def _cut(self) -> None:
        """Take away what is no whole batch. A file that others made shorter goes on from there."""
        size = os.fstat(self._file).st_size
        if size > self._size:
            os.ftruncate(self._file, self._size)
        self._size = min(self._size, size)

    def _follow(self) -> None:
        """After the file was moved away (log rotation), go on in a new one of the same name."""
        here = os.fstat(self._file)
        try:
            if os.path.samestat(here, self._path.stat()):
                return
        except FileNotFoundError:
            pass  # moved away, and no new one there yet
        file, size = self._open()
        os.close(self._file)
        self._file, self._size = file, size

    def _open(self) -> tuple[int, int]:
        """The file, held, and how many of its bytes are whole lines. One that does not begin as
        ours do is nobody's to cut or append to. Raises CannotKeep."""
        file = hold(self._path)
        try:
            begins = self._form.begins
            if not begins.startswith(os.pread(file, len(begins), 0)):
                raise CannotKeep(
                    f"{self._path} holds something else, or records of another version: move it"
                    " away, or give another path"
                )
            size = _whole(file, os.fstat(file).st_size)
            sync_folder(self._path)
        except OSError as error:
            os.close(file)
            raise CannotKeep(f"cannot write {self._path}: {error.strerror}") from None
        except CannotKeep:
            os.close(file)
            raise
        return file, size


def read_lines(path: Path, wanted: Wanted) -> Iterator[Row]:
    """The calls that are wanted, the earliest first; lines that are none of ours are passed over.
    Raises CannotKeep."""
    found: dict[str, Row] = {}
    try:
        with path.open("rb") as file:
            whole = (line for line in file if line.endswith(b"\n"))
            for row in _rows(whole, form_of(path)):
                if wanted.holds(row):
                    found[row.call] = row
                else:
                    found.pop(row.call, None)
    except OSError as error:
        raise CannotKeep(f"cannot read {path}: {error.strerror}") from None
    return iter(sorted(found.values(), key=lambda row: (row.began, row.call)))


def _rows(lines: Iterable[bytes], form: Form) -> Iterator[Row]:
    for line in lines:
        try:
            row = form.read(line)
        except BadLine:
            continue  # a head, or what somebody wrote into it by hand
        yield row


def _open_lines(lines: Iterable[bytes]) -> list[bytes]:
    """The lines of calls whose end no line says."""
    left: dict[bytes, bytes] = {}
    for line in lines:
        found = STATE.match(line)
        if found is not None and found[1] == b"open":
            left[found[2]] = line
        elif found is not None:
            left.pop(found[2], None)
    return list(left.values())


def _whole(file: int, size: int) -> int:
    """How many of the file's bytes are whole lines."""
    end = size
    while end > 0:
        start = max(0, end - _BLOCK)
        newline = os.pread(file, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0
