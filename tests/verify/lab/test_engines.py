"""The calls by name on each engine, in private networks: the ladder of the model, seen on the wire."""

from __future__ import annotations

import asyncio

import pytest

from sipfo.verify.lab.engines.all import ENGINES, engine_of
from sipfo.verify.lab.space.enter import NoNamespace
from sipfo.verify.lab.stage import CannotPlay
from verify.lab.calls import CALLS
from verify.lab.drawn import Case
from verify.lab.holding import wrongs

Became = dict[str, str]


@pytest.fixture(scope="module", params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> str:
    """An engine that is here."""
    name = str(request.param)
    lacks = engine_of(name).missing()
    if lacks is not None:
        pytest.skip(f"{name}: {lacks}")
    return name


@pytest.fixture(scope="module")
def became(engine: str) -> Became:
    """What is wrong with each call that can be shown to the engine; all are played together."""
    names = [name for name in CALLS if why_not(engine, name) is None]
    try:
        said = asyncio.run(wrongs(engine, [[Case(*CALLS[name])] for name in names]))
    except NoNamespace as error:
        pytest.skip(str(error.strerror))
    return {name: words or "" for name, words in zip(names, said, strict=True)}


def why_not(engine: str, name: str) -> str | None:
    """Why a call cannot be shown to an engine, if it cannot."""
    try:
        engine_of(engine).differs(*CALLS[name])
    except CannotPlay as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", CALLS)
def test_an_engine_takes_the_ladder_of_the_model(name: str, engine: str, became: Became) -> None:
    if name not in became:
        pytest.skip(f"{engine}: {why_not(engine, name)}")
    assert not became[name]
