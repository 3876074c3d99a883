"""What the script does with a call, where the model has nothing to compare: who may call, numbers as they
are sent, headers, draws; and the edges of what it looks at."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.targets.freeswitch.play import Played, needs_lua, play
from plan.samples import small_plan
from sipfo.compiler.targets.freeswitch.emit import render
from sipfo.plan.model import (
    Accept,
    Carrier,
    Credential,
    NumberPrefix,
    OnCode,
    OnLocal,
    OnTag,
    Plan,
    Retry,
    Route,
    Rule,
    Shaping,
    Trunk,
)
from sipfo.plan.order import draw
from sipfo.plan.scenario import Behaviour, Reply, Scenario

NUMBER = "+13125550123"
EAST, WEST = "pbx-east", "pbx-west"
INSIDE, OUTSIDE = "203.0.113.7", "198.51.100.99"
ALL_FAIL = Retry(name="standard", rules=(), otherwise="failover")


@pytest.fixture(autouse=True)
def _lua() -> None:
    needs_lua()


def plan_of(retry: Retry = ALL_FAIL, **changes: object) -> Plan:
    """Two routes in order, from one address, for one trunk's numbers."""
    plan = small_plan()
    trunk = Trunk(
        name="acme",
        numbers=(NumberPrefix(prefix="+1312"),),
        accept=Accept(networks=("203.0.113.0/24",)),
        egress=(plan.egress[0].name,),
        method="sequential",
        routes=(EAST, WEST),
        retry=retry.name,
    )
    kept = {
        "routes": (
            Route(name=EAST, destinations=("sip:198.51.100.10",)),
            Route(name=WEST, destinations=("sip:198.51.100.20",)),
        ),
        "carriers": (),
        "retries": (retry,),
        "trunks": (trunk.model_copy(update=changes),),
    }
    return plan.model_copy(update=kept)


def does(route: str, *replies: Reply | int) -> Behaviour:
    """A destination that answers so, each a second later; without replies it is silent."""
    said = tuple(one if isinstance(one, Reply) else Reply(status=one, after=1.0) for one in replies)
    return Behaviour(route=route, reach="replies" if said else "silent", replies=said)


def call(
    plan: Plan,
    *behaviours: Behaviour,
    number: str = NUMBER,
    caller: str = INSIDE,
    uuids: list[int] | None = None,
) -> Played:
    """What becomes of a call."""
    files = render(plan, "/srv/freeswitch", {"PW": "it"})
    scenario = Scenario(name="a call", trunk="acme", number=number, behaviours=behaviours)
    return play(files, plan, scenario, caller=caller, uuids=uuids)


def outcomes(played: Played) -> list[tuple[str, str]]:
    """Where each attempt went, and how it ended."""
    return [(one.to, one.outcome) for one in played.tried]


@pytest.mark.parametrize(
    ("number", "caller", "code"),
    [
        (NUMBER, OUTSIDE, 403),
        ("+4420", OUTSIDE, 403),
        ("+4420", INSIDE, 404),
        ("+1312555012345678", INSIDE, 404),
        ("alice", INSIDE, 404),
    ],
)
def test_a_stranger_is_not_told_which_numbers_exist(number: str, caller: str, code: int) -> None:
    played = call(plan_of(), number=number, caller=caller)
    assert (played.kind, played.code, played.tried) == ("refused", code, ())


def test_a_number_gets_its_plus_and_loses_its_parameters() -> None:
    assert call(plan_of(), number="13125550123;npdi").tried[0].user == NUMBER


def test_where_anyone_may_call_only_a_number_of_nobodys_is_refused() -> None:
    plan = plan_of(accept=Accept(anyone=True))
    assert call(plan, caller=OUTSIDE).kind == "answered"
    assert call(plan, number="+44", caller=OUTSIDE).code == 404


def test_a_user_of_a_routes_own_takes_the_place_of_the_number() -> None:
    plan = plan_of()
    desk = Route(name=EAST, destinations=("sip:desk@198.51.100.10",))
    played = call(plan.model_copy(update={"routes": (desk, *plan.routes[1:])}))
    assert [one.user for one in played.tried] == ["desk"]


def test_a_carrier_gets_the_number_that_is_forwarded_to_as_it_wants_it() -> None:
    plan = plan_of()
    shaped = Carrier(
        name="c1", destination="sip:203.0.113.9", shaping=Shaping(strip=3, prepend="9#")
    )
    plain = Carrier(name="c2", destination="sip:203.0.113.10")
    forward = small_plan(carriers=2).trunks[0].forward
    assert forward is not None
    forward = forward.model_copy(update={"number": "+442079460000", "carriers": ("c1", "c2")})
    plan = plan.model_copy(
        update={
            "carriers": (shaped, plain),
            "trunks": (plan.trunks[0].model_copy(update={"forward": forward}),),
        }
    )
    played = call(plan, does(EAST, 503), does(WEST, 503), does("c1", 503))
    assert [one.user for one in played.tried] == [
        NUMBER,
        NUMBER,
        "9%232079460000",
        "+442079460000",
    ]
    diversion, history, *_ = played.headers
    at = f"{plan.egress[0].host}:{plan.egress[0].port}"
    assert diversion == (
        f"nolocal:sip_h_Diversion=<sip:{NUMBER}@{at}>;reason=unavailable;counter=1"
    )
    assert history.startswith(f"nolocal:sip_h_History-Info=<sip:{NUMBER}@{at}?Reason=SIP%3B")
    assert history.endswith("@203.0.113.9;cause=503>;index=1.1;mp=1")


def test_a_password_is_for_its_own_destination_alone() -> None:
    plan = plan_of()
    route = plan.routes[0].model_copy(update={"auth": Credential(user="acme", secret="PW")})
    played = call(plan.model_copy(update={"routes": (route, plan.routes[1])}), does(EAST, 503))
    assert [one.password for one in played.tried] == ["it", None]


def test_no_attempt_starts_at_the_deadline() -> None:
    late = call(plan_of(deadline=2.0), does(EAST, Reply(status=503, after=2.0)))
    assert outcomes(late) == [("198.51.100.10", "503")]
    assert late.code == 408


def test_a_tag_is_a_whole_word() -> None:
    rule = Rule(match=OnTag(code=486, tag="D5"), verdict="failover")
    retry = Retry(name="standard", rules=(rule,), otherwise="stop")
    for tag, tried in (("D5", 2), ("D56", 1), ("xD5", 1), ("D56 D5", 2)):
        played = call(plan_of(retry), does(EAST, Reply(status=486, tag=tag)))
        assert len(played.tried) == tried, tag


def test_who_rang_and_who_did_not_is_told_by_the_ringing() -> None:
    stop = Retry(
        name="standard",
        rules=(Rule(match=OnLocal(outcome="no-answer"), verdict="stop"),),
        otherwise="failover",
        no_progress=5.0,
        no_answer=3.0,
    )
    assert len(call(plan_of(stop), does(EAST, 100)).tried) == 2
    assert len(call(plan_of(stop), does(EAST, 180)).tried) == 1
    assert len(call(plan_of(stop), does(EAST, 183)).tried) == 1


def test_what_one_attempt_left_behind_is_not_the_nexts() -> None:
    rules = (Rule(match=OnCode(code=486), verdict="failover"),)
    retry = Retry(name="standard", rules=rules, otherwise="stop")
    played = call(plan_of(retry), does(EAST, 180, 486), does(WEST, 302))
    assert (len(played.tried), played.code) == (2, 480)
    silent = Retry(name="standard", rules=rules, otherwise="stop", no_answer=4.0, no_progress=4.0)
    assert call(plan_of(silent), does(EAST, 180, 486), does(WEST, 100)).code == 408


def test_an_address_of_one_family_sends_to_none_of_the_other() -> None:
    plan = plan_of()
    six = Route(name=EAST, destinations=("sip:[2001:db8::1]",))
    played = call(plan.model_copy(update={"routes": (six, plan.routes[1])}))
    assert outcomes(played) == [("198.51.100.20", "200")]


def test_a_carrier_that_wants_a_password_that_nobody_has_is_a_407() -> None:
    played = call(plan_of(), does(EAST, 401), does(WEST, 404))
    assert played.code == 403  # a challenge is what a caller can act on, but not this one


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=4),
    st.lists(st.integers(0, 2**32 - 1), min_size=4, max_size=4),
)
def test_a_weighted_trunk_draws_as_the_model_does(weights: list[int], numbers: list[int]) -> None:
    plan = plan_of()
    routes = tuple(
        Route(name=f"r{n}", destinations=(f"sip:198.51.100.{n}",)) for n in range(len(weights))
    )
    trunk = plan.trunks[0].model_copy(
        update={
            "routes": tuple(one.name for one in routes),
            "method": "weighted",
            "weights": tuple(weights),
        }
    )
    plan = plan.model_copy(update={"routes": routes, "trunks": (trunk,)})
    played = call(plan, *(does(one.name, 503) for one in routes), uuids=numbers)
    upcoming = iter(numbers)
    wanted = draw(weights, lambda most: next(upcoming) % (most + 1))
    assert [one.to for one in played.tried] == [f"198.51.100.{n}" for n in wanted]
