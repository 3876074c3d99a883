"""Where a UDP port refuses, an engine that hears no ICMP meets silence, and nowhere else."""

from __future__ import annotations

import pytest

from sipfo.plan.model import Plan, Route
from sipfo.plan.scenario import Behaviour
from sipfo.verify.conduct import behaviour_of
from sipfo.verify.lab.engines.deaf import deaf_to_icmp
from sipfo.verify.lab.stage import CannotPlay
from verify.seed import TELNYX, call, does, plan, plan_to

TCP = Route(name="pbx-east", destinations=("sip:198.51.100.10;transport=tcp",))
MIXED = TELNYX.model_copy(
    update={"destinations": ("sip:192.0.2.80", "sip:192.0.2.81;transport=tcp")}
)
UNNAMED = MIXED.model_copy(update={"levels": ()})
BOTH = ("us.primary", "us.secondary")


def met(
    policy: Plan, *behaviours: Behaviour, name: str, level: str | None = None
) -> tuple[str, ...]:
    """What an attempt from each address meets there."""
    scenario, _ = deaf_to_icmp(policy, call(*behaviours))
    return tuple(behaviour_of(scenario, egress, name, level).reach for egress in BOTH)


def test_a_dead_udp_port_is_silent() -> None:
    policy = plan(carriers=("northstar",))
    dead = (does("pbx-east", reach="refuses"), does("northstar", reach="refuses"))
    assert met(policy, *dead, name="pbx-east") == ("silent", "silent")
    assert met(policy, *dead, name="pbx-west") == ("replies", "replies")
    assert met(policy, *dead, name="northstar")[0] == "silent"


def test_from_one_address_too() -> None:
    dead = does("pbx-east", reach="refuses", egress="us.primary")
    assert met(plan(), dead, name="pbx-east") == ("silent", "replies")


def test_from_all_addresses_but_one() -> None:
    answers = does("pbx-east", 503, egress="us.secondary")
    assert met(plan(), does("pbx-east", reach="refuses"), answers, name="pbx-east") == (
        "silent",
        "replies",
    )


def test_a_dead_tcp_port_refuses() -> None:
    dead = does("pbx-east", reach="refuses")
    assert met(plan_to(TCP), dead, name="pbx-east") == ("refuses", "refuses")


def test_levels_are_told_apart() -> None:
    every, first = does("telnyx", reach="refuses"), does("telnyx.primary", reach="refuses")
    assert met(plan_to(TELNYX), every, name="telnyx", level="secondary") == ("silent", "silent")
    assert met(plan_to(TELNYX), first, name="telnyx", level="primary") == ("silent", "silent")
    assert met(plan_to(TELNYX), first, name="telnyx", level="secondary") == ("replies", "replies")
    assert met(plan_to(MIXED), every, name="telnyx", level="primary") == ("silent", "silent")
    assert met(plan_to(MIXED), every, name="telnyx", level="secondary") == ("refuses", "refuses")


@pytest.mark.parametrize(
    ("policy", "behaviours", "reason"),
    [
        (
            plan_to(TCP),
            (does("pbx-east", reach="refuses", egress="us.primary"),),
            "refuses some addresses and not others, over TCP",
        ),
        (
            plan_to(TCP),
            (does("pbx-east", reach="refuses"), does("pbx-east", 503, egress="us.primary")),
            "refuses some addresses and not others, over TCP",
        ),
        (plan_to(UNNAMED), (does("telnyx", reach="refuses"),), "its levels have no names"),
    ],
)
def test_what_cannot_be_shown_is_said(
    policy: Plan, behaviours: tuple[Behaviour, ...], reason: str
) -> None:
    with pytest.raises(CannotPlay, match=reason):
        deaf_to_icmp(policy, call(*behaviours))


def test_everything_else_stays_and_each_difference_is_noted_once() -> None:
    scenario = call(does("pbx-east", 503), does("pbx-west", reach="silent"))
    assert deaf_to_icmp(plan(), scenario) == (scenario, ())
    _, notes = deaf_to_icmp(plan(), call(does("pbx-east", reach="refuses")))
    assert notes == (
        "pbx-east is a UDP port that nobody has: no-response instead of transport-error",
    )


def test_what_the_call_cannot_reach_is_not_noted() -> None:
    policy = plan(("pbx-east", "pbx-west"), carriers=("northstar",))
    trunk = policy.trunks[0].model_copy(update={"routes": ("pbx-west",), "forward": None})
    scenario = call(does("pbx-east", reach="refuses"), does("northstar", reach="refuses"))
    only = policy.model_copy(update={"trunks": (trunk,)})
    assert deaf_to_icmp(only, scenario) == (scenario, ())
