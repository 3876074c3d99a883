"""Records in a real PostgreSQL: a batch whole or not at all, one writer, one version, no secret."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import count

import psycopg
import pytest

from cli.command import sipfo
from runtime.accounts import CANCELLED, EPOCH, OVER, REFUSED, UP, numbered, row
from runtime.wire.cluster import Cluster, cluster
from sipfo.runtime.row import Row, lost
from sipfo.runtime.wanted import Wanted
from sipfo.runtime.wire import ledger
from sipfo.runtime.wire.book import CannotKeep, CannotWrite
from sipfo.runtime.wire.books import called, read_book
from sipfo.runtime.wire.ledger import open_ledger
from sipfo.runtime.wire.postgresql import Postgresql, place, read_postgresql

SCHEMAS = count(1)
LIMIT = 20.0


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


@pytest.fixture
def url(server: Cluster) -> str:
    """A schema that no other test has."""
    name = f"s{next(SCHEMAS)}"
    execute(server.url, f"CREATE SCHEMA {name}")
    return f"{server.url}&options=-csearch_path%3D{name}"


@pytest.fixture
def book(url: str) -> Iterator[Postgresql]:
    made = Postgresql(url, "full")
    yield made
    made.close()


def execute(url: str, statement: str) -> None:
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute(statement)


def read(url: str, **wanted: object) -> list[Row]:
    return list(read_postgresql(url, Wanted(**wanted)))  # type: ignore[arg-type]  # by its names


def test_rows_come_back_as_they_were_while_it_is_written(url: str, book: Postgresql) -> None:
    book.write([row(CANCELLED), row(UP), row(REFUSED)], EPOCH)
    assert read(url) == [row(UP), row(REFUSED), row(CANCELLED)]


def test_the_end_of_a_call_closes_its_row(url: str, book: Postgresql) -> None:
    book.write([row(UP)], EPOCH)
    book.write([row(OVER)], EPOCH)
    book.write([row(OVER)], EPOCH)
    assert read(url) == [row(OVER)]


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
def test_it_finds_what_wanted_holds(url: str, book: Postgresql, wanted: dict[str, object]) -> None:
    rows = [row(UP), row(REFUSED), row(CANCELLED)]
    rows.append(lost(row(UP), EPOCH + 20)._replace(call="019a00000004-00000001"))
    book.write(rows, EPOCH)
    expected = [one for one in rows if Wanted(**wanted).holds(one)]  # type: ignore[arg-type]  # by its names
    assert expected
    assert read(url, **wanted) == sorted(expected, key=lambda one: (one.began, one.call))


def test_more_calls_than_a_block_are_read(url: str, book: Postgresql) -> None:
    rows = [row(numbered(n)) for n in range(1200)]
    book.write(rows, EPOCH)
    assert read(url) == rows


def test_a_batch_that_fails_leaves_nothing_of_itself(url: str, book: Postgresql) -> None:
    bad = row(numbered(3))._replace(state="broken")  # type: ignore[arg-type]  # what no row has
    with pytest.raises(psycopg.IntegrityError):
        book.write([row(numbered(2)), bad], EPOCH)
    book.write([row(numbered(4))], EPOCH)
    assert [one.call for one in read(url)] == [numbered(4).call]


def test_calls_that_a_crash_left_open_ended_at_the_last_heartbeat(url: str) -> None:
    book = Postgresql(url, "normal")
    book.write([row(UP), row(REFUSED)], EPOCH + 20)
    book.write([], EPOCH + 41.6)
    book.close()
    again = Postgresql(url, "normal")
    assert again.lose_open() == 1
    assert again.lose_open() == 0
    again.close()
    assert read(url, call=UP.call) == [lost(row(UP), EPOCH + 41.6)]


def test_two_servers_never_write_one_schema(
    url: str, book: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipfo.runtime.wire.postgresql.HANDOVER", 0.1)
    with pytest.raises(CannotKeep, match="another process keeps its records there"):
        Postgresql(url, "full")
    book.close()
    Postgresql(url, "full").close()


def test_two_schemas_of_a_database_are_two_books(url: str, server: Cluster) -> None:
    execute(server.url, "CREATE SCHEMA beside")
    one, other = (
        Postgresql(url, "full"),
        Postgresql(f"{server.url}&options=-csearch_path%3Dbeside", "full"),
    )
    one.write([row(UP)], EPOCH)
    other.write([row(REFUSED)], EPOCH)
    one.close()
    other.close()
    assert read(url) == [row(UP)]


def test_when_the_server_was_away_it_goes_on_where_it_was(url: str, server: Cluster) -> None:
    book = Postgresql(url, "full")
    book.write([row(numbered(1))], EPOCH)
    server.stop()
    try:
        for _ in range(2):
            with pytest.raises(CannotWrite):
                book.write([row(numbered(2))], EPOCH)
    finally:
        server.start()
    book.write([row(numbered(2))], EPOCH)
    book.close()
    assert [one.call for one in read(url)] == [numbered(1).call, numbered(2).call]


def test_a_book_that_somebody_took_meanwhile_is_not_written(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipfo.runtime.wire.postgresql.HANDOVER", 0.1)
    book = Postgresql(url, "full")
    execute(url, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    with pytest.raises(CannotWrite):
        book.write([row(numbered(1))], EPOCH)
    other = Postgresql(url, "full")
    with pytest.raises(CannotWrite, match="another process keeps its records there"):
        book.write([row(numbered(1))], EPOCH)
    other.close()
    book.write([row(numbered(1))], EPOCH)
    book.close()
    assert [one.call for one in read(url)] == [numbered(1).call]


def test_a_ledger_loses_nothing_while_the_server_is_away(
    url: str, server: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "RETRY", 0.05)
    kept = open_ledger(url, "full")
    server.stop()
    try:
        for n in range(300):
            kept.keep(numbered(n))
    finally:
        server.start()
    written = threading.Event()
    while kept.acknowledged < 300 and not written.wait(0.02):
        assert kept.lost == 0
    kept.close()
    assert len(read(url)) == 300


KEEPS_AND_SAYS = """
import sys, time
from runtime.accounts import numbered
from sipfo.runtime.wire.ledger import open_ledger
kept = open_ledger(sys.argv[1], "normal")
n = 0
while True:
    kept.keep(numbered(n)); n += 1
    print(kept.acknowledged, flush=True)
    time.sleep(0.001)
"""


def test_what_was_acknowledged_survives_kill_and_the_book_is_free_at_once(url: str) -> None:
    path = [one for one in sys.path if one]
    code = f"import sys; sys.path[:0] = {path!r}\n{KEEPS_AND_SAYS}"
    with subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        said = 0
        for line in running.stdout:
            said = int(line)
            if said > 300:
                break
        running.send_signal(signal.SIGKILL)
        for line in running.stdout:
            said = int(line) if line.endswith(b"\n") else said
    Postgresql(url, "full").close()
    assert [one.call for one in read(url)][:said] == [numbered(n).call for n in range(said)]


def test_another_version_is_refused_and_left_alone(url: str) -> None:
    Postgresql(url, "full").close()
    execute(url, "UPDATE heartbeat SET version = 99")
    for use in (lambda: Postgresql(url, "full"), lambda: read(url)):
        with pytest.raises(CannotKeep, match="has records of version 99, and this sipfo keeps"):
            use()


def test_tables_of_something_else_are_refused_and_left_alone(url: str) -> None:
    execute(url, "CREATE TABLE calls (of text)")
    for use in (lambda: Postgresql(url, "full"), lambda: read(url)):
        with pytest.raises(CannotKeep, match="has tables of something else in schema s"):
            use()
    execute(url, "SELECT of FROM calls")


def test_a_schema_that_is_not_there_is_said(server: Cluster) -> None:
    with pytest.raises(CannotKeep, match="make it first"):
        Postgresql(f"{server.url}&options=-csearch_path%3Dnowhere", "full")


def test_reading_a_database_without_records_says_so(url: str) -> None:
    with pytest.raises(CannotKeep, match="it has no records"):
        read(url)


def test_commits_are_as_safe_as_asked(url: str) -> None:
    for sync, setting in (("normal", "off"), ("full", "on")):
        book = Postgresql(url, sync)  # type: ignore[arg-type]  # both are a Sync
        assert book._connection.execute("SHOW synchronous_commit").fetchone() == (setting,)
        book.close()


SECRET = "hunter2"


@pytest.mark.parametrize(
    "wrong",
    [
        f"postgresql://ann:{SECRET}@127.0.0.1:1/calls",
        f"postgresql://ann:{SECRET}@/calls?host=/nowhere",
        f"postgresql://ann:x@{SECRET}@127.0.0.1/calls",
        f"postgresql://ann:{SECRET}@127.0.0.1:port/calls",
        f"postgresql://ann:{SECRET}%zz@127.0.0.1/calls",
        f"postgresql://ann@127.0.0.1/calls?password={SECRET}&colour=red",
    ],
)
def test_no_message_has_the_password(wrong: str) -> None:
    for use in (
        lambda: Postgresql(wrong, "full"),
        lambda: list(read_book(wrong, Wanted())),
        lambda: called(wrong) and Postgresql(wrong, "full"),
    ):
        with pytest.raises(CannotKeep) as refused:
            use()
        assert SECRET not in str(refused.value)
    assert SECRET not in sipfo("calls", wrong).output


def test_a_database_is_called_by_its_place() -> None:
    assert place(f"postgresql://ann:{SECRET}@db.example:5433/calls?sslmode=require") == (
        "postgresql://db.example:5433/calls"
    )
    assert place("postgres:///calls?host=/run/postgresql") == "postgresql:///calls"


def test_calls_and_ladders_are_read_by_url(url: str, book: Postgresql) -> None:
    book.write([row(OVER), row(REFUSED)], EPOCH)
    listed = sipfo("calls", url, "--failed")
    assert listed.exit_code == 0
    assert listed.output.count("\n") == 1 and REFUSED.call in listed.output
    assert "caller hung up after 60.00 s" in sipfo("ladder", "one@caller", "--records", url).output
