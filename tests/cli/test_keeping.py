"""`--records` and `--metrics` of `sipfo run`: what is wrong is said before a socket is opened."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.command import POLICY, sipfo
from runtime.accounts import UP
from sipfo.cli.keeping import Keeping
from sipfo.runtime.wanted import Wanted
from sipfo.runtime.wire.book import CannotKeep
from sipfo.runtime.wire.books import open_book, read_book


@pytest.fixture
def policy(tmp_path: Path) -> str:
    path = tmp_path / "policy.sipfo"
    path.write_text(POLICY, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--records", "calls"], "end the name in `.db`, `.jsonl` or `.csv`"),
        (["--records", "calls.txt"], "or write `postgresql://…`"),
        (["--records", "a.db", "--records", "a.db"], "a.db is given twice"),
        (["--records-sync", "never"], "is not one of 'normal', 'full'"),
        (["--metrics", "9060"], "write 127.0.0.1:9060 or [::1]:9060"),
        (["--metrics", "localhost:9060"], "write 127.0.0.1:9060"),
        (["--metrics", "127.0.0.1:0"], "write 127.0.0.1:9060"),
        (["--metrics", "127.0.0.1:65536"], "write 127.0.0.1:9060"),
        (["--metrics", "::1:9060"], "write 127.0.0.1:9060"),
    ],
)
def test_what_is_no_book_or_place_is_wrong_usage(
    policy: str, options: list[str], says: str
) -> None:
    result = sipfo("run", policy, *options)
    assert result.exit_code == 2
    assert says in re.sub(r"\s+", " ", result.output)


@pytest.mark.parametrize("name", ["calls.db", "calls.jsonl", "calls.csv"])
def test_a_book_that_another_server_keeps_is_refused(
    policy: str, tmp_path: Path, name: str
) -> None:
    path = str(tmp_path / name)
    held = open_book(path, "full")
    result = sipfo("run", policy, "--records", path)
    held.close()
    assert result.exit_code == 1
    assert f"cannot write {path}: another process keeps its records there" in result.output


def test_every_book_is_written_and_left_when_the_server_ends(tmp_path: Path) -> None:
    books = [str(tmp_path / name) for name in ("calls.db", "calls.jsonl", "calls.csv")]
    with Keeping(tuple(books)).open() as keeper:
        for witness in keeper.witnesses:
            witness(UP)
    for book in books:
        (row,) = read_book(book, Wanted())
        assert (row.call, row.state) == (UP.call, "open")
        open_book(book, "full").close()


def test_one_book_that_cannot_be_opened_lets_the_others_go(tmp_path: Path) -> None:
    book = str(tmp_path / "calls.db")
    with (
        pytest.raises(CannotKeep),
        Keeping((book, str(tmp_path / "none" / "calls.csv"))).open(),
    ):
        pass
    open_book(book, "full").close()


def test_nothing_is_counted_when_nobody_is_shown() -> None:
    with Keeping().open() as keeper:
        assert keeper.witnesses == []
    with Keeping(metrics=("127.0.0.1", 9060)).open() as keeper:
        assert len(keeper.witnesses) == 1
