"""Random policies and random behaviours: an engine takes the model's ladder, always.

`SIPFO_CASES` is how many cases are played, `SIPFO_SEED` chooses others. Each runs in a namespace of
its own.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from sipfo.verify.lab.engines.all import engine_of
from sipfo.verify.lab.space.enter import NoNamespace
from sipfo.verify.lab.stage import CannotPlay
from verify.lab.drawn import Case, cases, seasons
from verify.lab.holding import wrongs

CASES = int(os.environ.get("SIPFO_CASES", "100"))
SEED = int(os.environ.get("SIPFO_SEED", "1"))


Season = tuple[Case, ...]


def drawings(strategy: st.SearchStrategy[Season], count: int) -> list[Season]:
    """So many seasons, the same ones for the same seed."""
    drawn: list[Season] = []

    @seed(SEED)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(season: Season) -> None:
        drawn.append(season)

    collect()
    return drawn


def playable(engine: str, drawn: list[Season]) -> list[Season]:
    """The seasons that the lab can put before an engine."""
    found = []
    for season in drawn:
        with suppress(CannotPlay):
            for case in season:
                engine_of(engine).differs(case.plan, case.scenario)
            found.append(season)
    return found


def agrees(engine: str, strategy: st.SearchStrategy[Season], count: int) -> None:
    """Draw, play, and fail with what is wrong."""
    missing = engine_of(engine).missing()
    if missing is not None:
        pytest.skip(f"{engine}: {missing}")
    drawn = playable(engine, drawings(strategy, count))
    assert len(drawn) >= count * 0.6
    try:
        wrong = [one for one in asyncio.run(wrongs(engine, drawn)) if one is not None]
    except NoNamespace as error:
        pytest.skip(str(error.strerror))
    assert not wrong, f"{len(wrong)} of {len(drawn)}:\n" + "\n\n".join(wrong)


@pytest.mark.parametrize("engine", ["runtime", "kamailio"])
def test_an_engine_agrees_with_the_model(engine: str) -> None:
    agrees(engine, cases().map(lambda case: (case,)), CASES)


def test_asterisk_agrees_with_the_model() -> None:
    """A process for each case is much for a machine, so fewer."""
    agrees("asterisk", cases().map(lambda case: (case,)), CASES // 4)


def test_calls_on_one_engine_do_not_disturb_each_other() -> None:
    agrees("kamailio", seasons(), CASES // 4)
