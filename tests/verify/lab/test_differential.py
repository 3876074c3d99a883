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

from sipfo.plan.model import Part
from sipfo.verify.lab.engines.all import engine_of
from sipfo.verify.lab.space.enter import NoNamespace
from sipfo.verify.lab.stage import CannotPlay
from verify.lab.drawn import Case, cases
from verify.lab.holding import wrongs

CASES = int(os.environ.get("SIPFO_CASES", "100"))
SEED = int(os.environ.get("SIPFO_SEED", "1"))


def draw_cases(count: int, which: int) -> list[Case]:
    """So many cases, the same ones for the same seed."""
    drawn: list[Case] = []

    @seed(which)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases())
    def collect(case: Case) -> None:
        drawn.append(case)

    collect()
    return drawn


def playable(engine: str, drawn: list[Case]) -> list[Case]:
    """The cases that the lab can put before an engine."""
    found = []
    for case in drawn:
        with suppress(CannotPlay):
            engine_of(engine).differs(case.plan, case.scenario)
            found.append(case)
    return found


@pytest.mark.parametrize("engine", ["runtime", "kamailio"])
def test_an_engine_agrees_with_the_model(engine: str) -> None:
    missing = engine_of(engine).missing()
    if missing is not None:
        pytest.skip(f"{engine}: {missing}")
    drawn = playable(engine, draw_cases(CASES, SEED))
    assert len(drawn) >= CASES * 0.8
    try:
        said = asyncio.run(wrongs(engine, drawn))
    except NoNamespace as error:
        pytest.skip(str(error.strerror))
    wrong = [
        f"{one}\n{_json(case.plan)}\n{_json(case.scenario)}"
        for one, case in zip(said, drawn, strict=True)
        if one is not None
    ]
    assert not wrong, f"{len(wrong)} of {len(drawn)}:\n" + "\n\n".join(wrong)


def _json(part: Part) -> str:
    return part.model_dump_json(exclude_defaults=True)
