"""Calls over real sockets take the ladder that the model says, and nobody contradicts them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from sipfo.plan.ladder import Ladder
from sipfo.plan.model import Accept, CommitOn, Listen, Plan, Retry, Route
from sipfo.plan.scenario import Behaviour, Scenario
from sipfo.verify.lab.play import play, play_each, staged
from sipfo.verify.lab.stage import CannotPlay
from sipfo.verify.simulate import simulate
from verify.seed import RETRY, call, does, plan

QUICK = RETRY.model_copy(update={"no_response": 1.0, "no_progress": 1.2, "no_answer": 1.4})


def quick(retry: Retry = QUICK, deadline: float | None = None, **changes: object) -> Plan:
    return plan(retry=retry, deadline=deadline).model_copy(update=changes)


def routes(*destinations: tuple[str, ...] | str) -> tuple[Route, ...]:
    """pbx-east and pbx-west, elsewhere."""
    return tuple(
        Route(name=name, destinations=(where,) if isinstance(where, str) else where)
        for name, where in zip(("pbx-east", "pbx-west"), destinations, strict=True)
    )


TCP = quick(routes=routes("sip:198.51.100.10;transport=tcp", "sip:198.51.100.11;transport=tcp"))
NAMED = quick(routes=routes("sip:east.example.com", "sip:west.example.com:5070;transport=tcp"))
REGION = quick(routes=routes(("sip:198.51.100.10", "sip:198.51.100.12"), "sip:198.51.100.11"))
IPV6 = quick(
    listen=(Listen(transport="udp", host="2001:db8::10", port=5060),),
    routes=routes("sip:[2001:db8:1::1]", "sip:[2001:db8:1::2]:5070;transport=tcp"),
)
BY_TCP = quick(listen=(Listen(transport="tcp", host="192.0.2.10", port=5060),))
ANYONE = quick(
    trunks=(plan().trunks[0].model_copy(update={"accept": Accept(anyone=True)}),),
)
NEVER_COMMITS = quick(QUICK.model_copy(update={"commit": (CommitOn(point="answer"),)}))
CARRIERS = plan(("pbx-east",), carriers=("northstar", "baltic"), retry=QUICK)

CALLS: dict[str, tuple[Plan, Scenario]] = {
    "nothing fails": (quick(), call()),
    "a 503 fails over": (quick(), call(does("pbx-east", 503))),
    "a busy stops": (quick(), call(does("pbx-east", 180, 486))),
    "a ringing 503 stops": (quick(), call(does("pbx-east", 180, 503))),
    "silence over UDP": (quick(), call(does("pbx-east", reach="silent"))),
    "silence over TCP": (TCP, call(does("pbx-east", reach="silent"))),
    "only 100": (quick(), call(does("pbx-east", 100))),
    "ringing for ever": (quick(), call(does("pbx-east", 180))),
    "early media": (quick(), call(does("pbx-east", 183, (200, 0.3)))),
    "refused over UDP": (quick(), call(does("pbx-east", reach="refuses"))),
    "refused over TCP": (TCP, call(does("pbx-east", reach="refuses"))),
    "one address refused over UDP": (
        quick(),
        call(
            does("pbx-east", reach="refuses", egress="us.primary"),
            does("pbx-west", 503, egress="us.primary"),
        ),
    ),
    "one address refused over TCP": (
        TCP,
        call(
            does("pbx-east", reach="refuses", egress="us.primary"),
            does("pbx-west", 503, egress="us.primary"),
        ),
    ),
    "a name": (NAMED, call(does("pbx-east", 503))),
    "no such name": (NAMED, call(does("pbx-east", reach="unresolvable"))),
    "both targets of a region": (REGION, call(does("pbx-east", 503))),
    "IPv6": (IPV6, call(does("pbx-east", 503))),
    "the caller comes over TCP": (BY_TCP, call(does("pbx-east", 503))),
    "anyone may call": (ANYONE, call()),
    "the caller gives up": (quick(), call(does("pbx-east", 180), cancel_after=0.5)),
    "the caller gives up in silence": (
        quick(),
        call(does("pbx-east", reach="silent"), cancel_after=0.2),
    ),
    "the deadline": (
        quick(deadline=1.5),
        call(does("pbx-east", reach="silent"), does("pbx-west", reach="silent")),
    ),
    "an answer too late": (quick(), call(does("pbx-east", (200, 1.4)))),
    "an answer after ringing too long": (NEVER_COMMITS, call(does("pbx-east", 180, (200, 2.0)))),
    "everything fails": (quick(), call(does("pbx-east", 480), does("pbx-west", 503))),
    "the second carrier": (
        CARRIERS,
        call(does("pbx-east", reach="refuses"), does("northstar", 504)),
    ),
    "the second call of a round robin": (
        plan(("a", "b", "c"), round_robin=True, retry=QUICK),
        call(does("b", 408), calls_before=1),
    ),
}


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
    assert [(one.egress, one.route, one.outcome) for one in real.attempts] == [
        (one.egress, one.route, one.outcome) for one in modelled.attempts
    ]
    assert real.result == modelled.result


@pytest.mark.parametrize("name", ["IPv6", "both targets of a region", "refused over TCP"])
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


def test_each_play_comes_in_its_turn_with_what_became_of_it() -> None:
    scenarios = [call(does("pbx-east", (200, 0.3))), call(does("pbx-east", reach="unresolvable"))]

    async def collect() -> list[Ladder | Exception]:
        return [became async for _, became in play_each(quick(), scenarios)]

    first, second = asyncio.run(collect())
    assert isinstance(first, Ladder)
    assert isinstance(second, CannotPlay)
