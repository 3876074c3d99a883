"""Pairs of plans that differ in one place or in names alone, and outside worlds to try them in.

A world is told in places and not in names, so that the same world can be played under both plans.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar

from hypothesis import strategies as st

from sipfo.plan.model import (
    Accept,
    AnyNumber,
    Carrier,
    Commit,
    CommitOn,
    CommitOnCode,
    Credential,
    Egress,
    Forward,
    Instance,
    Listen,
    Match,
    NumberPrefix,
    NumberRange,
    Numbers,
    OnCause,
    OnCode,
    OnLocal,
    OnRange,
    OnTag,
    Part,
    Plan,
    Registered,
    Registrar,
    Retry,
    Route,
    Rule,
    Shaping,
    Trunk,
    Verdict,
)
from sipfo.plan.numbering import Numbering
from sipfo.plan.order import Order, Step, turn
from sipfo.plan.scenario import Behaviour, Holder, Reply, Scenario
from sipfo.verify.diff.played import Played, play
from sipfo.verify.simulate import turned

T = TypeVar("T")
P = TypeVar("P", bound=Part)

CODES = (302, 404, 408, 480, 484, 486, 500, 503, 504, 600, 603)
TAGS = ("D5", "D5 x", "D56", "Busy", "Z")
CAUSES = (17, 34, 38)
TIMERS = (0.05, 1.0, 2.0, 5.0)
DEADLINES = (None, None, 0.1, 0.3, 1.0, 3.0, 7.0, 20.0)
DELAYS = (0.0, 0.05, 0.1, 0.3, 0.99, 1.0, 1.9, 2.0, 4.5, 7.0)
NUMBERS = ("+1312", "+13125550100", "+13125550199", "+13125550200", "+4420", "+442079460000", "+7")
NETWORKS = ("203.0.113.0/24", "203.0.113.0/25", "203.0.113.128/25", "0.0.0.0/0", "::/0")

matches: st.SearchStrategy[Match] = st.one_of(
    st.builds(OnCode, code=st.sampled_from(CODES)),
    st.sampled_from(
        [
            OnRange(first=500, last=599),
            OnRange(first=400, last=499),
            OnRange(first=300, last=699),
            OnRange(first=480, last=503),
        ]
    ),
    st.builds(
        OnLocal,
        outcome=st.sampled_from(("transport-error", "no-response", "no-progress", "no-answer")),
    ),
    st.builds(OnTag, code=st.sampled_from((486, 503)), tag=st.sampled_from(TAGS)),
    st.builds(OnCause, cause=st.sampled_from(CAUSES)),
)
verdicts: st.SearchStrategy[Verdict] = st.sampled_from(("failover", "failover", "stop"))
methods: st.SearchStrategy[Literal["sequential", "round-robin", "weighted"]] = st.sampled_from(
    ("sequential", "sequential", "round-robin", "weighted")
)
commits: st.SearchStrategy[Commit] = st.one_of(
    st.builds(CommitOnCode, code=st.sampled_from((180, 181, 183))),
    st.builds(CommitOn, point=st.sampled_from(("early-media", "progress", "answer"))),
)
timers = st.sampled_from(TIMERS)
claims: st.SearchStrategy[Numbers] = st.one_of(
    st.builds(NumberPrefix, prefix=st.sampled_from(("+1312", "+1", "+13125550100", "+44"))),
    st.sampled_from(
        [
            NumberRange(first="+13125550100", last="+13125550199"),
            NumberRange(first="+13125550150", last="+13125550200"),
        ]
    ),
    st.just(AnyNumber()),
)
accepts = st.builds(
    Accept,
    networks=st.lists(st.sampled_from(NETWORKS), max_size=3, unique=True).map(tuple),
    credentials=st.lists(
        st.builds(Credential, user=st.sampled_from(("ann", "bob")), secret=st.just("S")),
        max_size=1,
    ).map(tuple),
)


@st.composite
def policies(draw: st.DrawFn, name: str) -> Retry:
    rules = draw(
        st.lists(
            st.builds(Rule, match=matches, verdict=verdicts),
            max_size=6,
            unique_by=lambda rule: rule.match,
        )
    )
    return Retry(
        name=name,
        rules=tuple(rules),
        otherwise=draw(verdicts),
        commit=tuple(draw(st.lists(commits, max_size=2, unique=True))),
        no_response=draw(timers),
        no_progress=draw(timers),
        no_answer=draw(timers),
    )


def places(count: int) -> tuple[Route, ...]:
    """Routes of each kind: an address, a name, a region and a registered user."""
    every = (
        Route(name="plain", destinations=("sip:198.51.100.1",)),
        Route(name="named", destinations=("sip:pbx.example.com",)),
        Route(
            name="both",
            destinations=("sip:198.51.100.3", "sip:198.51.100.4"),
            levels=("primary", "secondary"),
        ),
        Route(
            name="desk",
            destinations=("sip:al@192.0.2.51", "sip:al@192.0.2.52", "sip:al@192.0.2.53"),
            levels=("kss-a", "kss-b", "kss-c"),
            registered=Registered(user="al", registrar="office"),
        ),
        Route(name="spare", destinations=("sip:198.51.100.9",)),
    )
    return every[:count]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A plan with one or two trunks over routes of each kind."""
    routes = places(5)
    carriers = (
        Carrier(name="north", destination="sip:203.0.113.9", prefixes=("+1",)),
        Carrier(name="baltic", destination="sip:203.0.113.10", shaping=Shaping(strip=1)),
    )
    retries = tuple(draw(policies(name)) for name in ("one", "two"))
    listen = Listen(transport="udp", host="192.0.2.10", port=5060)
    egresses = tuple(
        Egress(name=f"us.{name}", host=f"192.0.2.{place}", port=5060)
        for place, name in ((20, "primary"), (21, "secondary"))
    )
    trunks = tuple(draw(_trunks(name)) for name in ("acme", "umbrella")[: draw(st.integers(1, 2))])
    instances = tuple(
        Instance(name=f"kss-{name}", host=f"192.0.2.5{place}", port=5060)
        for place, name in enumerate("abc", 1)
    )
    return Plan(
        listen=(listen,),
        egress=egresses,
        routes=routes,
        registrars=(Registrar(name="office", domain="sip.example", users=(), instances=instances),),
        carriers=carriers,
        retries=retries,
        trunks=trunks,
    )


@st.composite
def _trunks(draw: st.DrawFn, name: str) -> Trunk:
    routes = _some(draw, ("plain", "named", "both", "desk"), 3)
    method = draw(methods)
    forward = Forward(
        number=draw(st.sampled_from(("+13125550000", "+4420"))),
        carriers=_some(draw, ("north", "baltic"), 2),
        egress=draw(st.sampled_from(("us.primary", "us.secondary"))),
    )
    return Trunk(
        name=name,
        numbers=tuple(draw(st.lists(claims, min_size=1, max_size=2))),
        accept=draw(accepts),
        egress=_some(draw, ("us.primary", "us.secondary"), 2),
        method=method,
        routes=routes,
        weights=tuple(draw(st.integers(0, 3)) for _ in routes) if method == "weighted" else (),
        order=draw(st.sampled_from(("source-major", "route-major"))),
        retry=draw(st.sampled_from(("one", "two"))),
        deadline=draw(st.sampled_from(DEADLINES)),
        forward=draw(st.none() | st.just(forward)),
    )


def _some(draw: st.DrawFn, names: Sequence[str], most: int) -> tuple[str, ...]:
    return tuple(draw(st.lists(st.sampled_from(names), min_size=1, max_size=most, unique=True)))


def _with(part: P, **update: Any) -> P:
    """The part with some fields changed, validated once more."""
    return type(part).model_validate(part.model_copy(update=update).model_dump())


def _one_of(draw: st.DrawFn, many: tuple[T, ...], change: Callable[[T], T]) -> tuple[T, ...]:
    place = draw(st.integers(0, len(many) - 1))
    return (*many[:place], change(many[place]), *many[place + 1 :])


@st.composite
def changed(draw: st.DrawFn, plan: Plan) -> Plan:
    """The plan changed in one place."""
    what = draw(
        st.sampled_from(("retry", "retry", "retry", "trunk", "trunk", "route", "carrier", "desk"))
    )
    match what:
        case "retry":
            return _with(plan, retries=_one_of(draw, plan.retries, partial(_retry, draw)))
        case "trunk":
            return _with(plan, trunks=_one_of(draw, plan.trunks, partial(_trunk, draw)))
        case "desk":
            return _instances(draw, plan)
        case "route":
            return _with(plan, routes=_one_of(draw, plan.routes, partial(_route, draw)))
        case _:
            return _with(plan, carriers=_one_of(draw, plan.carriers, partial(_carrier, draw)))


def _retry(draw: st.DrawFn, retry: Retry) -> Retry:
    field = draw(
        st.sampled_from(
            ("rules", "rules", "verdict", "otherwise", "commit", "timer", "timer", "order")
        )
    )
    match field:
        case "verdict" if retry.rules:
            return _with(retry, rules=_one_of(draw, retry.rules, _turned))
        case "order":
            return _with(retry, rules=tuple(draw(st.permutations(retry.rules))))
        case "otherwise":
            return _with(retry, otherwise="stop" if retry.otherwise == "failover" else "failover")
        case "commit":
            return _with(retry, commit=tuple(draw(st.lists(commits, max_size=2, unique=True))))
        case "timer":
            name = draw(st.sampled_from(("no_response", "no_progress", "no_answer")))
            return _with(retry, **{name: draw(timers)})
        case _:
            new = Rule(match=draw(matches), verdict=draw(verdicts))
            return _with(
                retry, rules=(*(one for one in retry.rules if one.match != new.match), new)
            )


def _turned(rule: Rule) -> Rule:
    return Rule(match=rule.match, verdict="stop" if rule.verdict == "failover" else "failover")


def _trunk(draw: st.DrawFn, trunk: Trunk) -> Trunk:
    fields = ("deadline", "order", "egress", "routes", "method", "weights", "forward", "retry")
    match draw(st.sampled_from((*fields, "numbers", "accept", "patience"))):
        case "deadline":
            return _with(trunk, deadline=draw(st.sampled_from(DEADLINES)))
        case "order":
            return _with(trunk, order=draw(st.sampled_from(("source-major", "route-major"))))
        case "egress":
            return _with(trunk, egress=_some(draw, ("us.primary", "us.secondary"), 2))
        case "routes":
            routes = tuple(draw(st.permutations(trunk.routes)))
            return _with(trunk, routes=routes)
        case "method":
            return _with(
                trunk, method=draw(st.sampled_from(("sequential", "round-robin"))), weights=()
            )
        case "weights":
            weights = tuple(draw(st.integers(0, 3)) for _ in trunk.routes)
            return _with(trunk, method="weighted", weights=weights)
        case "forward":
            return _with(trunk, forward=None)
        case "retry":
            return _with(trunk, retry=draw(st.sampled_from(("one", "two"))))
        case "numbers":
            return _with(trunk, numbers=tuple(draw(st.lists(claims, min_size=1, max_size=2))))
        case "accept":
            return _with(trunk, accept=draw(accepts))
        case _:
            return _with(trunk, patience=30.0)


def _route(draw: st.DrawFn, route: Route) -> Route:
    match draw(st.sampled_from(("spelled", "order", "moved", "auth"))):
        case "spelled" if route.name == "plain":
            return _with(route, destinations=("sip:198.51.100.1:5060",))
        case "moved" if route.name in ("plain", "named"):
            return _with(route, destinations=("sip:198.51.100.77",))
        case "auth":
            return _with(route, auth=Credential(user="me", secret="S"))
        case _ if route.name == "both":
            return _with(route, destinations=route.destinations[::-1])
        case _:
            return route


def _instances(draw: st.DrawFn, plan: Plan) -> Plan:
    """The registrar's instances in another order, and the route to its user with them."""
    order = draw(st.permutations(range(3)))
    office, desk = plan.registrars[0], plan.routes[3]
    instances = tuple(office.instances[place] for place in order)
    moved = _with(
        desk,
        destinations=tuple(desk.destinations[place] for place in order),
        levels=tuple(one.name for one in instances),
    )
    return _with(
        plan,
        registrars=(_with(office, instances=instances),),
        routes=(*plan.routes[:3], moved, *plan.routes[4:]),
    )


def _carrier(draw: st.DrawFn, carrier: Carrier) -> Carrier:
    shapings = (None, Shaping(), Shaping(strip=1), Shaping(strip=2, prepend="01"))
    if draw(st.booleans()):
        return _with(carrier, shaping=draw(st.sampled_from(shapings)))
    prefixes = ((), ("+1",), ("+44",), ("+1", "+1312"))
    return _with(carrier, prefixes=draw(st.sampled_from(prefixes)))


@st.composite
def renamed(draw: st.DrawFn, plan: Plan) -> Plan:
    """The plan under other names, declared in another order."""

    def new(name: str) -> str:
        return f"x-{name}"

    def shuffled(many: Sequence[T]) -> tuple[T, ...]:
        return tuple(draw(st.permutations(many)))

    trunks = [
        _with(
            trunk,
            name=new(trunk.name),
            egress=tuple(map(new, trunk.egress)),
            routes=tuple(map(new, trunk.routes)),
            retry=new(trunk.retry),
            forward=trunk.forward
            and _with(
                trunk.forward,
                carriers=tuple(map(new, trunk.forward.carriers)),
                egress=new(trunk.forward.egress),
            ),
        )
        for trunk in plan.trunks
    ]
    return plan.model_copy(
        update={
            "egress": shuffled([_with(one, name=new(one.name)) for one in plan.egress]),
            "routes": shuffled([_with(one, name=new(one.name)) for one in plan.routes]),
            "carriers": shuffled([_with(one, name=new(one.name)) for one in plan.carriers]),
            "retries": shuffled([_with(one, name=new(one.name)) for one in plan.retries]),
            "trunks": tuple(trunks),
        }
    )


replies = st.builds(
    Reply,
    status=st.sampled_from((100, 180, 181, 183, 200, *CODES, *CODES)),
    after=st.sampled_from(DELAYS),
    tag=st.none() | st.none() | st.sampled_from((*TAGS, "D5, D56", "Z, D5")),
    cause=st.none() | st.none() | st.sampled_from(CAUSES),
)


@dataclass(frozen=True)
class World:
    """What each place does with an attempt from each address, which user is where, and how often
    the trunk was called."""

    conduct: Callable[[object], tuple[str, tuple[Reply, ...]]]
    missing: Callable[[object], bool]
    rank: Callable[[object], int]
    calls_before: int
    cancel_after: float | None


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world that decides about a place when it is first asked about it."""
    reaches = st.sampled_from(("replies", "replies", "replies", "replies", "silent", "refuses"))
    conduct: dict[object, tuple[str, tuple[Reply, ...]]] = {}
    missing: dict[object, bool] = {}
    rank: dict[object, int] = {}
    behaviours = st.tuples(reaches, st.lists(replies, min_size=1, max_size=3).map(tuple))

    def ask(known: dict[object, T], about: st.SearchStrategy[T], key: object) -> T:
        if key not in known:
            known[key] = draw(about)
        return known[key]

    return World(
        partial(ask, conduct, behaviours),
        partial(ask, missing, st.sampled_from((False, False, False, True))),
        partial(ask, rank, st.integers(0, 1000)),
        draw(st.integers(0, 5)),
        draw(st.none() | st.none() | st.sampled_from((0.05, 2.5))),
    )


def call(plan: Plan, number: str, world: World) -> Played | None:
    """A call in this world; None when no trunk claims the number."""
    trunk = Numbering(plan).trunk_of(number)
    if trunk is None:
        return None
    order = Order(plan)
    routes = {one.name: one for one in plan.routes}
    drawn: list[str] = []
    if trunk.method == "weighted":
        usual = [trunk.routes[place] for place in turn(trunk)]
        drawn = sorted(usual, key=lambda name: world.rank(("drawn", _spot(routes[name]))))
    scenario = Scenario(
        name="",
        trunk=trunk.name,
        number=number,
        calls_before=world.calls_before,
        drawn=tuple(drawn),
        cancel_after=world.cancel_after,
    )
    steps = order.steps(trunk, number, turned(trunk, scenario))
    hosts = {one.name: one.host for one in plan.egress}
    return play(
        plan,
        scenario.model_copy(
            update={
                "behaviours": tuple(
                    one for step in steps for one in _behaviours(step, hosts[step.egress], world)
                ),
                "holders": tuple(
                    Holder(route=step.route, instance=_holder(step, world))
                    for step in steps
                    if step.registered
                ),
            }
        ),
    )


def _spot(route: Route) -> object:
    return tuple(sorted(uri.removesuffix(":5060") for uri in route.destinations))


def _behaviours(step: Step, host: str, world: World) -> list[Behaviour]:
    named = step.destinations == ("sip:pbx.example.com",)
    if (named or step.registered) and world.missing((host, tuple(sorted(step.destinations)))):
        reach = "unregistered" if step.registered else "unresolvable"
        return [Behaviour.model_validate(_named(step.route, step.egress, reach, ()))]
    found = []
    for place, uri in enumerate(step.destinations):
        route = f"{step.route}.{step.levels[place]}" if step.levels else step.route
        reach, said = world.conduct((host, uri.removesuffix(":5060")))
        found.append(
            Behaviour.model_validate(
                _named(route, step.egress, reach, said if reach == "replies" else ())
            )
        )
    return found


def _named(route: str, egress: str, reach: str, said: tuple[Reply, ...]) -> dict[str, object]:
    return {"route": route, "egress": egress, "reach": reach, "replies": said}


def _holder(step: Step, world: World) -> str:
    best = max(step.destinations, key=lambda uri: world.rank(("holder", uri)))
    return step.levels[step.destinations.index(best)]
