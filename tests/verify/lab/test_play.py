"""Calls over real sockets take the ladder that the model says, and nobody contradicts them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from runtime.probing import probing
from sipfo.plan.ladder import Ladder
from sipfo.plan.model import (
    Accept,
    CommitOn,
    Limit,
    Listen,
    OnCause,
    OnTag,
    Plan,
    Probe,
    Retry,
    Route,
    Rule,
)
from sipfo.plan.scenario import Behaviour, Reply, Scenario
from sipfo.runtime.capability import CannotServe
from sipfo.verify.lab.play import play, play_each, staged
from sipfo.verify.lab.stage import CannotPlay
from sipfo.verify.simulate import simulate
from verify.seed import DESK, RETRY, TELNYX, call, does, plan, plan_to

ONE_CALL = Limit(calls=1, per_second=1)
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
TLS = quick(routes=routes("sip:198.51.100.10;transport=tls", "sip:west.example.com;transport=tls"))
BY_TLS = quick(
    listen=(Listen(transport="tls", host="192.0.2.10", port=5061, certificate="/not/here.pem"),)
)
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
LEVELS = plan_to(TELNYX, retry=QUICK)
LEVELS_IPV6 = plan_to(
    TELNYX.model_copy(
        update={"destinations": ("sip:[2001:db8:1::1]", "sip:[2001:db8:1::2]:5070;transport=tcp")}
    ),
    retry=QUICK,
)
WEIGHTED = plan(("a", "b", "c"), weights=(10, 70, 20), retry=QUICK)
NAMES_TAGS = quick(
    QUICK.model_copy(
        update={
            "rules": (
                Rule(match=OnTag(code=486, tag="D5"), verdict="failover"),
                Rule(match=OnCause(cause=34), verdict="failover"),
                *QUICK.rules,
            )
        }
    )
)
CARRIERS = plan(("pbx-east",), carriers=("northstar", "baltic"), retry=QUICK)
HASTY = Probe(every=0.1, down_after=1, up_after=1)
PROBED = probing(CARRIERS, "pbx-east", "northstar", "baltic", probe=HASTY)
PROBED_NAMES = probing(NAMED, "pbx-east", "pbx-west", probe=HASTY)
LIMITED = CARRIERS.model_copy(
    update={
        "trunks": tuple(one.model_copy(update={"limit": ONE_CALL}) for one in CARRIERS.trunks),
        "carriers": tuple(one.model_copy(update={"limit": ONE_CALL}) for one in CARRIERS.carriers),
    }
)

CALLS: dict[str, tuple[Plan, Scenario]] = {
    "nothing fails": (quick(), call()),
    "a 503 fails over": (quick(), call(does("pbx-east", 503))),
    "a busy stops": (quick(), call(does("pbx-east", 180, 486))),
    "a ringing 503 stops": (quick(), call(does("pbx-east", 180, 503))),
    "silence over UDP": (quick(), call(does("pbx-east", reach="silent"))),
    "silence over TCP": (TCP, call(does("pbx-east", reach="silent"))),
    "TLS": (TLS, call(does("pbx-east", 503))),
    "silence over TLS": (TLS, call(does("pbx-east", reach="silent"))),
    "refused over TLS": (TLS, call(does("pbx-east", reach="refuses"))),
    "one address refused over TLS": (
        TLS,
        call(
            does("pbx-east", reach="refuses", egress="us.primary"),
            does("pbx-west", 503, egress="us.primary"),
        ),
    ),
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
    "the second address of a region": (LEVELS, call(does("telnyx.primary", reach="refuses"))),
    "the second address of a region over IPv6 and TCP": (
        LEVELS_IPV6,
        call(does("telnyx.primary", reach="refuses")),
    ),
    "a level that is silent": (LEVELS, call(does("telnyx.primary", reach="silent"))),
    "a level that is busy": (LEVELS, call(does("telnyx", 503), does("telnyx.secondary", 486))),
    "a level that fails from one address": (
        LEVELS,
        call(does("telnyx.primary", 480, egress="us.primary"), does("telnyx", 404)),
    ),
    "a tag": (NAMES_TAGS, call(does("pbx-east", Reply(status=486, tag="D5")))),
    "another tag": (NAMES_TAGS, call(does("pbx-east", Reply(status=486, tag="D56")))),
    "a cause": (NAMES_TAGS, call(does("pbx-east", Reply(status=500, cause=34)))),
    "another cause": (NAMES_TAGS, call(does("pbx-east", 180, Reply(status=500, cause=38)))),
    "a tag with a cause, where 404 stops": (
        NAMES_TAGS,
        call(does("pbx-east", Reply(status=404, tag="D5", cause=34))),
    ),
    "what is drawn": (WEIGHTED, call(does("c", 503), drawn=("c", "a"))),
    "a draw that is not said": (WEIGHTED, call(does("b", 503))),
    "route-major": (
        plan(order="route-major", retry=QUICK),
        call(does("pbx-east", 503), does("pbx-west", 480)),
    ),
    "IPv6": (IPV6, call(does("pbx-east", 503))),
    "the caller comes over TCP": (BY_TCP, call(does("pbx-east", 503))),
    "the caller comes over TLS": (BY_TLS, call(does("pbx-east", 503))),
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
    "probed, and all answer": (PROBED, call(does("pbx-east", 180, 480))),
    "probed, and dead from the start": (
        PROBED,
        call(does("pbx-east", reach="silent"), does("northstar", reach="refuses")),
    ),
    "probed by name": (
        PROBED_NAMES,
        call(does("pbx-east", reach="unresolvable"), does("pbx-west", reach="silent")),
    ),
    "a limit of one call": (LIMITED, call(does("pbx-east", 480), does("northstar", 503))),
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


def test_what_the_runtime_cannot_do_is_said() -> None:
    with pytest.raises(CannotServe, match="to registered"):
        asyncio.run(play(plan_to(DESK), call()))


def test_each_play_comes_in_its_turn_with_what_became_of_it() -> None:
    scenarios = [call(does("pbx-east", (200, 0.3))), call(does("pbx-east", reach="unresolvable"))]

    async def collect() -> list[Ladder | Exception]:
        return [became async for _, became in play_each(quick(), scenarios)]

    first, second = asyncio.run(collect())
    assert isinstance(first, Ladder)
    assert isinstance(second, CannotPlay)


def test_each_play_of_a_plan_that_the_runtime_refuses_says_so() -> None:
    async def collect() -> list[Ladder | Exception]:
        plays = play_each(plan_to(DESK), [call(), call()])
        return [became async for _, became in plays]

    assert [type(became) for became in asyncio.run(collect())] == [CannotServe, CannotServe]
