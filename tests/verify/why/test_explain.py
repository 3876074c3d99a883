"""Why a call went where it went: each reason and the text of the policy that it points at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sipfo.compiler.pipeline import Compilation, compile_source
from sipfo.compiler.whence import Whence
from sipfo.plan.ladder import Attempt, Ladder, Settled
from sipfo.plan.model import Plan, Trunk
from sipfo.plan.scenario import Scenario
from sipfo.verify.simulate import simulate
from sipfo.verify.why.explain import Explanation, explain
from sipfo.verify.why.verdict import Reason, outcome_of

TESTS = Path(__file__).parents[2]
FILES = sorted([*TESTS.glob("cases/*/policy.sipfo"), *TESTS.parent.glob("examples/*.sipfo")])
ANOTHER = "the policy was another then"

POLICY = """\
sipfo 1
listen udp 192.0.2.10:5060
region us { primary 192.76.120.10  secondary 64.16.250.10 }
retry standard {
    failover on 408, 5xx, transport-error
    failover on 486 tagged "D5"
    failover on cause 34
    stop     on 404, 486
    commit   on 180
    otherwise stop
    no-response 4s
}
route east { to sip:198.51.100.10 }
route west { to sip:198.51.100.20 }
carrier northstar { to sip:203.0.113.9  prefixes +44 }
carrier baltic { to sip:203.0.113.25  prefixes +1  number strip 1 prepend "9011" }
trunk acme {
    numbers +131255501, +13125550100 .. +13125550199
    accept  from 203.0.113.0/24
    from    us
    routes  sequential east, west
    retry   standard
    deadline 60s
    on failure forward to +13125550000 via northstar, baltic
}
"""
NUMBER = "+13125550123"
FORWARD = "on failure forward to +13125550000 via northstar, baltic"


def compiled(text: str = POLICY) -> tuple[Plan, Compilation]:
    made = compile_source(text, "policy.sipfo")
    assert made.plan is not None, made.diagnostics
    return made.plan, made


def explained(ladder: Ladder, text: str = POLICY, *, rang: bool = False) -> list[list[str]]:
    """The reasons for the call, each attempt and the result: `words | the policy's text`."""
    plan, made = compiled(text)
    return _shown(_explained(plan, made, plan.trunks[0], NUMBER, ladder, rang), made)


def _explained(
    plan: Plan, made: Compilation, trunk: Trunk, number: str, ladder: Ladder, rang: bool
) -> Explanation:
    assert made.policy is not None
    return explain(plan, Whence(made.policy), trunk, number, ladder, rang=rang)


def _shown(why: Explanation, made: Compilation) -> list[list[str]]:
    def shown(reason: Reason) -> str:
        text = made.source.excerpt(reason.place) if reason.place is not None else ""
        return f"{reason.words} | {text}".removesuffix(" | ")

    groups = (why.call, *why.attempts, why.result)
    return [[shown(one) for one in group] for group in groups]


def attempt(egress: str, route: str, outcome: str, **more: object) -> Attempt:
    made = Attempt(egress, route, "udp:198.51.100.10:5060", outcome, 0.0, 0.1)
    return replace(made, **more)  # type: ignore[arg-type] # the tests say what they mean


def ladder(*attempts: Attempt, kind: str = "refused", code: int, by: str | None = None) -> Ladder:
    return Ladder(attempts, Settled(kind, code, by), 1.0)  # type: ignore[arg-type] # as above


def test_the_call_is_the_trunk_s_by_its_narrowest_claim() -> None:
    about, *_ = explained(ladder(attempt("us.primary", "east", "404"), code=404, by="east"))
    assert about == [
        "+13125550123 is trunk acme's | +13125550100 .. +13125550199",
        "its routes are tried as they are listed | east",
        "what ends an attempt is judged by retry standard | standard",
    ]


def test_an_attempt_is_where_it_is_sent_from_where_to_and_the_rule_that_judged_it() -> None:
    first, second = explained(
        ladder(
            attempt("us.primary", "east", "503"),
            attempt("us.primary", "west", "404"),
            code=404,
            by="west",
        )
    )[1:3]
    assert first == [
        "from us.primary | us",
        "us.primary is this address | 192.76.120.10",
        "to route east | east",
        "east leads here | sip:198.51.100.10",
        "503 is 5xx: it fails over | 5xx",
    ]
    assert second == [
        "to route west | west",
        "west leads here | sip:198.51.100.20",
        "404: it stops | 404",
    ]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"outcome": "486"}, "486: it stops | 486"),
        (
            {"outcome": "486", "phrase": "Busy D5"},
            '486 tagged "D5": it fails over | 486 tagged "D5"',
        ),
        (
            {"outcome": "404", "reasons": ("Q.850;cause=34",)},
            "404 has cause 34: it fails over | 34",
        ),
        ({"outcome": "603"}, "603 is in no list: it stops | otherwise stop"),
        ({"outcome": "transport-error"}, "transport-error: it fails over | transport-error"),
        (
            {"outcome": "no-response"},
            "no-response is in no list and counts as 408: it fails over | 408",
        ),
    ],
)
def test_the_most_specific_match_is_named_with_its_place(more: dict[str, str], said: str) -> None:
    one = attempt("us.primary", "east", **more)
    assert said in explained(ladder(one, code=500))[1]


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("no-response", "nothing at all was heard for 4.00 s | 4s"),
        ("no-progress", "100 was heard, and nothing more for 3 min 0 s, the default"),
        ("no-answer", "it rang, and nobody picked up for 3 min 0 s, the default"),
    ],
)
def test_a_timer_is_said_with_its_time_and_place_or_that_it_is_the_default(
    outcome: str, said: str
) -> None:
    assert said in explained(ladder(attempt("us.primary", "east", outcome), code=408))[1]


def test_what_was_passed_over_is_said_and_that_the_record_does_not_say_why() -> None:
    one = explained(ladder(attempt("us.primary", "west", "404"), code=404, by="west"))[1]
    assert one[0].startswith("us.primary to east was passed over: held after a Retry-After, down")


def test_what_was_passed_over_is_said_with_the_reason_that_the_log_had() -> None:
    plan, made = compiled(POLICY)
    assert made.policy is not None
    found = explain(
        *(plan, Whence(made.policy), plan.trunks[0], NUMBER),
        ladder(attempt("us.primary", "west", "404"), code=404, by="west"),
        rang=False,
        notes=["us.secondary to east skipped: full", "us.primary to east skipped: down"],
    )
    assert found.attempts[0][0].words == "us.primary to east was passed over: down"


def test_a_second_target_of_one_destination_is_rfc_3263_s_doing() -> None:
    two = explained(
        ladder(
            attempt("us.primary", "east", "503"),
            attempt("us.primary", "east", "404"),
            code=404,
            by="east",
        )
    )[2]
    assert two == [
        "the next target of the same destination (RFC 3263 §4.3)",
        "404: it stops | 404",
    ]


def test_the_next_instance_of_a_registrar_and_the_next_contact_there_are_said() -> None:
    office = """\
registrar office {
    domain   sip.acme.example
    user     alice password secret ALICE_PW
    instance kss-a 192.0.2.20
    instance kss-b 192.0.2.21
}
"""
    text = POLICY.replace("east { to sip:198.51.100.10 }", "east { to registered alice at office }")
    first, again, other = (
        replace(attempt("us.primary", "east", said), level=level)
        for said, level in (("503", "kss-b"), ("503", "kss-b"), ("404", "kss-a"))
    )
    told = explained(ladder(first, again, other, code=404, by="east"), text + office)
    assert told[2][0] == "the next contact that the user registered"
    assert told[3][0] == "the next instance of its registrar, kss-a"


def test_the_first_carrier_is_the_forward_s_and_those_that_take_no_such_number_are_said() -> None:
    failed = [
        attempt(egress, route, "503")
        for egress in ("us.primary", "us.secondary")
        for route in ("east", "west")
    ]
    carrier = attempt("us.primary", "baltic", "200")
    said = explained(ladder(*failed, carrier, kind="answered", code=200, by="baltic"))
    assert said[5] == [
        "from us.primary | us",
        "us.primary is this address | 192.76.120.10",
        f"every route has failed, so the call is forwarded to +13125550000 | {FORWARD}",
        "northstar takes no +13125550000: none of its prefixes begins it | northstar",
        "to carrier baltic | baltic",
        "baltic leads here | sip:203.0.113.25",
        'baltic is sent 901113125550000 | number strip 1 prepend "9011"',
        "200 answers the call",
    ]


def test_a_stop_ends_the_call_and_does_not_forward_it() -> None:
    said = explained(ladder(attempt("us.primary", "east", "404"), code=404, by="east"))[-1]
    assert said == [
        "a stop ends the call: the caller is told that outcome",
        f"a stop does not forward: that starts when every attempt has failed over | {FORWARD}",
    ]


def test_the_best_of_several_outcomes_is_named_and_a_503_leaves_as_500() -> None:
    text = POLICY.replace("    on failure forward to +13125550000 via northstar, baltic\n", "")
    text = "\n".join(line for line in text.split("\n") if not line.startswith("carrier"))
    outcomes = ("500", "503", "503", "503")
    tried = [
        attempt(egress, route, outcome)
        for (egress, route), outcome in zip(
            [(e, r) for e in ("us.primary", "us.secondary") for r in ("east", "west")],
            outcomes,
            strict=True,
        )
    ]
    best = "the best of 4 outcomes: 503 of attempt 4 (RFC 3261 §16.7)"
    assert explained(ladder(*tried, code=500, by="west"), text)[-1] == [
        f"nothing is left to try, and the caller is told {best}",
        "503 leaves as 500 (RFC 3261 §16.7)",
    ]


def test_after_a_commit_nothing_is_tried_and_the_commit_is_shown() -> None:
    one = ladder(attempt("us.primary", "east", "503"), code=500, by="east")
    assert explained(one, rang=True)[-1] == [
        "failover had ended before: the caller had heard of an alerted phone | 180",
        "503 leaves as 500 (RFC 3261 §16.7)",
    ]


def test_the_deadline_has_its_line() -> None:
    said = explained(ladder(attempt("us.primary", "east", "deadline"), code=408))
    assert said[1][-1] == said[-1][0] == "the deadline of the set-up was over | 60s"


def test_a_caller_that_gave_up_is_said() -> None:
    said = explained(ladder(attempt("us.primary", "east", "cancelled"), kind="cancelled", code=487))
    assert said[1][-1] == "the caller gave up, so the attempt was taken back"
    assert said[-1] == ["the caller gave up before anybody answered"]


def test_what_does_not_fit_the_policy_of_today_is_said_to_be_of_another() -> None:
    said = explained(
        ladder(
            attempt("us.primary", "east", "404"),
            attempt("us.primary", "gone", "503"),
            code=502,
            by="gone",
        )
    )
    assert ANOTHER in said[1][-1]
    assert "gone has no place in this trunk's order as the policy is now" in said[2]
    assert ANOTHER in said[-1][-1]


def test_an_outcome_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        outcome_of(attempt("us.primary", "east", "rubbish"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_what_the_machine_does_is_never_explained_by_another_policy(file: Path) -> None:
    made = compile_source(file.read_bytes(), file.name)
    if made.plan is None:
        return
    trunks = {one.name: one for one in made.plan.trunks}
    for scenario in made.scenarios:
        one = simulate(made.plan, scenario)
        rang = _rings(scenario)
        why = _explained(made.plan, made, trunks[scenario.trunk], scenario.number, one, rang)
        said = [line for group in _shown(why, made) for line in group]
        assert not [line for line in said if ANOTHER in line or "no place" in line], one
        assert len(why.attempts) == len(one.attempts)
        assert all(why.attempts)
        assert why.result


def _rings(scenario: Scenario) -> bool:
    replies = [reply for one in scenario.behaviours for reply in one.replies]
    return any(100 < reply.status < 200 for reply in replies)
