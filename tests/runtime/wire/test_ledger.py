"""The thread that writes: acknowledged or counted as lost, and never in a call's way."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.accounts import EPOCH, OVER, UP, numbered
from sipfo.runtime.record import AttemptRecord, Notice
from sipfo.runtime.row import End, Row
from sipfo.runtime.wanted import Wanted
from sipfo.runtime.wire import ledger
from sipfo.runtime.wire.book import CannotKeep, CannotWrite
from sipfo.runtime.wire.database import read_database
from sipfo.runtime.wire.ledger import Ledger, open_ledger

LIMIT = 20.0


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "GATHER", 0.001)
    monkeypatch.setattr(ledger, "RETRY", 0.01)


class Shelf:
    """A book in memory, which can be made to stall, to fail, and to dislike a call."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.full = ""
        self.dislikes = ""
        self.is_broken = False
        self.is_closed = False
        self.open_at_start = 0
        self.takes_ends = False
        self.ends: list[str] = []
        self.wrote = threading.Semaphore(0)
        self.failed = threading.Semaphore(0)
        self.may_write = threading.Event()
        self.may_write.set()

    def lose_open(self) -> int:
        if self.full:
            raise CannotWrite(self.full)
        return self.open_at_start

    def write(self, rows: Sequence[Row], now: float, ends: Sequence[End] = ()) -> None:
        assert now > EPOCH - 1e9
        self.may_write.wait(LIMIT)
        if self.full:
            self.failed.release()
            raise CannotWrite(self.full)
        if self.is_broken or any(row.call == self.dislikes for row in rows):
            self.failed.release()
            raise ValueError("no such colour")
        self.batches.append([row.call for row in rows])
        self.ends += [end.call for end in ends]
        self.wrote.release()

    def close(self) -> None:
        self.is_closed = True

    @property
    def calls(self) -> list[str]:
        return [call for batch in self.batches for call in batch]


def names(*numbers: int) -> list[str]:
    return [numbered(n).call for n in numbers]


def test_what_is_kept_is_written_in_its_order_and_acknowledged() -> None:
    shelf = Shelf()
    kept = Ledger("shelf", shelf)
    for n in range(2500):
        kept.keep(numbered(n))
    kept.close()
    assert shelf.calls == names(*range(2500))
    assert max(map(len, shelf.batches)) <= ledger.MOST_BATCH
    assert (kept.acknowledged, kept.lost, kept.waiting) == (2500, 0, 0)
    assert shelf.is_closed


def test_only_calls_are_kept() -> None:
    shelf = Shelf()
    kept = Ledger("shelf", shelf)
    kept.keep(Notice("-", "something else"))
    kept.keep(AttemptRecord("c", "acme", 1, UP.ladder.attempts[0]))
    kept.keep(UP)
    kept.close()
    assert shelf.calls == [UP.call]


def test_a_call_that_is_over_before_it_is_written_has_the_row_of_its_end_alone() -> None:
    shelf = Shelf()
    kept = Ledger("shelf", shelf)
    kept.keep(UP)
    kept.keep(OVER)
    kept.close()
    assert shelf.calls == [UP.call]
    assert kept.acknowledged == 2


def test_a_call_whose_row_is_written_has_its_end_alone_where_the_book_takes_it() -> None:
    shelf = Shelf()
    shelf.takes_ends = True
    kept = Ledger("shelf", shelf)
    other = replace(OVER, record=replace(UP, call="019a00000009-00000001"))
    kept.keep(UP)
    assert shelf.wrote.acquire(timeout=LIMIT)
    kept.keep(OVER)
    kept.keep(other)
    kept.close()
    assert shelf.ends == [UP.call]
    assert shelf.calls == [UP.call, other.record.call]
    assert (kept.acknowledged, kept._open) == (3, set())


def test_a_book_that_takes_no_ends_has_a_row_of_each() -> None:
    shelf = Shelf()
    kept = Ledger("shelf", shelf)
    kept.keep(UP)
    assert shelf.wrote.acquire(timeout=LIMIT)
    kept.keep(OVER)
    kept.close()
    assert (shelf.calls, shelf.ends) == ([UP.call, UP.call], [])


def test_through_is_a_moment_before_which_all_is_acknowledged() -> None:
    shelf = Shelf()
    kept = Ledger("shelf", shelf)
    shelf.may_write.clear()
    kept.keep(numbered(1))
    assert kept.through == 0.0
    assert kept.acknowledged == 0
    shelf.may_write.set()
    kept.close()
    assert kept.through > 1_700_000_000.0


def test_while_the_disk_is_full_calls_wait_and_then_all_are_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shelf = Shelf()
    kept = Ledger("shelf", shelf)
    shelf.full = "No space left on device"
    kept.keep(numbered(1))
    for _ in range(3):
        assert shelf.failed.acquire(timeout=LIMIT)
    kept.keep(numbered(2))
    assert (kept.acknowledged, kept.waiting, kept.lost) == (0, 2, 0)
    shelf.full = ""
    assert shelf.wrote.acquire(timeout=LIMIT)
    kept.close()
    assert shelf.calls == names(1, 2)
    assert caplog.text.count("records: cannot write shelf: No space left on device") == 1


def test_what_finds_no_room_to_wait_is_lost_counted_and_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shelf = Shelf()
    shelf.may_write.clear()
    kept = Ledger("shelf", shelf, most_waiting=10)
    for n in range(50):
        kept.keep(numbered(n))
    lost = kept.lost
    assert 50 - 2 * 10 <= lost <= 50 - 10
    shelf.may_write.set()
    kept.close()
    assert kept.lost == lost
    assert kept.acknowledged == len(set(shelf.calls)) == 50 - lost
    assert caplog.text.count("no more can wait for shelf, and some are lost") == 1
    assert f"shelf is written again; {lost} are lost so far" in caplog.text


def test_a_record_that_cannot_be_written_costs_itself_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shelf = Shelf()
    shelf.dislikes = numbered(3).call
    shelf.may_write.clear()
    kept = Ledger("shelf", shelf)
    for n in range(6):
        kept.keep(numbered(n))
    shelf.may_write.set()
    kept.close()
    assert shelf.calls == names(0, 1, 2, 4, 5)
    assert (kept.acknowledged, kept.lost, kept.waiting) == (5, 1, 0)
    assert "no such colour" in caplog.text


def test_a_stop_with_a_full_disk_says_how_many_are_lost(caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf()
    kept = Ledger("shelf", shelf)
    shelf.full = "No space left on device"
    for n in range(7):
        kept.keep(numbered(n))
    kept.close()
    assert (kept.acknowledged, kept.lost) == (0, 7)
    assert "7 are lost, because shelf cannot be written" in caplog.text
    assert shelf.is_closed


def test_without_calls_it_says_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "HEARTBEAT", 0.01)
    shelf = Shelf()
    kept = Ledger("shelf", shelf)
    for _ in range(3):
        assert shelf.wrote.acquire(timeout=LIMIT)
    assert shelf.calls == []
    kept.close()


def test_a_sign_of_life_that_cannot_be_written_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledger, "HEARTBEAT", 0.01)
    shelf = Shelf()
    kept = Ledger("shelf", shelf)
    shelf.is_broken = True
    for _ in range(3):
        assert shelf.failed.acquire(timeout=LIMIT)
    shelf.is_broken = False
    kept.keep(numbered(1))
    kept.close()
    assert (shelf.calls, kept.lost) == (names(1), 0)


def test_a_book_that_cannot_be_written_at_the_start_is_refused() -> None:
    shelf = Shelf()
    shelf.full = "disk I/O error"
    with pytest.raises(CannotKeep, match="cannot write shelf: disk I/O error"):
        Ledger("shelf", shelf)
    assert shelf.is_closed


def test_calls_that_a_crash_left_open_are_said(caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf()
    shelf.open_at_start = 3
    Ledger("shelf", shelf).close()
    assert "records: 3 calls in shelf were up in a crash: lost" in caplog.text


@pytest.mark.parametrize("suffix", [".db", ".sqlite", ".sqlite3", ".jsonl", ".csv"])
def test_the_suffix_says_which_book(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"calls{suffix}"
    kept = open_ledger(str(path), "full")
    kept.keep(UP)
    kept.close()
    is_database = path.read_bytes().startswith(b"SQLite format 3\0")
    assert is_database == (suffix not in (".jsonl", ".csv"))
    again = open_ledger(str(path), "full")
    assert again.left_open == 1
    again.close()


def test_a_name_without_a_known_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotKeep, match=r"end the name in `\.db`, `\.jsonl` or `\.csv`"):
        open_ledger(str(tmp_path / "calls.txt"), "full")


def test_another_thread_s_rows_are_seen_as_soon_as_they_are_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    kept = open_ledger(str(path), "normal")
    for n in range(200):
        kept.keep(numbered(n))
        acknowledged = kept.acknowledged
        assert len(list(read_database(path, Wanted()))) >= acknowledged
    kept.close()
    assert len(list(read_database(path, Wanted()))) == 200
