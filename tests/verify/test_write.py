"""A written test block compiles to the scenario again; what has no words is refused, never left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.compiler.pipeline import compile_source
from sipfo.plan.scenario import (
    NOMINAL_DELAY,
    Behaviour,
    Holder,
    Reach,
    Reply,
    Scenario,
    SeenAttempt,
    SeenResult,
)
from sipfo.verify.write import Unsayable, scenario_text, seconds_text

POLICY = """\
sipfo 1
listen udp 192.0.2.10:5060
region us { primary 192.76.120.10  secondary 64.16.250.10 }
region far { primary 203.0.113.1  secondary 203.0.113.2 }
retry standard { failover on 503, transport-error  otherwise stop }
registrar office {
    domain sip.acme.example
    user alice password secret ALICE_PW
    instance kss-a 192.0.2.21
    instance kss-b 192.0.2.22
}
route to { to sip:198.51.100.10 }
route pbx { to sip:pbx.example.com }
route there { to region far }
route desk { to registered alice at office }
carrier northstar { to sip:203.0.113.9 }
trunk acme {
    numbers +1312555
    accept  anyone
    from    us
    routes  weighted to 5, pbx 3, there 2, desk 1
    retry   standard
    on failure forward to +4420 via northstar
}
trunk turning {
    numbers +1313555
    accept  anyone
    from    us
    routes  round-robin to, pbx, there, desk
    retry   standard
    on failure forward to +4420 via northstar
}
"""
PLACES = ("to", "pbx", "there", "there.primary", "desk", "desk.kss-b", "northstar")
ROUTES = ("to", "pbx", "there", "desk")
SENDERS = ("us.primary", "us.secondary")
ABSENT: dict[str, Reach] = {"pbx": "unresolvable", "desk": "unregistered"}

delays = st.sampled_from((0.0, NOMINAL_DELAY, 2.0, 62.5, 0.000001, 1.000001)) | st.integers(
    0, 86_400_000_000
).map(lambda micro: micro / 1e6)
titles = st.text("abc é→+:/(),#{}'", max_size=20)
tags = st.none() | st.sampled_from(("D5", "busy # not a comment"))
causes = st.none() | st.integers(1, 127)


def absences(place: str) -> st.SearchStrategy[Reach]:
    """The ways in which a destination may not reply: an address has no name to resolve."""
    return st.sampled_from(("silent", "refuses", ABSENT.get(place, "silent")))


@st.composite
def behaviours(draw: st.DrawFn, place: str, egress: str | None) -> Behaviour:
    if draw(st.booleans()):
        return Behaviour(route=place, egress=egress, reach=draw(absences(place)))
    before = draw(st.lists(st.sampled_from((100, 180, 183)), max_size=3))
    replies = [Reply(status=status, after=draw(delays)) for status in before]
    if not before or draw(st.booleans()):
        status = draw(st.integers(200, 699))
        replies.append(Reply(status=status, after=draw(delays), tag=draw(tags), cause=draw(causes)))
    return Behaviour(route=place, egress=egress, reach="replies", replies=tuple(replies))


@st.composite
def results(draw: st.DrawFn, cancelled: bool) -> SeenResult:
    within = draw(st.none() | delays)
    if cancelled and draw(st.booleans()):
        return SeenResult(kind="cancelled", within=within)
    by = draw(st.none() | st.sampled_from(ROUTES))
    if draw(st.booleans()):
        return SeenResult(kind="answered", by=by, within=within)
    return SeenResult(kind="refused", code=draw(st.integers(300, 699)), by=by, within=within)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    weighted = draw(st.booleans())
    places = draw(
        st.lists(
            st.tuples(st.sampled_from(PLACES), st.sampled_from((None, *SENDERS))).filter(
                lambda place: place != ("northstar", "us.secondary")
            ),
            max_size=5,
            unique=True,
        )
    )
    cancel_after = draw(st.none() | delays)
    outcomes = ("200", "503", "no-response", "transport-error", "deadline")
    attempts = draw(
        st.lists(
            st.builds(
                SeenAttempt,
                egress=st.just("us.primary"),
                route=st.sampled_from(PLACES),
                outcome=st.sampled_from(outcomes),
            ),
            max_size=3,
        )
    )
    instance = draw(st.none() | st.sampled_from(("kss-a", "kss-b")))
    drawn = draw(st.lists(st.sampled_from(ROUTES), unique=True)) if weighted else []
    return Scenario(
        name=draw(titles),
        trunk="acme" if weighted else "turning",
        number="+13125550123" if weighted else "+13135550123",
        calls_before=0 if weighted else draw(st.integers(0, 1_000_000)),
        drawn=tuple(drawn),
        holders=() if instance is None else (Holder(route="desk", instance=instance),),
        behaviours=tuple(draw(behaviours(place, egress)) for place, egress in places),
        cancel_after=cancel_after,
        attempts=tuple(attempts) or None,
        result=draw(results(cancel_after is not None)),
    )


@given(scenarios())
def test_what_is_written_compiles_to_the_scenario_again(scenario: Scenario) -> None:
    compilation = compile_source(POLICY + scenario_text(scenario), "policy.sipfo")
    errors = [one.message for one in compilation.diagnostics if one.severity == "error"]
    assert errors == []
    assert compilation.scenarios == (scenario,)


def test_a_block_reads_as_one_would_write_it() -> None:
    scenario = Scenario(
        name="east is down",
        trunk="acme",
        number="+13125550123",
        drawn=("pbx", "to"),
        holders=(Holder(route="desk", instance="kss-b"),),
        behaviours=(
            Behaviour(route="pbx", egress="us.primary", reach="unresolvable"),
            Behaviour(
                route="to",
                reach="replies",
                replies=(
                    Reply(status=100),
                    Reply(status=180, after=1.5),
                    Reply(status=486, after=0.25, tag="D5", cause=34),
                ),
            ),
        ),
        cancel_after=3.0,
        attempts=(SeenAttempt(egress="us.primary", route="pbx", outcome="transport-error"),),
        result=SeenResult(kind="refused", code=486, by="to", within=2.0),
    )
    assert scenario_text(scenario) == (
        'test "east is down" {\n'
        "    call acme to +13125550123 drawing pbx, to\n"
        "    when desk registered at kss-b\n"
        "    when pbx from us.primary unresolvable\n"
        '    when to trying, rings after 1.5s, answers 486 tagged "D5" cause 34 after 250ms\n'
        "    when caller cancels after 3s\n"
        "    expect us.primary to pbx transport-error\n"
        "    expect refused 486 by to within 2s\n"
        "}\n"
    )


CALL = Scenario(name="a call", trunk="acme", number="+13125550123")


def doing(*replies: Reply, reach: Reach = "replies") -> dict[str, object]:
    return {"behaviours": (Behaviour(route="to", reach=reach, replies=replies),)}


@pytest.mark.parametrize(
    "change",
    [
        {"name": 'a "quote"'},
        {"name": "two\nlines"},
        {"number": "alice"},
        {"calls_before": 1_000_001},
        {"attempts": ()},
        {"result": SeenResult(kind="refused")},
        {"result": SeenResult(kind="cancelled", by="to")},
        doing(Reply(status=181)),
        doing(Reply(status=180, cause=17)),
        doing(Reply(status=486, tag='"')),
        doing(Reply(status=200), reach="silent"),
    ],
)
def test_what_the_language_has_no_words_for_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(Unsayable):
        scenario_text(CALL.model_copy(update=change))


def test_what_makes_no_difference_is_left_out() -> None:
    busy = Behaviour(route="to", reach="replies", replies=(Reply(status=486), Reply(status=200)))
    twice = CALL.model_copy(update={"behaviours": (Behaviour(route="to", reach="silent"), busy)})
    assert "when to answers 486\n" in scenario_text(twice)
    assert "silent" not in scenario_text(twice)
    nothing = CALL.model_copy(update=doing())
    assert "when to silent\n" in scenario_text(nothing)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0s"),
        (0.1, "100ms"),
        (2.0, "2s"),
        (1.5, "1.5s"),
        (0.1 + 0.2, "300ms"),
        (0.0000005, "0s"),
        (1e-6, "0.001ms"),
        (86400.0, "86400s"),
    ],
)
def test_a_time_is_written_in_the_unit_that_suits_it(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_a_limit_is_never_written_shorter_than_it_is() -> None:
    assert seconds_text(1.0000004, up=True) == "1.000001s"
    assert seconds_text(0.1 + 0.2, up=True) == "300ms"
