"""A real Kamailio, configured by hand, is judged by what it sends: the lab's own proof.

It shows that the lab plays an engine that reports nothing and keeps Call-ID and CSeq when it tries
again. What sipfo writes for Kamailio is another test.
"""

from __future__ import annotations

import asyncio

import pytest

from sipfo.plan.model import CommitOn, Plan, Route
from sipfo.plan.scenario import Scenario
from sipfo.verify.conduct import behaviour_of
from sipfo.verify.lab.finding import Finding, find
from sipfo.verify.lab.space.enter import NoNamespace
from sipfo.verify.lab.space.job import PlayFailed, Report
from sipfo.verify.lab.space.pool import open_pool
from verify.lab.handmade import ENGINE
from verify.seed import RETRY, TELNYX, call, does, plan, plan_to

HANDMADE = "verify.lab.handmade:ENGINE"

QUICK = RETRY.model_copy(
    update={
        "commit": (CommitOn(point="answer"),),
        "no_response": 0.8,
        "no_progress": 2.0,
        "no_answer": 2.0,
    }
)
POLICY = plan(retry=QUICK, carriers=("northstar",)).model_copy(
    update={
        "routes": (
            Route(name="pbx-east", destinations=("sip:east.example.com",)),
            Route(name="pbx-west", destinations=("sip:198.51.100.11:5070;transport=tcp",)),
        )
    }
)
ROUND = plan(("a", "b", "c"), round_robin=True, retry=QUICK)

CALLS = {
    "nothing fails": call(),
    "a 503 fails over, by name and to TCP": call(does("pbx-east", 503)),
    "a busy stops": call(does("pbx-east", 180, 486)),
    "silence": call(does("pbx-east", reach="silent")),
    "ringing for ever": call(does("pbx-east", 180)),
    "a dead UDP port": call(does("pbx-east", reach="refuses")),
    "a dead UDP port from one address": call(
        does("pbx-east", reach="refuses", egress="us.primary"), does("pbx-west", 480)
    ),
    "a dead TCP port": call(does("pbx-east", 503), does("pbx-west", reach="refuses")),
    "no such name": call(does("pbx-east", reach="unresolvable")),
    "a name again": call(does("pbx-east", 480)),
    "the second address": call(
        does("pbx-east", 503, egress="us.primary"), does("pbx-west", 408, egress="us.primary")
    ),
    "the caller gives up while it rings": call(does("pbx-east", 180), cancel_after=0.5),
    "the caller gives up in silence": call(does("pbx-east", reach="silent"), cancel_after=0.3),
    "everything fails": call(does("pbx-east", 480), does("pbx-west", 480), does("northstar", 480)),
    "the carrier": call(does("pbx-east", 503), does("pbx-west", 503)),
}
TURNS = {
    "the first turn": call(),
    "the fifth": call(does("b", 503), calls_before=4),
    "the third": call(does("c", 503), does("a", 503), calls_before=2),
    "the first again": call(),
}


@pytest.fixture(scope="module")
def became() -> dict[str, Report | PlayFailed]:
    """All the calls: three engines, each in a namespace of its own, side by side."""
    lacks = ENGINE.missing()
    if lacks is not None:
        pytest.skip(lacks)

    async def play() -> dict[str, Report | PlayFailed]:
        async with open_pool() as pool:

            async def one(policy: Plan, calls: dict[str, Scenario]) -> None:
                plays = pool.play(HANDMADE, policy, list(calls.values()))
                for name in calls:
                    found[name] = await anext(plays)

            found: dict[str, Report | PlayFailed] = {}
            names = list(CALLS)
            first, second = names[::2], names[1::2]
            await asyncio.gather(
                one(POLICY, {name: CALLS[name] for name in first}),
                one(POLICY, {name: CALLS[name] for name in second}),
                one(ROUND, TURNS),
            )
            return found

    try:
        return asyncio.run(play())
    except NoNamespace as error:
        pytest.skip(str(error.strerror))


def finding(policy: Plan, scenario: Scenario, report: Report | PlayFailed) -> Finding:
    assert isinstance(report, Report), str(report)
    return find(policy, scenario, ENGINE.differs(policy, scenario), report)


@pytest.mark.parametrize("name", CALLS)
def test_kamailio_takes_the_ladder_of_the_model(
    name: str, became: dict[str, Report | PlayFailed]
) -> None:
    assert finding(POLICY, CALLS[name], became[name]).strayed == ()


@pytest.mark.parametrize("name", TURNS)
def test_a_round_robin_comes_to_the_turn_of_the_scenario(
    name: str, became: dict[str, Report | PlayFailed]
) -> None:
    assert finding(ROUND, TURNS[name], became[name]).strayed == ()


def test_what_is_declared_is_noted(became: dict[str, Report | PlayFailed]) -> None:
    noted = {name for name in CALLS if finding(POLICY, CALLS[name], became[name]).notes}
    assert noted == {"a dead UDP port", "a dead UDP port from one address"}


def test_what_kamailio_does_not_do_as_the_model_is_found_out() -> None:
    """The configuration made by hand knows no commit point."""
    lacks = ENGINE.missing()
    if lacks is not None:
        pytest.skip(lacks)
    policy = plan(retry=RETRY.model_copy(update={"no_response": 0.8}))
    scenario = call(does("pbx-east", 180, 503))

    async def play() -> Report | PlayFailed:
        async with open_pool() as pool:
            return await anext(pool.play(HANDMADE, policy, [scenario]))

    try:
        report = asyncio.run(play())
    except NoNamespace as error:
        pytest.skip(str(error.strerror))
    assert "attempt 2: the model makes no more, saw us.primary to pbx-west 200" in (
        finding(policy, scenario, report).strayed
    )


def test_a_configuration_that_kamailio_refuses_is_shown_in_its_own_words() -> None:
    lacks = ENGINE.missing()
    if lacks is not None:
        pytest.skip(lacks)

    async def play() -> Report | PlayFailed:
        async with open_pool() as pool:
            return await anext(pool.play("verify.lab.handmade:BROKEN", plan(), [call()]))

    try:
        report = asyncio.run(play())
    except NoNamespace as error:
        pytest.skip(str(error.strerror))
    assert isinstance(report, PlayFailed)
    assert "kamailio ended with" in str(report)
    assert "syntax error" in str(report)


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "apt-get install --no-install-recommends kamailio" in str(ENGINE.missing())


def test_levels_are_declared_one_by_one() -> None:
    policy = plan_to(TELNYX)
    scenario = call(does("telnyx.primary", reach="refuses"))
    met = ENGINE.differs(policy, scenario)
    reach = [behaviour_of(met.scenario, "us.primary", "telnyx", one).reach for one in TELNYX.levels]
    assert reach == ["silent", "replies"]
