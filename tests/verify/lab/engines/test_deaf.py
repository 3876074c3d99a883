"""Where a UDP port refuses, an engine that hears no ICMP meets silence, and nowhere else."""

from __future__ import annotations

import pytest

from sipfo.plan.model import Plan, Route
from sipfo.verify.lab.engines.deaf import deaf_to_icmp
from sipfo.verify.lab.stage import CannotPlay
from verify.seed import TELNYX, call, does, plan, plan_to

TCP = Route(name="pbx-east", destinations=("sip:198.51.100.10;transport=tcp",))
MIXED = TELNYX.model_copy(
    update={"destinations": ("sip:192.0.2.80", "sip:192.0.2.81;transport=tcp")}
)


def met(policy: Plan, name: str, egress: str | None = None) -> list[tuple[str, str]]:
    scenario, _ = deaf_to_icmp(policy, call(does(name, reach="refuses", egress=egress)))
    return [(one.route, one.reach) for one in scenario.behaviours]


@pytest.mark.parametrize("name", ["pbx-east", "northstar"])
def test_a_dead_udp_port_is_silent(name: str) -> None:
    assert met(plan(carriers=("northstar",)), name) == [(name, "silent")]


def test_from_one_address_too() -> None:
    assert met(plan(), "pbx-east", "us.primary") == [("pbx-east", "silent")]


def test_a_dead_tcp_port_refuses() -> None:
    assert met(plan_to(TCP), "pbx-east") == [("pbx-east", "refuses")]


def test_levels_are_told_apart_where_they_must_be() -> None:
    assert met(plan_to(TELNYX), "telnyx") == [("telnyx", "silent")]
    assert met(plan_to(TELNYX), "telnyx.primary") == [("telnyx.primary", "silent")]
    assert met(plan_to(MIXED), "telnyx") == [
        ("telnyx.primary", "silent"),
        ("telnyx.secondary", "refuses"),
    ]


def test_a_tcp_port_that_refuses_one_address_only_cannot_be_shown() -> None:
    with pytest.raises(CannotPlay, match="alone over TCP"):
        met(plan_to(TCP), "pbx-east", "us.primary")


def test_everything_else_stays_and_each_difference_is_noted() -> None:
    scenario = call(does("pbx-east", 503), does("pbx-west", reach="silent"))
    assert deaf_to_icmp(plan(), scenario) == (scenario, ())
    _, notes = deaf_to_icmp(plan(), call(does("pbx-east", reach="refuses")))
    assert notes == (
        "pbx-east is a UDP port that nobody has: no-response instead of transport-error",
    )
