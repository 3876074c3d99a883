"""Policies and behaviours as hypothesis draws them for real sockets: quick, and with a clear outcome.

What would surprise: a case is drawn only if its ladder stays the same when every timer is a little
longer or shorter. What two machines do about a race is no disagreement.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from hypothesis import assume, reject
from hypothesis import strategies as st

from plan.strategies import CAUSES, CODES, METHODS, ORDERS, matches
from sipfo.plan.ladder import Ladder
from sipfo.plan.model import (
    Accept,
    AnyNumber,
    Carrier,
    CommitOn,
    CommitOnCode,
    Egress,
    Forward,
    Listen,
    OnTag,
    Plan,
    Retry,
    Route,
    Rule,
    Shaping,
    Transport,
    Trunk,
    Verdict,
)
from sipfo.plan.scenario import Behaviour, Reach, Reply, Scenario
from sipfo.verify.lab.stage import CannotPlay, set_stage
from sipfo.verify.simulate import simulate

DIALLED = "+13125550123"
FORWARDED_TO = "+13125550000"

SLACK = 0.3
"""Seconds by which timers may be off without another outcome."""

LONGEST = 6.0
"""Seconds that a drawn call may take."""

_TIMERS = st.sampled_from((0.8, 1.2, 1.6))
_DELAYS = st.sampled_from((0.1, 0.1, 0.2, 0.5, 1.0, 2.0))
_TAGS = st.sampled_from((None, None, "D5", "D56"))
_MOSTLY_UDP: st.SearchStrategy[Transport] = st.sampled_from(("udp", "udp", "tcp"))
_OFTEN = st.sampled_from((True, True, True, False))
_SELDOM = st.sampled_from((False, False, False, True))

_replies = st.builds(
    Reply,
    status=st.sampled_from((*CODES, 408, 480, 503, 200)),
    after=_DELAYS,
    tag=_TAGS,
    cause=st.none() | st.sampled_from(CAUSES),
)
_provisionals = st.builds(Reply, status=st.sampled_from((100, 100, 180, 181, 183)), after=_DELAYS)


@dataclass(frozen=True)
class Case:
    """A plan and a call on it."""

    plan: Plan
    scenario: Scenario

    @property
    def model(self) -> Ladder:
        return simulate(self.plan, self.scenario)


@st.composite
def retries(draw: st.DrawFn) -> Retry:
    """Retry policies of quick timers that fail over more often than not."""
    often: st.SearchStrategy[Verdict] = st.sampled_from(("failover", "failover", "stop"))
    rules = st.lists(
        st.builds(Rule, match=matches, verdict=often),
        max_size=6,
        unique_by=lambda rule: (
            ("tagged", rule.match.code) if isinstance(rule.match, OnTag) else rule.match
        ),
    )
    points = st.sampled_from(("early-media", "progress", "answer"))
    commits = st.lists(
        st.builds(CommitOnCode, code=st.sampled_from((180, 183)))
        | st.builds(CommitOn, point=points),
        max_size=1,
    )
    return Retry(
        name="standard",
        rules=tuple(draw(rules)),
        otherwise=draw(often),
        commit=tuple(draw(commits)),
        no_response=draw(_TIMERS),
        no_progress=draw(_TIMERS),
        no_answer=draw(_TIMERS),
    )


@st.composite
def _uris(draw: st.DrawFn, name: str, place: int) -> str:
    """A place of its own: IPv4, IPv6 or a name, over UDP or TCP."""
    host = draw(
        st.sampled_from(
            (
                f"198.51.100.{place}",
                f"198.51.100.{place}",
                f"[2001:db8:1::{place}]",
                f"{name}.example.com",
            )
        )
    )
    port = draw(st.sampled_from(("", "", ":5070")))
    transport = draw(st.sampled_from(("", "", ";transport=tcp")))
    return f"sip:{host}{port}{transport}"


@st.composite
def plans(draw: st.DrawFn, number_of_routes: int, number_of_carriers: int) -> Plan:
    """One trunk; egresses of both families, since a destination may be of either."""
    names = [f"r{place}" for place in range(number_of_routes)]
    routes = []
    for place, name in enumerate(names):
        levels: tuple[str, ...] = ()
        destinations: tuple[str, ...] = (draw(_uris(name, 10 + place)),)
        if draw(_SELDOM):
            levels = ("primary", "secondary")
            destinations = (f"sip:198.51.100.{30 + place}", f"sip:198.51.100.{50 + place}")
        routes.append(Route(name=name, destinations=destinations, levels=levels))
    carriers = [
        Carrier(
            name=f"c{place}",
            destination=f"sip:203.0.113.{10 + place}",
            prefixes=draw(st.sampled_from(((), ("+1",), ("+44",)))),
            shaping=draw(st.none() | st.just(Shaping(strip=1, prepend="011"))),
        )
        for place in range(number_of_carriers)
    ]
    is_v6 = any("[" in one.destinations[0] for one in routes)
    egress = [
        Egress(name=f"e{place}", host=f"2001:db8::{place + 1}" if is_v6 else host, port=5060)
        for place, host in enumerate(("192.0.2.10", "64.16.250.10")[: draw(st.integers(1, 2))])
    ]
    if is_v6:
        assume(all("[" in one.destinations[0] and not one.levels for one in routes))
        carriers = []
    method = draw(st.sampled_from(METHODS))
    retry = draw(retries())
    trunk = Trunk(
        name="acme",
        numbers=(AnyNumber(),),
        accept=Accept(networks=("2001:db8:9::/64" if is_v6 else "192.0.2.128/25",)),
        egress=tuple(one.name for one in egress),
        method=method,
        routes=tuple(names),
        weights=tuple(draw(st.integers(1, 5)) for _ in names) if method == "weighted" else (),
        order=draw(st.sampled_from(ORDERS)),
        retry=retry.name,
        deadline=draw(st.none() | st.sampled_from((1.5, 2.5, 4.0))),
        forward=Forward(
            number=FORWARDED_TO,
            carriers=tuple(one.name for one in carriers),
            egress=egress[0].name,
        )
        if carriers
        else None,
    )
    host = "2001:db8::1" if is_v6 else "192.0.2.10"
    return Plan(
        listen=(Listen(transport=draw(_MOSTLY_UDP), host=host, port=5060),),
        egress=tuple(egress),
        routes=tuple(routes),
        carriers=tuple(carriers),
        retries=(retry,),
        trunks=(trunk,),
    )


@st.composite
def _behaviours(draw: st.DrawFn, name: str, egress: str | None, is_name: bool) -> Behaviour:
    reaches: list[Reach] = ["replies", "replies", "replies", "silent", "refuses"]
    if is_name and egress is None:
        reaches.append("unresolvable")
    reach = draw(st.sampled_from(reaches))
    replies: list[Reply] = []
    if reach == "replies":
        replies = draw(st.lists(_provisionals, max_size=2))
        if draw(_OFTEN) or not replies:
            replies.append(draw(_replies))
    return Behaviour(route=name, egress=egress, reach=reach, replies=tuple(replies))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A plan, and a call that ends soon and is no race."""
    plan = draw(plans(draw(st.integers(1, 3)), draw(st.integers(0, 2))))
    return Case(plan, draw(scenarios(plan)))


@st.composite
def seasons(draw: st.DrawFn) -> tuple[Case, ...]:
    """Several calls on one plan."""
    plan = draw(plans(draw(st.integers(1, 3)), draw(st.integers(0, 2))))
    drawn = draw(st.lists(scenarios(plan), min_size=2, max_size=4))
    return tuple(Case(plan, scenario) for scenario in drawn)


@st.composite
def scenarios(draw: st.DrawFn, plan: Plan) -> Scenario:
    """A call on a plan that ends soon and is no race."""
    behaviours: list[Behaviour] = []
    for route in plan.routes:
        for _ in range(draw(st.sampled_from((0, 1, 1, 2)))):
            is_name = "example" in route.destinations[0]
            level = draw(
                st.sampled_from((route.name, *(f"{route.name}.{one}" for one in route.levels)))
            )
            egress = draw(st.none() | st.sampled_from([one.name for one in plan.egress]))
            behaviours.append(draw(_behaviours(level, egress, is_name)))
    for carrier in plan.carriers:
        if draw(_OFTEN):
            behaviours.append(draw(_behaviours(carrier.name, None, False)))
    scenario = Scenario(
        name="drawn",
        trunk="acme",
        number=DIALLED,
        calls_before=draw(st.integers(0, 4)),
        drawn=(draw(st.sampled_from(plan.trunks[0].routes)),)
        if plan.trunks[0].method == "weighted"
        else (),
        behaviours=tuple(behaviours),
        cancel_after=draw(st.sampled_from((None, None, None, None, 0.6, 1.7))),
    )
    case = Case(plan, scenario)
    assume(case.model.elapsed <= LONGEST)
    assume(is_clear(case))
    try:
        set_stage(plan, plan.trunks[0], scenario)
    except CannotPlay:
        reject()
    return scenario


def is_clear(case: Case) -> bool:
    """Whether a little more or less time makes no other ladder of the call."""
    usual = _shape(case.model)
    return all(
        _shape(Case(_shifted(case.plan, by, late), _cancelled(case.scenario, left)).model) == usual
        for by, late, left in product((-SLACK, 0.0, SLACK), repeat=3)
    )


def _shape(ladder: Ladder) -> object:
    attempts = [(one.egress, one.place, one.outcome) for one in ladder.attempts]
    return attempts, ladder.result


def _shifted(plan: Plan, by: float, late: float) -> Plan:
    retries = [
        one.model_copy(
            update={
                "no_response": one.no_response + by,
                "no_progress": one.no_progress + by,
                "no_answer": one.no_answer + by,
            }
        )
        for one in plan.retries
    ]
    trunks = [
        one.model_copy(update={"deadline": one.deadline and one.deadline + late})
        for one in plan.trunks
    ]
    return plan.model_copy(update={"retries": tuple(retries), "trunks": tuple(trunks)})


def _cancelled(scenario: Scenario, by: float) -> Scenario:
    if scenario.cancel_after is None:
        return scenario
    return scenario.model_copy(update={"cancel_after": scenario.cancel_after + by})
