"""A book that another process has: waited for, then written, with nothing in it declared lost."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sipfo.plan.ladder import Ladder, Settled
from sipfo.runtime.record import CallRecord
from sipfo.runtime.row import Row, row_of
from sipfo.runtime.wanted import Wanted
from sipfo.runtime.wire.book import CannotKeep, CannotWrite
from sipfo.runtime.wire.books import open_book, read_book
from sipfo.runtime.wire.handed_book import HandedBook


def row(name: str) -> Row:
    ladder = Ladder((), Settled("answered", 200, "east"), 1.0)
    return row_of(CallRecord(name, "acme", "+1", "192.0.2.1", ladder, began=5.0), lambda at: at)


def test_it_is_written_when_the_other_lets_it_go(tmp_path: Path) -> None:
    name = str(tmp_path / "calls.db")
    others = open_book(name, "normal")
    others.write([row("theirs")], 6.0)
    book = HandedBook(name, "normal")
    assert book.lose_open() == 0
    writing = threading.Thread(target=book.write, args=([row("ours")], 7.0))
    writing.start()
    assert writing.is_alive()
    others.close()
    writing.join(20)
    assert not writing.is_alive()
    book.close()
    found = list(read_book(name, Wanted()))
    assert {(one.call, one.state) for one in found} == {("theirs", "open"), ("ours", "open")}


def test_a_book_that_is_never_let_go_can_be_tried_again(tmp_path: Path) -> None:
    name = str(tmp_path / "calls.jsonl")
    others = open_book(name, "normal")
    book = HandedBook(name, "normal", within=0.0)
    with pytest.raises(CannotWrite, match="another process"):
        book.write([row("ours")], 7.0)
    others.close()
    book.write([row("ours")], 8.0)
    book.close()
    assert [one.call for one in read_book(name, Wanted())] == ["ours"]


def test_a_name_that_no_book_can_have_is_refused_at_once() -> None:
    with pytest.raises(CannotKeep):
        HandedBook("calls.txt", "normal")


def test_one_that_was_never_written_leaves_the_other_alone(tmp_path: Path) -> None:
    name = str(tmp_path / "calls.csv")
    others = open_book(name, "normal")
    HandedBook(name, "normal").close()
    others.write([row("theirs")], 6.0)
    others.close()
