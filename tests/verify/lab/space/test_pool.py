"""A pool plays many calls at once, and leaves nothing behind, however it ends."""

from __future__ import annotations

import asyncio
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sipfo.plan.model import Accept, Credential
from sipfo.plan.scenario import Scenario
from sipfo.verify.lab.engines.all import engine_of
from sipfo.verify.lab.space.enter import NoNamespace
from sipfo.verify.lab.space.job import PlayFailed, Report
from sipfo.verify.lab.space.pool import NotStarted, open_pool
from verify.seed import call, does, plan

LASTS = call(does("pbx-east", (180, 0.1), (200, 3600.0)))

LOOK = 0.02
"""Seconds between looks at which processes there are."""

PLAYS = """
import asyncio, sys
from sipfo.verify.lab.space.pool import open_pool
from verify.lab.space.test_pool import LASTS
from verify.seed import plan

async def main():
    async with open_pool() as pool:
        print(pool.supervisor, flush=True)
        async for one in pool.play(sys.argv[1], plan(), [LASTS]):
            print(one, flush=True)

asyncio.run(main())
"""


def played(*scenarios: Scenario, engine: str = "runtime") -> list[Report | PlayFailed]:
    async def play() -> list[Report | PlayFailed]:
        async with open_pool() as pool:
            return [one async for one in pool.play(engine, plan(), scenarios)]

    try:
        return asyncio.run(play())
    except NoNamespace as error:
        pytest.skip(str(error.strerror))


def test_each_call_comes_in_its_turn_with_what_became_of_it() -> None:
    first, second = played(
        call(does("pbx-east", 503)), call(does("pbx-east", reach="unresolvable"))
    )
    assert isinstance(first, Report)
    assert [one.outcome for one in first.ladder.attempts] == ["503", "200"]
    assert first.remarks == ()
    assert isinstance(second, PlayFailed)
    assert "a number: it needs no name" in str(second)


def test_a_plan_that_an_engine_refuses_fails_each_of_its_calls() -> None:
    lacks = engine_of("kamailio").missing()
    if lacks is not None:
        pytest.skip(f"kamailio: {lacks}")
    both = tuple(Credential(user="acme", secret=secret) for secret in ("OLD_PW", "NEW_PW"))
    trunk = plan().trunks[0].model_copy(update={"accept": Accept(credentials=both)})
    two = plan().model_copy(update={"trunks": (trunk,)})

    async def play() -> list[Report | PlayFailed]:
        async with open_pool() as pool:
            return [one async for one in pool.play("kamailio", two, [call(), call()])]

    try:
        became = asyncio.run(play())
    except NoNamespace as error:
        pytest.skip(str(error.strerror))
    assert ["takes one password of `acme`" in str(one) for one in became] == [True, True]


def test_a_supervisor_that_breaks_is_no_lack_of_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or every test that needs one would be skipped."""
    monkeypatch.setattr(sys, "executable", shutil.which("false"))

    async def play() -> None:
        async with open_pool():
            return

    with pytest.raises(NotStarted, match="ended with 1 at once"):
        asyncio.run(play())


def test_an_engine_that_is_none_is_said() -> None:
    (one,) = played(call(), engine="fax")
    assert isinstance(one, PlayFailed)
    assert "fax" in str(one)


def test_calls_that_are_under_way_end_with_the_pool() -> None:
    async def play() -> set[int]:
        async with open_pool() as pool:
            plays = pool.play("runtime", plan(), [LASTS])
            waiting = asyncio.ensure_future(anext(plays))
            below = await grown(pool.supervisor)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        return below

    try:
        below = asyncio.run(play())
    except NoNamespace as error:
        pytest.skip(str(error.strerror))
    assert_gone(below)


async def grown(supervisor: int, most: int = 2) -> set[int]:
    """The processes of a play, once so many of them are there."""
    while len(below := descendants(supervisor)) < most:
        await asyncio.sleep(LOOK)
    return {supervisor, *below}


@pytest.mark.parametrize(
    ("engine", "processes", "how"),
    [
        ("runtime", 2, signal.SIGKILL),
        ("runtime", 2, signal.SIGTERM),
        ("runtime", 2, signal.SIGINT),
        ("verify.lab.handmade:ENGINE", 8, signal.SIGKILL),
    ],
)
def test_whoever_kills_us_kills_every_process_and_namespace(
    engine: str, processes: int, how: signal.Signals
) -> None:
    """Of SIGKILL no program hears (signal(7)); after ^C it must not linger."""
    lacks = engine_of(engine).missing()
    if lacks is not None:
        pytest.skip(lacks)
    with subprocess.Popen(
        [sys.executable, "-c", PLAYS, engine],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        text=True,
    ) as user:
        assert user.stdout is not None and user.stderr is not None  # pipes
        first = user.stdout.readline()
        if not first:
            said = user.stderr.read()
            pytest.skip(said.splitlines()[-1])
        below = asyncio.run(grown(int(first), processes))
        networks = {Path(f"/proc/{one}/ns/net").readlink() for one in below}
        assert len(networks) == 2  # the supervisor's, and the one of the play
        user.send_signal(how)
    assert_gone(below)


def assert_gone(processes: set[int]) -> None:
    """Wait for the end of each; one that does not end hangs the test, and so fails it."""
    for one in processes:
        try:
            handle = os.pidfd_open(one)
        except ProcessLookupError:
            continue
        with os.fdopen(handle, "rb", buffering=0):
            assert select.select([handle], [], [], 60.0)[0], f"process {one} is still there"


def descendants(process: int) -> set[int]:
    """Every process below one."""
    found: set[int] = set()
    waiting = [process]
    while waiting:
        try:
            below = Path(f"/proc/{waiting.pop()}/task").glob("*/children")
            children = {int(one) for file in below for one in file.read_text("ascii").split()}
        except OSError:
            continue  # it has just ended
        waiting += children
        found |= children
    return found
