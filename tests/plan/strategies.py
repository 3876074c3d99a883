"""Plans, itineraries and outcomes as hypothesis draws them.

What would surprise: codes, tags and causes come from a short list, so that the rules of a drawn
policy and the responses of a drawn call often meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from hypothesis import strategies as st

from plan.samples import DIALLED, registered_route, registrar, small_plan
from sipfo.plan.hunt import Itinerary, itinerary
from sipfo.plan.model import (
    Accept,
    AnyNumber,
    Carrier,
    CommitOn,
    CommitOnCode,
    Credential,
    Egress,
    Forward,
    Limit,
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
    Probe,
    Retry,
    Route,
    Rule,
    Shaping,
    Timer,
    Transport,
    Trunk,
    Verdict,
)
from sipfo.plan.order import draw as drawing
from sipfo.plan.outcome import TRANSPORT_ERROR, UNREGISTERED, Final, Outcome, timed_out

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
METHODS: tuple[Literal["sequential", "round-robin", "weighted"], ...] = (
    "sequential",
    "round-robin",
    "weighted",
)
ORDERS: tuple[Literal["source-major", "route-major"], ...] = ("source-major", "route-major")

codes = st.sampled_from(CODES)
provisionals = st.sampled_from((100, 180, 181, 183, 199))
verdicts: st.SearchStrategy[Verdict] = st.sampled_from(("failover", "stop"))
seconds = st.floats(min_value=0, max_value=86400, exclude_min=True)
telephone_numbers = st.text("0123456789", min_size=1, max_size=15).map("+".__add__)
texts = st.text(max_size=12)
addresses = st.ip_addresses().map(str)
hosts = st.ip_addresses().map(str)
uris = st.text("abc+019.-_@:;=[]%", min_size=1, max_size=12).map("sip:".__add__)
networks = st.sampled_from(("203.0.113.0/24", "2001:db8::/32"))
credentials = st.builds(
    Credential, user=st.sampled_from(("acme", "a user", 'q"')), secret=st.just("ACME_PW")
)
accepts = st.builds(
    Accept,
    anyone=st.booleans(),
    networks=st.lists(networks, max_size=2, unique=True).map(tuple),
    credentials=st.lists(credentials, max_size=2).map(tuple),
)
counts = st.integers(1, 1_000_000)
limits = st.builds(Limit, calls=st.none() | counts, per_second=st.none() | counts)
trust: st.SearchStrategy[Literal[True] | None] = st.sampled_from((None, True))
probes = st.builds(Probe, every=seconds, down_after=counts, up_after=counts)
shapings = st.builds(
    Shaping, strip=st.integers(0, 16), prepend=st.text("0123456789ABCDabcd*#+", max_size=6)
)
paths = st.sampled_from(("/etc/sipfo/tls.pem", "tls key.pem", "ü"))
weights = st.integers(0, 5) | st.integers(0, 65535)

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
    st.sampled_from((TRANSPORT_ERROR, UNREGISTERED)),
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
            choice=draw(st.sampled_from(("listed", "cheapest"))),
        )
    chosen, method = _some(draw, routes), draw(st.sampled_from(METHODS))
    return Trunk(
        name=name,
        numbers=tuple(draw(st.lists(claims, min_size=1, max_size=3))),
        accept=draw(accepts),
        egress=_some(draw, egress),
        method=method,
        routes=chosen,
        weights=tuple(draw(weights) for _ in chosen) if method == "weighted" else (),
        order=draw(st.sampled_from(ORDERS)),
        retry=draw(st.sampled_from(policies)),
        deadline=draw(st.none() | seconds),
        patience=draw(st.none() | seconds),
        limit=draw(st.none() | limits),
        trusted=draw(trust),
        forward=forward,
    )


@st.composite
def _routes(draw: st.DrawFn, name: str) -> Route:
    """A URI, two with or without levels, or a registered user."""
    route = registered_route(name)
    if draw(st.integers(0, 3)):
        destinations = tuple(draw(st.lists(uris, min_size=1, max_size=2)))
        levelled = len(destinations) == 2 and draw(st.booleans())
        levels = ("primary", "secondary") if levelled else ()
        route = Route(name=name, destinations=destinations, levels=levels)
    auth, probe = draw(st.none() | credentials), draw(st.none() | probes)
    return route.model_copy(update={"auth": auth, "probe": probe, "trusted": draw(trust)})


@st.composite
def _listens(draw: st.DrawFn) -> Listen:
    """Any transport; a certificate, and perhaps a key, with TLS alone."""
    transport = draw(st.sampled_from(get_args(Transport)))
    is_tls = transport == "tls"
    return Listen(
        transport=transport,
        host=draw(hosts),
        port=draw(st.integers(1, 65535)),
        certificate=draw(paths) if is_tls else None,
        key=draw(st.none() | paths) if is_tls else None,
    )


def _some(draw: st.DrawFn, names: Sequence[str]) -> tuple[str, ...]:
    """One name at least, in any order, none twice."""
    return tuple(draw(st.lists(st.sampled_from(names), min_size=1, unique=True)))


@st.composite
def _carriers(draw: st.DrawFn, name: str) -> Carrier:
    return Carrier(
        name=name,
        destination=draw(uris),
        prefixes=tuple(
            draw(st.lists(st.sampled_from(("+1", "+1312", "+44")), max_size=2, unique=True))
        ),
        cost=draw(st.none() | st.sampled_from(("0", "0.0040", "12.5"))),
        shaping=draw(st.none() | shapings),
        auth=draw(st.none() | credentials),
        limit=draw(st.none() | limits),
        probe=draw(st.none() | probes),
        trusted=draw(trust),
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Whole plans: any combination of egresses, routes, carriers, policies and trunks."""
    egress = list(_some(draw, EGRESSES))
    routes = list(_some(draw, ROUTES))
    carriers = draw(st.lists(st.sampled_from(CARRIERS), unique=True))
    policies = list(_some(draw, POLICIES))
    ports = st.integers(1, 65535)
    return Plan(
        listen=tuple(draw(st.lists(_listens(), min_size=1, max_size=2))),
        egress=tuple(Egress(name=name, host=draw(hosts), port=draw(ports)) for name in egress),
        routes=tuple(draw(_routes(name)) for name in routes),
        registrars=(registrar(),),
        carriers=tuple(draw(_carriers(name)) for name in carriers),
        retries=tuple(draw(retries(name)) for name in policies),
        trunks=tuple(
            draw(_trunks(name, egress, routes, carriers, policies)) for name in _some(draw, TRUNKS)
        ),
    )


@st.composite
def itineraries(draw: st.DrawFn) -> Itinerary:
    """What a call follows: every shape of steps, with a policy drawn for itself."""
    routes, method = draw(st.integers(1, 3)), draw(st.sampled_from(METHODS))
    plan = small_plan(
        egress=draw(st.integers(1, 2)),
        routes=routes,
        carriers=draw(st.integers(0, 2)),
        method=method,
        weights=tuple(draw(weights) for _ in range(routes)) if method == "weighted" else (),
        order=draw(st.sampled_from(ORDERS)),
        instances=draw(st.sampled_from((0, 0, 1, 3))),
        retry=draw(retries() | retries(verdicts=st.just("failover"))),
        deadline=draw(st.none() | st.just(20.0)),
    )
    trunk = plan.trunks[0]
    turned = None
    if method == "weighted":
        turned = drawing(trunk.weights, lambda most: draw(st.integers(0, most)))
    return itinerary(plan, trunk, DIALLED, draw(st.integers(0, 5)), turned)
