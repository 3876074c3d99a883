"""Counts that several processes share, with several processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from sipfo.plan.model import Limit
from sipfo.runtime.quotas import Quota
from sipfo.runtime.wire import shared
from sipfo.runtime.wire.shared import SharedTurns, Table, TableFull, make_table

PROCESSES = 5

# Python 3.12 warns of a fork beside threads, which xdist has: these children touch none of them.
pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


@pytest.fixture
def memory() -> Iterator[int]:
    descriptor = make_table(10, PROCESSES)
    yield descriptor
    os.close(descriptor)


def table(memory: int, process: int) -> Table:
    return Table(os.dup(memory), process, PROCESSES)


def forked(memory: int, work: Callable[[Table], int]) -> list[int]:
    """What `work` comes to in each of several processes at once; 255 at most."""
    children = []
    for process in range(1, PROCESSES):
        pid = os.fork()
        if pid == 0:
            status = 255
            try:
                status = work(table(memory, process))
            finally:
                os._exit(status)
        children.append(pid)
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]


def test_limit_is_never_exceeded_however_many_ask_at_once(memory: int) -> None:
    def work(view: Table) -> int:
        quota = Quota(Limit(calls=101), view.row("trunk", "acme"))
        return sum(quota.claim(1.0) is None for _ in range(60))

    assert sum(forked(memory, work)) == 101
    with closing(table(memory, 0)) as view:
        assert view.row("trunk", "acme").calls == 101


def test_rate_is_one_for_all(memory: int) -> None:
    def work(view: Table) -> int:
        quota = Quota(Limit(per_second=50), view.row("carrier", "northstar"))
        return sum(quota.claim(1000.0) is None for _ in range(40))

    assert sum(forked(memory, work)) == 50
    with closing(table(memory, 0)) as view:
        quota = Quota(Limit(per_second=50), view.row("carrier", "northstar"))
        assert quota.claim(1000.1) is None  # five more have come


def test_no_turn_is_taken_twice(memory: int) -> None:
    def work(view: Table) -> int:
        turns = SharedTurns(view)
        taken = [turns.take("acme") for _ in range(200)]
        return 0 if taken == sorted(set(taken)) else 1

    assert forked(memory, work) == [0] * (PROCESSES - 1)
    with closing(table(memory, 0)) as view:
        assert SharedTurns(view).placed("acme") == 200 * (PROCESSES - 1)


def test_calls_of_a_process_that_died_are_taken_away_and_its_lock_is_free(memory: int) -> None:
    def work(view: Table) -> int:
        row = view.row("trunk", "acme")
        row.add(3)
        if view.process == 1:
            with row.still():
                os._exit(0)  # as if it were killed there
        return 0

    forked(memory, work)
    with closing(table(memory, 0)) as view:
        assert view.row("trunk", "acme").calls == 3 * (PROCESSES - 1)
        assert view.lose(1) == 3
        assert view.row("trunk", "acme").calls == 3 * (PROCESSES - 2)


def test_trunk_and_carrier_of_one_name_are_two(memory: int) -> None:
    with closing(table(memory, 0)) as one, closing(table(memory, 1)) as other:
        one.row("trunk", "same").add(1)
        other.row("carrier", "same").add(2)
        assert (other.row("trunk", "same").calls, one.row("carrier", "same").calls) == (1, 2)


def test_table_that_is_full_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "LEAST_ROWS", 4)
    memory = make_table(1, PROCESSES)
    with closing(Table(memory, 0, PROCESSES)) as view:
        for n in range(4):
            view.row("trunk", str(n))
        with pytest.raises(TableFull):
            view.row("trunk", "one more")
