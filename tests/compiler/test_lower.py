from __future__ import annotations

from compiler.policies import changed, plan_of
from sipfo.plan.model import (
    AnyNumber,
    CommitOn,
    CommitOnCode,
    Egress,
    Listen,
    NumberPrefix,
    NumberRange,
    OnCause,
    OnCode,
    OnLocal,
    OnRange,
    OnTag,
)
from sipfo.plan.scenario import Behaviour, Reply, SeenAttempt, SeenResult


def test_a_region_is_two_addresses_to_send_from() -> None:
    plan = plan_of()
    assert plan.trunks[0].egress == ("us.primary", "us.secondary")
    assert plan.egress == (
        Egress(name="us.primary", host="192.76.120.10", port=5060),
        Egress(name="us.secondary", host="64.16.250.10", port=5060),
    )


def test_one_address_of_a_region_can_be_sent_from() -> None:
    plan = plan_of(
        ("from     us", "from     us.secondary"),
        ("us.primary", "us.secondary"),
        ("us.primary", "us.secondary"),
    )
    assert plan.trunks[0].egress == ("us.secondary",)
    assert [one.name for one in plan.egress] == ["us.secondary"]


def test_without_from_the_first_listening_address_sends() -> None:
    plan = plan_of(
        ("    from     us\n", ""),
        ("region us {\n    primary   192.76.120.10\n    secondary 64.16.250.10\n}\n", ""),
        ("expect us.primary", "expect listen"),
        ("expect us.primary", "expect listen"),
    )
    assert plan.egress == (Egress(name="listen", host="192.0.2.10", port=5060),)
    assert plan.trunks[0].egress == ("listen",)
    assert plan.trunks[0].forward is not None
    assert plan.trunks[0].forward.egress == "listen"


def test_a_region_that_nobody_sends_from_is_not_bound() -> None:
    plan = plan_of(
        (
            "region us {",
            "region eu { primary 5.172.39.10:5080 secondary 2001:db8::25 }\nregion us {",
        ),
        ("to sip:198.51.100.10 ", "to region eu "),
    )
    assert [one.name for one in plan.egress] == ["us.primary", "us.secondary"]
    assert plan.routes[0].destinations == ("sip:5.172.39.10:5080", "sip:[2001:db8::25]")


def test_listen_without_a_port_is_5060() -> None:
    plan = plan_of(("listen udp 192.0.2.10:5060", "listen udp 192.0.2.10\nlisten tcp 2001:DB8::1"))
    assert plan.listen == (
        Listen(transport="udp", host="192.0.2.10", port=5060),
        Listen(transport="tcp", host="2001:db8::1", port=5060),
    )


def test_every_form_of_an_outcome() -> None:
    retry = plan_of(
        (
            "failover on 408, 480, 503, 504, transport-error",
            'failover on 408, 5xx, 430-439, no-answer, 486 tagged "D5", cause 34, 38',
        ),
    ).retries[0]
    assert [rule.match for rule in retry.rules if rule.verdict == "failover"] == [
        OnCode(code=408),
        OnRange(first=500, last=599),
        OnRange(first=430, last=439),
        OnLocal(outcome="no-answer"),
        OnTag(code=486, tag="D5"),
        OnCause(cause=34),
        OnCause(cause=38),
    ]
    assert [rule.match for rule in retry.rules if rule.verdict == "stop"] == [
        OnCode(code=404),
        OnCode(code=486),
        OnCode(code=603),
    ]


def test_every_commit_point_and_timer() -> None:
    retry = plan_of(
        ("commit   on 180", "commit   on 183, early-media\n    commit on progress"),
        ("no-response 4s", "no-response 500ms\n    no-progress 1.5s\n    no-answer 1m"),
    ).retries[0]
    assert retry.commit == (
        CommitOnCode(code=183),
        CommitOn(point="early-media"),
        CommitOn(point="progress"),
    )
    assert (retry.no_response, retry.no_progress, retry.no_answer) == (0.5, 1.5, 60.0)
    assert plan_of(("commit   on 180", "commit on answer")).retries[0].commit == (
        CommitOn(point="answer"),
    )


def test_timers_have_the_standards_defaults() -> None:
    retry = plan_of(("    no-response 4s\n", "")).retries[0]
    # Timer B, and Timer C twice (RFC 3261 §17.1.1.2, §16.6).
    assert (retry.no_response, retry.no_progress, retry.no_answer) == (32.0, 180.0, 180.0)


def test_a_match_listed_twice_is_one_rule() -> None:
    retry = plan_of(("408, 480", "408, 408")).retries[0]
    assert [rule.match for rule in retry.rules].count(OnCode(code=408)) == 1


def test_every_form_of_numbers() -> None:
    trunk = plan_of(
        ("+13125550100 .. +13125550199", "+13125550100..+13125550199, +1773, +442079460000, any"),
        (" via northstar", " via northstar"),
        ("to +13125550000", "to +15005550000"),
    ).trunks[0]
    assert trunk.numbers == (
        NumberRange(first="+13125550100", last="+13125550199"),
        NumberPrefix(prefix="+1773"),
        NumberPrefix(prefix="+442079460000"),
        AnyNumber(),
    )


def test_who_may_place_calls() -> None:
    networks = plan_of(("203.0.113.0/24", "203.0.113.0/24, 198.51.100.7, 2001:DB8::/32")).trunks[0]
    assert networks.accept.networks == ("203.0.113.0/24", "198.51.100.7/32", "2001:db8::/32")
    assert not networks.accept.anyone
    anyone = plan_of(("accept   from 203.0.113.0/24", "accept anyone")).trunks[0]
    assert anyone.accept.anyone
    assert anyone.accept.networks == ()


def test_a_forward_is_sent_from_the_trunks_first_address() -> None:
    forward = plan_of().trunks[0].forward
    assert forward is not None
    assert (forward.number, forward.carriers, forward.egress) == (
        "+13125550000",
        ("northstar",),
        "us.primary",
    )


def test_a_scenario_has_what_its_test_says() -> None:
    made = changed(
        ("call acme to +13125550123", "call acme to +13125550123 after 7 calls"),
        (
            "when pbx-east answers 503",
            """when pbx-east from us.primary
                   trying, rings after 1s, progress, answers 503 after 0s
               when northstar silent
               when caller cancels after 2.5s""",
        ),
        ("expect answered by pbx-west", "expect answered by pbx-west within 3s"),
    )
    (scenario,) = made.scenarios
    assert (scenario.name, scenario.trunk, scenario.number) == (
        "east is down",
        "acme",
        "+13125550123",
    )
    assert (scenario.calls_before, scenario.cancel_after) == (7, 2.5)
    assert scenario.behaviours == (
        Behaviour(
            route="pbx-east",
            egress="us.primary",
            reach="replies",
            replies=(
                Reply(status=100, after=0.1),
                Reply(status=180, after=1.0),
                Reply(status=183, after=0.1),
                Reply(status=503, after=0.0),
            ),
        ),
        Behaviour(route="northstar", reach="silent"),
    )
    assert scenario.attempts == (
        SeenAttempt(egress="us.primary", route="pbx-east", outcome="503"),
        SeenAttempt(egress="us.primary", route="pbx-west", outcome="200"),
    )
    assert scenario.result == SeenResult(kind="answered", by="pbx-west", within=3.0)


def test_a_test_without_attempts_asks_for_none() -> None:
    (scenario,) = changed(
        ("    expect us.primary to pbx-east 503\n    expect us.primary to pbx-west 200\n", ""),
    ).scenarios
    assert scenario.attempts is None
