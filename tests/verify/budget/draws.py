"""Plans of one trunk and calls to it as hypothesis draws them: every method, order, kind of route.

What would surprise: timers are short and few, so that attempts of several outcomes often end at
one instant, and deadlines often fall on it.
"""

from __future__ import annotations

from typing import Literal

from hypothesis import strategies as st

from plan.strategies import retries
from sipfo.plan.model import (
    Accept,
    Carrier,
    Egress,
    Forward,
    Instance,
    Listen,
    NumberPrefix,
    Plan,
    Registered,
    RegisteredUser,
    Registrar,
    Retry,
    Route,
    Trunk,
)
from sipfo.plan.scenario import Behaviour, Holder, Reach, Reply, Scenario

NUMBER = "+13125550123"
TIMERS = st.sampled_from((0.1, 0.5, 2.0, 4.25))
FINALS = (200, 302, 404, 408, 480, 486, 500, 503, 504, 600, 603)
LIMITS = st.sampled_from((None, 0.1, 0.5, 2.0, 6.75, 20.0))

REGISTRAR = Registrar(
    name="office",
    domain="sip.acme.example",
    users=(RegisteredUser(name="alice", secret="ALICE_PW"),),
    instances=tuple(
        Instance(name=f"kss-{letter}", host=f"192.0.2.{place}", port=5060)
        for place, letter in enumerate("abc", 21)
    ),
)
DESK = Route(
    name="desk",
    destinations=tuple(f"sip:alice@{one.host}:{one.port}" for one in REGISTRAR.instances),
    levels=tuple(one.name for one in REGISTRAR.instances),
    registered=Registered(user="alice", registrar="office"),
)
REGION = Route(
    name="provider",
    destinations=("sip:203.0.113.1", "sip:203.0.113.2"),
    levels=("primary", "secondary"),
)
PLAIN = (
    Route(name="a", destinations=("sip:198.51.100.1",)),
    Route(name="b", destinations=("sip:b.example",)),
)
ROUTES = (*PLAIN, REGION, DESK)
CARRIERS = (
    Carrier(name="x", destination="sip:198.51.100.8"),
    Carrier(name="y", destination="sip:y.example"),
)
EGRESSES = ("us.primary", "us.secondary")


@st.composite
def policies(draw: st.DrawFn) -> Retry:
    """Retry policies whose three timers are of the same few lengths."""
    retry = draw(retries())
    timers = {name: draw(TIMERS) for name in ("no_response", "no_progress", "no_answer")}
    return retry.model_copy(update=timers)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """One trunk over any of the routes, from one or two addresses, with or without carriers."""
    names = draw(
        st.lists(st.sampled_from([one.name for one in ROUTES]), min_size=1, max_size=3, unique=True)
    )
    carriers = draw(st.lists(st.sampled_from(("x", "y")), max_size=2, unique=True))
    method: Literal["sequential", "round-robin", "weighted"] = draw(
        st.sampled_from(("sequential", "round-robin", "weighted"))
    )
    retry = draw(policies())
    senders = EGRESSES[: draw(st.integers(1, 2))]
    trunk = Trunk(
        name="acme",
        numbers=(NumberPrefix(prefix="+1312555"),),
        accept=Accept(anyone=True),
        egress=senders,
        method=method,
        routes=tuple(names),
        weights=tuple(draw(st.integers(0, 9)) for _ in names) if method == "weighted" else (),
        order=draw(st.sampled_from(("source-major", "route-major"))),
        retry=retry.name,
        deadline=draw(LIMITS),
        patience=draw(LIMITS),
        forward=Forward(number="+4420", carriers=tuple(carriers), egress="us.primary")
        if carriers
        else None,
    )
    return Plan(
        listen=(Listen(transport="udp", host="192.0.2.10", port=5060),),
        egress=tuple(
            Egress(name=name, host=f"192.0.2.{place}", port=5060)
            for place, name in enumerate(senders, 1)
        ),
        routes=ROUTES,
        registrars=(REGISTRAR,),
        carriers=CARRIERS,
        retries=(retry,),
        trunks=(trunk,),
    )


@st.composite
def _replies(draw: st.DrawFn, retry: Retry) -> tuple[Reply, ...]:
    waits = (0.0, 0.1, retry.no_response, retry.no_progress, retry.no_answer)
    after = st.sampled_from(waits)
    before = draw(st.lists(st.sampled_from((100, 100, 180, 181, 183)), max_size=3))
    final = draw(st.lists(st.sampled_from(FINALS), max_size=1))
    tag = draw(st.none() | st.sampled_from(("D5", "busy")))
    cause = draw(st.none() | st.sampled_from((17, 34)))
    return (
        *(Reply(status=status, after=draw(after)) for status in before),
        *(Reply(status=status, after=draw(after), tag=tag, cause=cause) for status in final),
    )


@st.composite
def _behaviours(draw: st.DrawFn, places: tuple[str, ...], retry: Retry) -> Behaviour:
    reach: Reach = draw(
        st.sampled_from(("replies", "replies", "replies", "silent", "refuses", "unresolvable"))
    )
    return Behaviour(
        route=draw(st.sampled_from(places)),
        egress=draw(st.sampled_from((None, *EGRESSES))),
        reach=reach,
        replies=draw(_replies(retry)) if reach == "replies" else (),
    )


@st.composite
def scenarios(draw: st.DrawFn, plan: Plan) -> Scenario:
    """A call on the plan's trunk in which most destinations do something."""
    trunk, retry = plan.trunks[0], plan.retries[0]
    carriers = trunk.forward.carriers if trunk.forward is not None else ()
    levels = {route.name: route.levels for route in plan.routes}
    places = [
        (name, *(f"{name}.{level}" for level in levels.get(name, ())))
        for name in (*trunk.routes, *carriers)
    ]
    holders = [Holder(route="desk", instance=draw(st.sampled_from(DESK.levels)))]
    drawn = draw(st.permutations(trunk.routes)) if trunk.method == "weighted" else ()
    return Scenario(
        name="a call",
        trunk=trunk.name,
        number=NUMBER,
        calls_before=draw(st.integers(0, 3)) if trunk.method == "round-robin" else 0,
        drawn=tuple(drawn),
        holders=tuple(holders) if "desk" in trunk.routes else (),
        behaviours=tuple(
            draw(_behaviours(names, retry)) for names in places for _ in range(len(names) + 1)
        ),
    )
