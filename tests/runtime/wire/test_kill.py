"""`kill -9` under load: no acknowledged record is lost, and no book is broken.

A record is acknowledged once the commit of its batch has returned. From outside: all that a caller
was told before `sipfo_records_through_timestamp_seconds`, as last scraped, is in the book. Three
kills are enough to see that this works at all; `SIPFO_KILLS=50` makes them fifty.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runtime.load import Heard, Load
from runtime.scrape import scrape
from sipfo.runtime.row import Row, unix
from sipfo.runtime.sheet import CSV, JSON
from sipfo.runtime.wanted import Wanted
from sipfo.runtime.wire.books import read_book
from sipp.addresses import Block
from sipp.process import Process

KILLS = int(os.environ.get("SIPFO_KILLS", "3"))
PER_SECOND = 100.0
METRICS_PORT = 9060
THROUGH = "sipfo_records_through_timestamp_seconds"

POLICY = """\
sipfo 1
listen udp 192.0.2.10:5060
region us { primary 192.76.120.10  secondary 64.16.250.10 }
retry standard {
    failover on 503, transport-error
    otherwise stop
}
route east { to sip:198.51.100.1 }
route west { to sip:198.51.100.2 }
trunk acme {
    numbers +1312555
    accept  from 203.0.113.0/24
    from    us
    routes  sequential east, west
    retry   standard
}
"""


@dataclass
class Trial:
    """A server that is started and killed, its books, and what its callers were told."""

    block: Block
    folder: Path
    heard: dict[str, Heard] = field(default_factory=dict)
    through: dict[str, float] = field(default_factory=dict)
    """Of each book, as last scraped."""
    due: dict[str, set[str]] = field(default_factory=dict)
    """Calls whose records were acknowledged by each book, and those whose ends were."""
    ended: dict[str, set[str]] = field(default_factory=dict)
    server: Process | None = None

    @property
    def books(self) -> list[Path]:
        return [self.folder / name for name in ("calls.db", "calls.jsonl", "calls.csv")]

    def start(self, name: str) -> None:
        (self.folder / "policy.sipfo").write_text(POLICY, encoding="utf-8")
        words = [sys.executable, "-m", "sipfo.cli.main", "run", "policy.sipfo"]
        for one in self.block.mappings:
            words += ["--map", one]
        for book in self.books:
            words += ["--records", str(book)]
        words += ["--metrics", f"{self.block.of('sipfo')}:{METRICS_PORT}"]
        self.server = Process(name, words, self.folder)
        self.server.says(b"ready")

    def stop(self, number: signal.Signals) -> None:
        assert self.server is not None
        self.server.signal(number)
        assert self.server.ends() == (-number if number == signal.SIGKILL else 0)
        self.server = None

    def look(self) -> None:
        """What is acknowledged by now."""
        url = f"http://{self.block.of('sipfo')}:{METRICS_PORT}/metrics"
        with urllib.request.urlopen(url, timeout=20) as answer:
            for name, labels, value in scrape(answer.read()):
                if name == THROUGH:
                    self.through[labels["book"]] = value
                assert name != "sipfo_internal_errors_total" or value == 0
                assert name != "sipfo_records_lost_total" or value == 0

    def load_and_kill(self, run: str, seconds: float) -> None:
        """The last look is the moment before the kill, so that what was acknowledged too early
        has no time to become true."""
        load = Load(self.block, run)
        try:
            load.run(seconds, PER_SECOND, self.look)
            self.look()
            self.stop(signal.SIGKILL)
        finally:
            load.close()
        self.heard |= load.heard
        for book, through in self.through.items():
            due, ended = self.due.setdefault(book, set()), self.ended.setdefault(book, set())
            for call, heard in load.heard.items():
                if heard.at < through:
                    due.add(call)
                if heard.hung_up_at is not None and heard.hung_up_at < through:
                    ended.add(call)

    def verify(self) -> None:
        """Every acknowledged record is in its book, as the caller saw the call; all is readable."""
        for book in self.books:
            rows = {row.call_id: row for row in read_book(str(book), Wanted())}
            name = str(book)
            missing = self.due.get(name, set()) - rows.keys()
            assert not missing, f"{len(missing)} acknowledged calls are not in {book}: {missing}"
            for call, row in rows.items():
                self.compare(row, self.heard.get(call), call in self.ended.get(name, set()))
            if book.suffix == ".db":
                with closing(sqlite3.connect(book)) as connection:
                    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            else:
                form = CSV if book.suffix == ".csv" else JSON
                whole = book.read_bytes()
                assert whole.startswith(form.head) and whole.endswith(b"\n")
                for line in whole.removeprefix(form.head).splitlines(keepends=True):
                    form.read(line)

    def compare(self, row: Row, heard: Heard | None, is_ended: bool) -> None:
        assert row.state != "open", "a row that a crash left open is lost at the next start"
        if heard is not None:
            assert row.code == heard.code
        if is_ended:
            assert (row.state, row.hung_up_by) == ("closed", "caller")
        if row.state == "lost":
            assert row.ended is not None and row.ended >= row.began
            assert row.talked is not None and row.talked >= 0
        assert unix(row.began) > 1_700_000_000


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    block = Block()
    made = Trial(block, tmp_path)
    try:
        yield made
    finally:
        if made.server is not None:
            made.server.kill()
        block.release()


def test_no_acknowledged_record_is_lost_when_the_server_is_killed(trial: Trial) -> None:
    for turn in range(KILLS):
        trial.start(f"sipfo-{turn}")
        if turn:
            trial.verify()
        trial.load_and_kill(f"r{turn}", random.Random(turn).uniform(0.6, 1.4))
    trial.start("sipfo-last")
    trial.verify()
    trial.stop(signal.SIGTERM)
    trial.verify()
    for book in map(str, trial.books):
        acknowledged, ended = len(trial.due[book]), len(trial.ended[book])
        assert acknowledged > 20 * KILLS
        assert ended > 0
        print(f"{KILLS} kills: {acknowledged} calls, {ended} ends acknowledged by {book}, 0 lost")
    kept = list(read_book(str(trial.books[0]), Wanted()))
    assert {row.state for row in kept} == {"closed", "lost"}
    assert {row.code for row in kept} == {200, 486}
    assert any(len(row.attempts) == 2 for row in kept)
