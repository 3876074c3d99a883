"""Records in SQLite: a batch whole or not at all, one writer, one version."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.accounts import CANCELLED, EPOCH, OVER, REFUSED, UP, clock, numbered, row
from sipfo.runtime.record import EndRecord
from sipfo.runtime.row import Row, end_of, lost
from sipfo.runtime.wanted import Wanted
from sipfo.runtime.wire import database
from sipfo.runtime.wire.book import CannotKeep, CannotWrite, Sync
from sipfo.runtime.wire.database import Database, read_database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls.db"


@pytest.fixture
def book(path: Path) -> Iterator[Database]:
    made = Database(path, "full")
    yield made
    made.close()


def read(path: Path, **wanted: object) -> list[Row]:
    return list(read_database(path, Wanted(**wanted)))  # type: ignore[arg-type]  # by its names


def asked(path: Path, statement: str) -> object:
    with closing(sqlite3.connect(path)) as connection:
        (found,) = connection.execute(statement).fetchone()
        connection.commit()
        return found


def test_rows_come_back_as_they_were_while_it_is_written(path: Path, book: Database) -> None:
    book.write([row(CANCELLED), row(UP), row(REFUSED)], EPOCH)
    assert read(path) == [row(UP), row(REFUSED), row(CANCELLED)]


def test_the_end_of_a_call_closes_its_row(path: Path, book: Database) -> None:
    book.write([row(UP)], EPOCH)
    book.write([row(OVER)], EPOCH)
    book.write([row(OVER)], EPOCH)
    assert read(path) == [row(OVER)]


def test_an_end_alone_closes_the_row_that_is_there(path: Path, book: Database) -> None:
    book.write([row(UP)], EPOCH)
    book.write([], EPOCH, [end_of(OVER, clock)])
    assert read(path) == [row(OVER)]


def test_an_end_alone_brings_no_row_back_that_somebody_deleted(path: Path, book: Database) -> None:
    book.write([row(UP)], EPOCH)
    asked(path, "DELETE FROM attempts RETURNING 1")
    asked(path, "DELETE FROM calls RETURNING 1")
    book.write([], EPOCH, [end_of(OVER, clock)])
    assert read(path) == []


@pytest.mark.parametrize("many", [1, 2, 63, 64, 65, 200])
def test_a_batch_of_any_size_is_written_whole(path: Path, book: Database, many: int) -> None:
    up = [replace(UP, call=f"019a{n:08x}-00000003", began=float(n)) for n in range(many)]
    book.write([row(one) for one in up], EPOCH)
    assert read(path) == [row(one) for one in up]
    over = [EndRecord(one, "callee", one.began + 90) for one in up]
    book.write([], EPOCH, [end_of(one, clock) for one in over])
    assert read(path) == [row(one) for one in over]


def test_a_book_whose_tables_an_earlier_sipfo_made_is_written_as_well(path: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        earlier = database._SCHEMA.replace(
            "state = 'open' OR state = 'closed' OR state = 'lost'",
            "state IN ('open', 'closed', 'lost')",
        )
        more = "CREATE INDEX calls_by_caller ON calls (call_id);"
        patched.setattr(database, "_SCHEMA", earlier + more)
        Database(path, "full").close()
    book = Database(path, "full")
    book.write([row(UP), row(REFUSED)], EPOCH)
    book.write([], EPOCH, [end_of(OVER, clock)])
    book.close()
    assert read(path) == [row(OVER), row(REFUSED)]


def test_the_end_makes_the_row_when_its_beginning_was_lost(path: Path, book: Database) -> None:
    book.write([row(OVER)], EPOCH)
    assert read(path) == [row(OVER)]


@pytest.mark.parametrize(
    "wanted",
    [
        {"since": "2026-09-21T14:13:40.000Z"},
        {"trunk": "other"},
        {"failed": True},
        {"call": UP.call},
        {"call": "two@caller"},
        {"call": "00000001"},
        {"trunk": "acme", "failed": True, "since": "2026-09-21T14:13:40.000Z"},
    ],
)
def test_it_finds_what_wanted_holds(path: Path, book: Database, wanted: dict[str, object]) -> None:
    rows = [row(UP), row(REFUSED), row(CANCELLED)]
    rows.append(lost(row(UP), EPOCH + 20)._replace(call="019a00000004-00000001"))
    book.write(rows, EPOCH)
    expected = [one for one in rows if Wanted(**wanted).holds(one)]  # type: ignore[arg-type]  # by its names
    assert expected
    assert read(path, **wanted) == sorted(expected, key=lambda one: (one.began, one.call))


def test_a_batch_that_fails_leaves_nothing_of_itself(path: Path, book: Database) -> None:
    book.write([row(numbered(1))], EPOCH)
    bad = row(numbered(3))._replace(state="broken")  # type: ignore[arg-type]  # what no row has
    with pytest.raises(sqlite3.IntegrityError):
        book.write([row(numbered(2)), bad], EPOCH)
    book.write([row(numbered(4))], EPOCH)
    assert [one.call for one in read(path)] == [numbered(1).call, numbered(4).call]


def test_a_full_disk_can_be_tried_again(path: Path, book: Database) -> None:
    book.write([row(numbered(1))], EPOCH)
    pages = book._connection.execute("PRAGMA page_count").fetchone()[0]
    book._connection.execute(f"PRAGMA max_page_count = {pages}")
    many = [row(numbered(n)) for n in range(2, 300)]
    with pytest.raises(CannotWrite, match="full"):
        book.write(many, EPOCH)
    assert [one.call for one in read(path)] == [numbered(1).call]
    book._connection.execute("PRAGMA max_page_count = 100000")
    book.write(many, EPOCH)
    assert len(read(path)) == 299


def test_somebody_else_s_lock_can_be_tried_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY", 1)
    book = Database(path, "normal")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CannotWrite, match="locked"):
            book.write([row(UP)], EPOCH)
        other.execute("ROLLBACK")
    book.write([row(UP)], EPOCH)
    book.close()
    assert read(path) == [row(UP)]


def test_calls_that_a_crash_left_open_ended_at_the_last_heartbeat(path: Path) -> None:
    book = Database(path, "full")
    book.write([row(UP), row(REFUSED)], EPOCH + 20)
    book.write([], EPOCH + 41.6)
    book.close()
    again = Database(path, "full")
    assert again.lose_open() == 1
    assert again.lose_open() == 0
    again.close()
    assert read(path, call=UP.call) == [lost(row(UP), EPOCH + 41.6)]


def test_a_new_book_has_nothing_open(book: Database) -> None:
    assert book.lose_open() == 0


@pytest.mark.parametrize(("sync", "number"), [("normal", 1), ("full", 2)])
def test_it_is_in_wal_and_synced_as_asked(path: Path, sync: Sync, number: int) -> None:
    book = Database(path, sync)
    assert book._connection.execute("PRAGMA synchronous").fetchone() == (number,)
    assert book._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    book.close()


def test_two_servers_never_write_one_database(path: Path) -> None:
    book = Database(path, "full")
    with pytest.raises(CannotKeep, match="another process keeps its records there"):
        Database(path, "full")
    book.close()
    Database(path, "full").close()


def test_another_version_is_refused_and_left_alone(path: Path) -> None:
    Database(path, "full").close()
    asked(path, "PRAGMA user_version")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    for use in (lambda: Database(path, "full"), lambda: read(path)):
        with pytest.raises(CannotKeep, match="has records of version 99, and this sipfo keeps"):
            use()
    assert path.read_bytes() == before


def test_somebody_else_s_database_is_refused_and_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE diary (page)")
        connection.commit()
    before = path.read_bytes()
    for use in (lambda: Database(path, "full"), lambda: read(path)):
        with pytest.raises(CannotKeep, match="no database of sipfo's records"):
            use()
    assert path.read_bytes() == before


def test_what_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"dear diary\n" * 200)
    for use in (lambda: Database(path, "full"), lambda: read(path)):
        with pytest.raises(CannotKeep, match="not a database"):
            use()
    assert path.read_bytes() == b"dear diary\n" * 200


def test_a_crash_before_the_first_commit_leaves_a_blank_file_that_is_taken(path: Path) -> None:
    path.touch()
    book = Database(path, "full")
    book.write([row(UP)], EPOCH)
    book.close()
    assert read(path) == [row(UP)]


def test_records_are_not_for_everybody(path: Path, book: Database) -> None:
    book.write([row(UP)], EPOCH)
    for file in path.parent.iterdir():
        assert file.stat().st_mode & 0o007 == 0, file


def test_reading_what_is_not_there_says_so_and_makes_nothing(path: Path) -> None:
    with pytest.raises(CannotKeep, match="cannot read"):
        read(path)
    assert not path.exists()
