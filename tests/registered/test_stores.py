"""Bindings in a real SQLite, PostgreSQL and Redis: nothing acknowledged is lost, changes at once are
one after the other, and a store that is away is said once."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from registered.redis_server import RedisServer, redis_server
from runtime.wire.cluster import Cluster, cluster
from sipfo.runtime.errand import Bindings, Errand, Unavailable
from sipfo.runtime.registrar.binding import Binding, Origin
from sipfo.runtime.registrar.register import NotTaken
from sipfo.runtime.wire.bindings.cabinet import CabinetStore, CannotStore
from sipfo.runtime.wire.bindings.open import check_name, open_bindings

ORIGIN = Origin("udp", ("127.0.0.1", 5060), ("127.0.0.2", 5060))
FAR = 4_000_000_000.0
KEY = "alice@sip.acme.example"


def binding(place: int) -> Binding:
    contact = f"sip:alice@198.51.100.{place}"
    return Binding(contact, f"call-{place}", 1, FAR, float(place), "kss-a", ORIGIN)


def add(place: int) -> Errand:
    return Errand(0, KEY, lambda there: (*there, binding(place)))


def opened(name: str, said: list[str] | None = None) -> CabinetStore:
    return open_bindings(name, (said if said is not None else []).append)


def test_what_one_has_changed_another_reads(store: str) -> None:
    async def both() -> tuple[object, ...]:
        one, other = opened(store), opened(store)
        try:
            first = await other.carry_out(Errand(0, KEY))
            await one.carry_out(add(1))
            there = await other.carry_out(Errand(0, KEY))
            none = await other.carry_out(Errand(0, "bob@sip.acme.example"))
            await other.carry_out(Errand(0, KEY, lambda _: ()))
            return first, there, none, await one.carry_out(Errand(0, KEY))
        finally:
            await one.close()
            await other.close()

    assert asyncio.run(both()) == ((), (binding(1),), (), ())


def test_changes_at_once_are_one_after_the_other(store: str) -> None:
    async def many() -> object:
        stores = [opened(store) for _ in range(3)]
        try:
            work = [stores[n % 3].carry_out(add(n)) for n in range(12)]
            await asyncio.gather(*work)
            return await stores[0].carry_out(Errand(0, KEY))
        finally:
            for one in stores:
                await one.close()

    found = asyncio.run(many())
    assert isinstance(found, tuple)
    assert {one.contact for one in found} == {binding(n).contact for n in range(12)}


def test_a_change_that_is_refused_changes_nothing(store: str) -> None:
    def refuse(there: Bindings) -> Bindings:
        raise NotTaken(500, f"no, with {len(there)}")

    async def refused() -> tuple[object, object]:
        one = opened(store)
        try:
            await one.carry_out(add(1))
            said = await one.carry_out(Errand(0, KEY, refuse))
            return said, await one.carry_out(Errand(0, KEY))
        finally:
            await one.close()

    said, there = asyncio.run(refused())
    assert isinstance(said, NotTaken)
    assert (said.reason, there) == ("no, with 1", (binding(1),))


_WRITER = """
import asyncio, sys
sys.path[:0] = {path!r}
from registered.test_stores import add, opened
async def write():
    store = opened({name!r})
    for place in range(100_000):
        await store.carry_out(add(place % 250))
        print(place, flush=True)
asyncio.run(write())
"""


def test_what_was_acknowledged_survives_kill_9(store: str) -> None:
    path = [one for one in sys.path if one]
    script = _WRITER.format(path=path, name=store)
    writer = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    with writer, writer.stdout as said:
        acknowledged = [int(said.readline()) for _ in range(40)]
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += [int(line) for line in said if line.endswith("\n")]

    async def left() -> object:
        one = opened(store)
        try:
            return await one.carry_out(Errand(0, KEY))
        finally:
            await one.close()

    found = asyncio.run(left())
    assert isinstance(found, tuple)
    assert len(found) in (len(acknowledged), len(acknowledged) + 1)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


def test_a_store_that_goes_away_is_said_once_and_calls_go_by_what_was_read_last() -> None:
    with redis_server() as server:
        found = asyncio.run(_away(server.url, server.kill, server.start))
    _judge(*found)


def test_postgresql_that_goes_away_comes_back(postgresql: Cluster) -> None:
    _judge(*asyncio.run(_away(postgresql.url, postgresql.stop, postgresql.start)))


async def _away(url: str, stop: object, start: object) -> tuple[list[str], list[object]]:
    assert callable(stop)
    assert callable(start)
    said: list[str] = []
    one = opened(url, said)
    try:
        await one.carry_out(add(1))
        stop()
        known = await one.carry_out(Errand(0, KEY))
        unknown = await one.carry_out(Errand(0, "bob@sip.acme.example"))
        refused = await one.carry_out(add(2))
        start()
        back = await one.carry_out(Errand(0, KEY))
        for _ in range(8):  # each thread finds out by itself that its connection is gone
            if not isinstance(await one.carry_out(Errand(0, "bob@sip.acme.example")), Unavailable):
                break
        return said, [known, unknown, refused, back]
    finally:
        await one.close()


def _judge(said: list[str], found: list[object]) -> None:
    known, unknown, refused, back = found
    assert known == back == (binding(1),)
    assert isinstance(unknown, Unavailable)
    assert isinstance(refused, Unavailable)
    assert said[-1] == "bindings: the store is back"
    assert len(said) == 2


def test_redis_that_may_forget_is_said() -> None:
    said: list[str] = []
    with redis_server("--appendonly", "no") as server:
        asyncio.run(_opened_and_closed(server, said))
    assert len(said) == 1
    assert "appendfsync always" in said[0]


async def _opened_and_closed(server: RedisServer, said: list[str]) -> None:
    await opened(server.url, said).close()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bindings.txt", "end the name in `.db`"),
        ("mysql://user:hunter2@host/db", "mysql://…"),
        ("", "end the name in `.db`"),
    ],
)
def test_a_name_that_says_nothing_is_refused(name: str, words: str) -> None:
    with pytest.raises(CannotStore) as caught:
        check_name(name)
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["redis://user:hunter2@127.0.0.1:1/0", "postgresql://user:hunter2@127.0.0.1:1/db"]
)
def test_who_cannot_be_reached_is_named_without_its_password(url: str) -> None:
    with pytest.raises(CannotStore) as caught:
        opened(url)
    assert "127.0.0.1:1" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_database_of_something_else_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mine (a)")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(CannotStore, match="no database of bindings"):
        opened(str(path))
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    path = tmp_path / "bindings.db"
    path.write_text("not a database" * 100, encoding="utf-8")
    with pytest.raises(CannotStore, match="not a database"):
        opened(str(path))


def test_bindings_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    path = tmp_path / "bindings.db"

    async def read() -> object:
        one = opened(str(path))
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("INSERT INTO bindings VALUES (?, '[{}]')", (KEY,))
            connection.commit()
        try:
            return await one.carry_out(Errand(0, KEY))
        finally:
            await one.close()

    found = asyncio.run(read())
    assert isinstance(found, Unavailable)
    assert "cannot be read" in found.reason
