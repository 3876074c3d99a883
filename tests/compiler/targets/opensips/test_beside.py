"""What no test block says: who may call, limits, targets that asked for time, and other requests."""

from __future__ import annotations

from functools import cache

import pytest

from bless import CASES
from compiler.policies import compiled
from compiler.targets.opensips.calls import script_of
from compiler.targets.opensips.reader import Script
from compiler.targets.opensips.tm import EPOCH, Player
from sipfo.plan.ladder import Ladder
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Behaviour, Scenario
from verify.seed import does
from verify.seed import plan as seed

CASE = CASES / "target-opensips-written"


@cache
def written() -> tuple[Plan, Script]:
    plan = compiled(CASE).plan
    assert plan is not None
    return plan, script_of(plan)


def call(*behaviours: Behaviour) -> Scenario:
    return Scenario(
        name="", trunk="acme", number="+13125550123", behaviours=behaviours, drawn=("east",)
    )


def seed_call(*behaviours: Behaviour) -> Scenario:
    return Scenario(name="", trunk="acme", number="+13125550123", behaviours=behaviours)


def went(ladder: Ladder) -> list[tuple[str, str]]:
    return [(one.route, one.outcome) for one in ladder.attempts]


@pytest.mark.parametrize(
    ("method", "source", "code"),
    [
        ("OPTIONS", None, 200),
        ("OPTIONS", "198.18.0.9", 403),
        ("REGISTER", None, 405),
        ("MESSAGE", None, 405),
        ("INVITE", "198.18.0.9", 403),
        ("INVITE", "203.0.114.1", 403),
        ("INVITE", "203.0.113.255", 200),
        # of another trunk than the one whose number is called
        ("INVITE", "192.0.2.77", 403),
    ],
)
def test_who_may_ask_what(method: str, source: str | None, code: int) -> None:
    assert Player(*written()).ask(call(), method, source).result.code == code


@pytest.mark.parametrize(
    ("user", "code"),
    [
        ("+13125550123", 200),
        ("13125550123", 200),
        ("1-312-555.0123", 200),
        ("+13125550123;phone-context=x", 200),
        ("+13125550200", 404),
        ("+131255501234", 404),
        ("alice", 404),
        ("", 404),
        ("$ru", 404),
        ("+13125550123$var(x)", 404),
        ('1312"5550123', 404),
        ("1312 5550123", 404),
    ],
)
def test_whose_the_number_is(user: str, code: int) -> None:
    assert Player(*written()).ask(call(), user=user).result.code == code


def test_a_trunk_at_its_limit_is_a_503_with_retry_after() -> None:
    player = Player(*written())
    player.counted["trunk", "acme"] = 29
    assert player.play(call()).result.code == 200
    player.counted["trunk", "acme"] = 30
    full = player.play(call())
    assert (full.result.code, full.attempts) == (503, ())
    assert player.sent == ["Retry-After: 1\r\n"]


def test_a_trunk_takes_so_many_new_calls_a_second() -> None:
    player = Player(*written())
    codes = [player.play(call()).result.code for _ in range(12)]
    assert codes == [200] * 10 + [503] * 2


NOBODY = (does("east", 503), does("west", 503))


def test_a_carrier_at_its_limit_is_passed_over_for_good() -> None:
    player = Player(*written())
    player.counted["carrier", "carrier/northstar"] = 200
    made = player.play(call(*NOBODY))
    assert made.result.by == "baltic"
    assert "northstar" not in dict(went(made))
    player.counted["carrier", "carrier/baltic"] = 5
    made = player.play(call(*NOBODY))
    assert (made.result.code, len(made.attempts)) == (500, 4)


def test_a_carrier_takes_so_many_new_calls_a_second() -> None:
    plan, _ = written()
    limited = tuple(
        one.model_copy(update={"limit": None}) if one.name == "acme" else one for one in plan.trunks
    )
    plan = plan.model_copy(update={"trunks": limited})
    player = Player(plan, script_of(plan))
    by = [player.play(call(*NOBODY)).result.by for _ in range(22)]
    assert by == ["northstar"] * 20 + ["baltic"] * 2


def test_a_target_that_asks_for_time_is_passed_over_for_as_long() -> None:
    plan = seed()
    player = Player(plan, script_of(plan))
    player.fields[503] = {"Retry-After": ["20"]}
    assert went(player.play(seed_call(does("pbx-east", 503)))) == [
        ("pbx-east", "503"),
        ("pbx-west", "200"),
    ]
    assert went(player.play(seed_call(does("pbx-east", 503)))) == [("pbx-west", "200")]
    assert {name: held for name, held in player.shared.items() if held} == {"held_1": EPOCH + 20}


@pytest.mark.parametrize(
    ("asked", "held"), [("3600", 60), ("30 (busy)", 30), ("0", 0), ("soon", 0), ("-5", -5)]
)
def test_no_target_is_held_for_longer_than_a_minute(asked: str, held: int) -> None:
    plan = seed()
    player = Player(plan, script_of(plan))
    player.fields[503] = {"Retry-After": [asked]}
    player.play(seed_call(does("pbx-east", 503)))
    assert player.shared["held_1"] == EPOCH + held


def test_when_all_are_held_they_are_tried_in_order_all_the_same() -> None:
    plan = seed()
    player = Player(plan, script_of(plan))
    for name in player.shared:
        player.shared[name] = EPOCH + 60
    assert went(player.play(seed_call())) == [("pbx-east", "200")]


def test_an_earlier_refusal_is_told_with_its_fields() -> None:
    """The best of what was heard is not the last: it is written anew, with what a caller can act on."""
    plan = seed()
    player = Player(plan, script_of(plan))
    player.fields[480] = {"Reason": ["Q.850;cause=20"], "Server": ["x"]}
    made = player.play(seed_call(does("pbx-east", 480), does("pbx-west", 504)))
    assert (made.result.code, made.result.by) == (480, "pbx-east")
    assert player.sent == ["Reason: Q.850;cause=20\r\n"]
