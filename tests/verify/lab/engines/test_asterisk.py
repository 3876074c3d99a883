"""A real Asterisk with what sipfo writes for it: every scenario of the examples and of the rules of
the language, against the model, or different as its table declares."""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path

import pytest

from sipfo.plan.model import Plan
from sipfo.plan.scenario import Behaviour, Reply, Scenario
from sipfo.verify.lab.engines.asterisk import Asterisk
from sipfo.verify.lab.finding import Finding, find
from sipfo.verify.lab.space.enter import NoNamespace
from sipfo.verify.lab.space.job import PlayFailed, Report
from sipfo.verify.lab.space.pool import open_pool
from sipfo.verify.lab.stage import CannotPlay
from sipfo.verify.lab.tour import tour
from sipfo.verify.simulate import simulate
from verify.lab.recorded import FILES, ROOT, kept, policy
from verify.lab.recorded import became as row

NAMES = {path.stem: str(path.relative_to(ROOT)) for path in FILES}
LONGEST = 10.0
"""Seconds of a scenario that is still worth waiting for; Timer B in full is not."""

ASTERISK = Asterisk()


def quick(file: str) -> tuple[Plan, tuple[Scenario, ...]]:
    """A policy's plan and its scenarios that do not take long."""
    plan, scenarios = policy(file)
    found = (
        one
        for one in scenarios
        if simulate(plan, ASTERISK.differs(plan, one).scenario).elapsed <= LONGEST
    )
    return plan, tuple(found)


POLICIES = {stem: quick(file) for stem, file in NAMES.items()}
CASES = [(name, one.name) for name, (_, scenarios) in POLICIES.items() for one in scenarios]
Became = dict[str, tuple[Scenario, Report | PlayFailed]]


@cache
def became(name: str) -> Became:
    """What became of a policy's calls; they are played when the first is asked for, so that two
    processes that share these tests do not both play them all."""

    async def play() -> Became:
        plan, scenarios = POLICIES[name]
        async with open_pool() as pool:
            played = tour(pool, "asterisk", plan, scenarios)
            return {scenario.name: (scenario, one) async for scenario, one in played}

    lacks = ASTERISK.missing()
    if lacks is not None:
        pytest.skip(lacks)
    try:
        return asyncio.run(play())
    except NoNamespace as error:
        pytest.skip(str(error.strerror))


def finding(name: str, test: str) -> Finding:
    plan, _ = POLICIES[name]
    scenario, report = became(name)[test]
    assert isinstance(report, Report), str(report)
    return find(plan, scenario, ASTERISK.differs(plan, scenario), report)


@pytest.mark.parametrize(("name", "test"), CASES)
def test_asterisk_takes_the_ladder_of_the_model(name: str, test: str) -> None:
    found = finding(name, test)
    assert found.strayed == ()
    assert row(found) == kept(NAMES[name], test, "asterisk"), "`make engines` records it"


def test_what_is_declared_is_noted() -> None:
    notes = {test: finding("outcomes", test).notes for name, test in CASES if name == "outcomes"}
    assert {test for test, said in notes.items() if said} == {
        "a cause decides before the code",
        "a cause that stops",
        "a tag decides before a cause",
        "a cause that nobody names leaves it to the code",
    }


def test_a_redirection_is_told_as_480() -> None:
    _, report = became("pstn")["nothing left: a redirection is the lowest class"]
    assert isinstance(report, Report)
    assert report.ladder.result.code == 480


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("SIPFO_ASTERISK", str(tmp_path))
    assert "tests/install-asterisk" in str(ASTERISK.missing())


def test_the_caller_gets_what_the_code_says_where_the_cause_says_otherwise() -> None:
    others = {
        test for name, test in CASES if name == "outcomes" and finding("outcomes", test).is_other
    }
    assert others == {"a cause decides before the code", "a cause that stops"}


def forwarded(trunk: str) -> tuple[Plan, Scenario]:
    """A call whose first route says that it is forwarded."""
    plan, scenarios = POLICIES["outcomes"]
    scenario = next(one for one in scenarios if one.trunk == trunk)
    said = Behaviour(route="a", reach="replies", replies=(Reply(status=181),))
    return plan, scenario.model_copy(update={"behaviours": (said,)})


def test_a_provisional_that_asterisk_does_not_see_commits_nothing_there() -> None:
    differences = ASTERISK.differs(*forwarded("precise"))
    assert differences.notes == ("a 181 of a commits nothing, because it is unseen",)
    assert differences.scenario.behaviours[0].replies[0].status == 180


def test_what_every_provisional_commits_cannot_be_shown_to_asterisk() -> None:
    with pytest.raises(CannotPlay, match="a 181 of a commits"):
        ASTERISK.differs(*forwarded("progress"))
