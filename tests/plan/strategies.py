"""Plans, itineraries and outcomes as hypothesis draws them.

What would surprise: codes, tags and causes come from a short list, so that the rules of a drawn
policy and the responses of a drawn call often meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from hypothesis import strategies as st

from plan.samples import DIALLED, small_plan
from sipfo.plan.hunt import Itinerary, itinerary
from sipfo.plan.model import (
    Accept,
    AnyNumber,
    Carrier,
    CommitOn,
    CommitOnCode,
    Egress,
    Forward,
    Listen,
    LocalOutcome,
    NumberPrefix,
    NumberRange,
    OnCause,
    OnCode,
    OnLocal,
    OnRange,
    OnTag,
    Plan,
    Retry,
    Route,
    Rule,
    Timer,
    Trunk,
    Verdict,
)
from sipfo.plan.outcome import TRANSPORT_ERROR, Final, Outcome, timed_out

CODES = (302, 401, 404, 408, 480, 484, 486, 500, 503, 504, 600, 603)
CAUSES = (17, 34, 38, 41)
TAGS = ("D5", "D56", "busy")
TIMERS: tuple[Timer, ...] = get_args(Timer)
PHRASES = ("", "Busy Here", "Busy Here D5", "D56", "not-D5.", "busy (D5)")
REASONS = ('Q.850;cause=34;text="D5"', 'SIP;cause=200;text="D56"', "Q.850;cause=17")

EGRESSES = ("us.primary", "us.secondary", "listen")
ROUTES = ("pbx-east", "pbx-west", "_desk", "to")
CARRIERS = ("northstar", "baltic", "c.3")
POLICIES = ("standard", "strict")
TRUNKS = ("acme", "umbrella")

codes = st.sampled_from(CODES)
provisionals = st.sampled_from((100, 180, 181, 183, 199))
verdicts: st.SearchStrategy[Verdict] = st.sampled_from(("failover", "stop"))
seconds = st.floats(min_value=0, max_value=86400, exclude_min=True)
telephone_numbers = st.text("0123456789", min_size=1, max_size=15).map("+".__add__)
texts = st.text(max_size=12)
addresses = st.ip_addresses().map(str)
uris = st.sampled_from(
    ("sip:pbx.example.com", "sip:198.51.100.20:5060;transport=tcp", "sip:[2001:db8::1]:5070")
)
hosts = st.ip_addresses().map(str)
uris = st.text("abc+019.-_@:;=[]%", min_size=1, max_size=12).map("sip:".__add__)
networks = st.sampled_from(("203.0.113.0/24", "2001:db8::/32"))
accepts = st.builds(
    Accept, anyone=st.booleans(), networks=st.lists(networks, max_size=2, unique=True).map(tuple)
)

finals = st.builds(
    Final,
    codes,
    st.sampled_from(PHRASES),
    st.lists(st.sampled_from(REASONS), max_size=2).map(tuple),
    st.lists(st.sampled_from((16, *CAUSES)), max_size=2).map(tuple),
)
outcomes = st.one_of(
    finals.map(lambda final: Outcome("response", final)),
    st.sampled_from(TIMERS).map(timed_out),
    st.just(TRANSPORT_ERROR),
)

ranges = (
    st.lists(codes | st.integers(300, 699), min_size=2, max_size=2)
    .map(sorted)
    .map(lambda ends: OnRange(first=ends[0], last=ends[1]))
)
matches = st.one_of(
    st.builds(OnLocal, outcome=st.sampled_from(get_args(LocalOutcome))),
    st.builds(OnCode, code=codes),
    ranges,
    st.builds(OnTag, code=codes, tag=st.sampled_from(TAGS)),
    st.builds(OnCause, cause=st.sampled_from(CAUSES)),
)


def _claim(rule: Rule) -> object:
    """What at most one rule of a drawn policy says: no match twice, one tag for each code."""
    match = rule.match
    return ("tagged", match.code) if isinstance(match, OnTag) else match


def retries(
    name: str = "standard", verdicts: st.SearchStrategy[Verdict] = verdicts
) -> st.SearchStrategy[Retry]:
    """Retry policies in which no two rules contradict each other."""
    points = st.sampled_from(("early-media", "progress", "answer"))
    return st.builds(
        Retry,
        name=st.just(name),
        rules=st.lists(
            st.builds(Rule, match=matches, verdict=verdicts), max_size=6, unique_by=_claim
        ).map(tuple),
        otherwise=verdicts,
        commit=st.lists(
            st.builds(CommitOnCode, code=st.sampled_from((180, 183)))
            | st.builds(CommitOn, point=points),
            max_size=2,
            unique=True,
        ).map(tuple),
        no_response=seconds,
        no_progress=seconds,
        no_answer=seconds,
    )


claims = st.one_of(
    st.lists(st.text("0123456789", min_size=4, max_size=4), min_size=2, max_size=2)
    .map(sorted)
    .map(lambda ends: NumberRange(first=f"+1312555{ends[0]}", last=f"+1312555{ends[1]}")),
    st.builds(NumberPrefix, prefix=telephone_numbers),
    st.just(AnyNumber()),
)


@st.composite
def _trunks(
    draw: st.DrawFn,
    name: str,
    egress: list[str],
    routes: list[str],
    carriers: list[str],
    policies: list[str],
) -> Trunk:
    forward, forwards = None, draw(st.booleans())
    if forwards and carriers:
        forward = Forward(
            number=draw(st.sampled_from(("+13125550000", "+4420"))),
            carriers=_some(draw, carriers),
            egress=draw(st.sampled_from(egress)),
        )
    return Trunk(
        name=name,
        numbers=tuple(draw(st.lists(claims, min_size=1, max_size=3))),
        accept=draw(accepts),
        egress=_some(draw, egress),
        method=draw(st.sampled_from(("sequential", "round-robin"))),
        routes=_some(draw, routes),
        retry=draw(st.sampled_from(policies)),
        deadline=draw(st.none() | seconds),
        forward=forward,
    )


def _some(draw: st.DrawFn, names: Sequence[str]) -> tuple[str, ...]:
    """One name at least, in any order, none twice."""
    return tuple(draw(st.lists(st.sampled_from(names), min_size=1, unique=True)))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Whole plans: any combination of egresses, routes, carriers, policies and trunks."""
    egress = list(_some(draw, EGRESSES))
    routes = list(_some(draw, ROUTES))
    carriers = draw(st.lists(st.sampled_from(CARRIERS), unique=True))
    policies = list(_some(draw, POLICIES))
    ports = st.integers(1, 65535)
    transports = st.sampled_from(("udp", "tcp"))
    listen = st.builds(Listen, transport=transports, host=hosts, port=ports)
    destinations = st.lists(uris, min_size=1, max_size=2).map(tuple)
    prefixes = st.lists(st.sampled_from(("+1", "+1312", "+44")), max_size=2, unique=True).map(tuple)
    return Plan(
        listen=tuple(draw(st.lists(listen, min_size=1, max_size=2))),
        egress=tuple(Egress(name=name, host=draw(hosts), port=draw(ports)) for name in egress),
        routes=tuple(Route(name=name, destinations=draw(destinations)) for name in routes),
        carriers=tuple(
            Carrier(name=name, destination=draw(uris), prefixes=draw(prefixes)) for name in carriers
        ),
        retries=tuple(draw(retries(name)) for name in policies),
        trunks=tuple(
            draw(_trunks(name, egress, routes, carriers, policies)) for name in _some(draw, TRUNKS)
        ),
    )


@st.composite
def itineraries(draw: st.DrawFn) -> Itinerary:
    """What a call follows: every shape of steps, with a policy drawn for itself."""
    plan = small_plan(
        egress=draw(st.integers(1, 2)),
        routes=draw(st.integers(1, 3)),
        carriers=draw(st.integers(0, 2)),
        method=draw(st.sampled_from(("sequential", "round-robin"))),
        retry=draw(retries() | retries(verdicts=st.just("failover"))),
        deadline=draw(st.none() | st.just(20.0)),
    )
    return itinerary(plan, plan.trunks[0], DIALLED, draw(st.integers(0, 5)))
