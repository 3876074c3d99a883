"""Calls over real sockets take the ladder that the model says, and nobody contradicts them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from sipfo.plan.ladder import Ladder
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Behaviour
from sipfo.verify.lab.play import play, play_each, staged
from sipfo.verify.lab.stage import CannotPlay
from sipfo.verify.simulate import simulate
from verify.lab.calls import CALLS, NAMED, QUICK, TLS, quick
from verify.seed import DESK, call, does, plan_to


@pytest.fixture(scope="module")
def ladders() -> dict[str, Ladder | BaseException]:
    """All the calls, placed together: they wait for timers, not for each other."""

    async def all_of_them() -> list[Ladder | BaseException]:
        async with AsyncExitStack() as stack:
            ready = [
                await stack.enter_async_context(staged(policy, scenario, slot))
                for slot, (policy, scenario) in enumerate(CALLS.values())
            ]
            performances = [production.perform() for production in ready]
            return await asyncio.gather(*performances, return_exceptions=True)

    return dict(zip(CALLS, asyncio.run(all_of_them()), strict=True))


def ladder_of(ladders: dict[str, Ladder | BaseException], name: str) -> Ladder:
    """The ladder of one call; what went wrong with it is raised."""
    found = ladders[name]
    if isinstance(found, BaseException):
        raise found
    return found


@pytest.mark.parametrize("name", CALLS)
def test_the_runtime_takes_the_ladder_of_the_model(
    name: str, ladders: dict[str, Ladder | BaseException]
) -> None:
    modelled, real = simulate(*CALLS[name]), ladder_of(ladders, name)
    assert [(one.egress, one.route, one.level, one.outcome) for one in real.attempts] == [
        (one.egress, one.route, one.level, one.outcome) for one in modelled.attempts
    ]
    assert real.result == modelled.result


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("the second address of a region", ["primary", "secondary"]),
        ("the second address of a region over IPv6 and TCP", ["primary", "secondary"]),
        ("a level that fails from one address", ["primary", "primary"]),
        ("both targets of a region", [None, None, None]),
    ],
)
def test_levels_are_reported_by_name(
    name: str, levels: list[str | None], ladders: dict[str, Ladder | BaseException]
) -> None:
    assert [one.level for one in ladder_of(ladders, name).attempts] == levels


@pytest.mark.parametrize(
    ("name", "phrase", "attempts"),
    [("a tag", "Busy Here D5", 2), ("another tag", "Busy Here D56", 1)],
)
def test_a_tag_crosses_the_wire_in_the_reason_phrase(
    name: str, phrase: str, attempts: int, ladders: dict[str, Ladder | BaseException]
) -> None:
    ladder = ladder_of(ladders, name)
    assert ladder.attempts[0].phrase == phrase
    assert len(ladder.attempts) == attempts


def test_a_cause_crosses_the_wire_in_a_reason_header(
    ladders: dict[str, Ladder | BaseException],
) -> None:
    assert [one.outcome for one in ladder_of(ladders, "a cause").attempts] == ["500", "200"]
    assert [one.outcome for one in ladder_of(ladders, "another cause").attempts] == ["500"]
    both = ladder_of(ladders, "a tag with a cause, where 404 stops")
    assert [one.outcome for one in both.attempts] == ["404", "200"]


def test_what_is_drawn_is_what_the_runtime_tries_first(
    ladders: dict[str, Ladder | BaseException],
) -> None:
    assert [one.route for one in ladder_of(ladders, "what is drawn").attempts] == ["c", "a"]
    assert [one.route for one in ladder_of(ladders, "a draw that is not said").attempts] == [
        "b",
        "c",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "IPv6",
        "both targets of a region",
        "refused over TCP",
        "the second address of a region over IPv6 and TCP",
    ],
)
def test_targets_are_reported_by_their_declared_addresses(
    name: str, ladders: dict[str, Ladder | BaseException]
) -> None:
    modelled = simulate(*CALLS[name])
    assert [one.target for one in ladder_of(ladders, name).attempts] == [
        one.target for one in modelled.attempts
    ]


def test_a_timer_takes_its_time_on_sockets_too(ladders: dict[str, Ladder | BaseException]) -> None:
    (silent, answered) = ladder_of(ladders, "silence over UDP").attempts
    assert silent.took >= QUICK.no_response
    assert answered.at >= QUICK.no_response


@pytest.mark.parametrize(
    ("policy", "behaviour", "reason"),
    [
        (quick(), does("pbx-east", reach="unresolvable"), "a number: it needs no name"),
        (
            NAMED,
            does("pbx-east", reach="unresolvable", egress="us.primary"),
            "cannot resolve for one attempt and not for another",
        ),
    ],
)
def test_what_sockets_cannot_do_is_said(policy: Plan, behaviour: Behaviour, reason: str) -> None:
    with pytest.raises(CannotPlay, match=reason):
        asyncio.run(play(policy, call(behaviour)))


def test_tls_without_the_program_that_makes_certificates_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CannotPlay, match="openssl is not installed"):
        asyncio.run(play(TLS, call()))


def test_what_is_played_in_a_private_network_only_is_said() -> None:
    with pytest.raises(CannotPlay, match="private network"):
        asyncio.run(play(plan_to(DESK), call()))


def test_each_play_comes_in_its_turn_with_what_became_of_it() -> None:
    scenarios = [call(does("pbx-east", (200, 0.3))), call(does("pbx-east", reach="unresolvable"))]

    async def collect() -> list[Ladder | Exception]:
        return [became async for _, became in play_each(quick(), scenarios)]

    first, second = asyncio.run(collect())
    assert isinstance(first, Ladder)
    assert isinstance(second, CannotPlay)


def test_each_play_of_a_plan_that_cannot_be_played_says_so() -> None:
    async def collect() -> list[Ladder | Exception]:
        plays = play_each(plan_to(DESK), [call(), call()])
        return [became async for _, became in plays]

    assert [type(became) for became in asyncio.run(collect())] == [CannotPlay, CannotPlay]
