"""The seed document's policy as a plan: two addresses, two routes, its table of codes, carriers."""

from __future__ import annotations

from typing import Literal

from sipfo.plan.model import (
    Accept,
    Carrier,
    CommitOnCode,
    Egress,
    Forward,
    Instance,
    Listen,
    NumberPrefix,
    OnCode,
    OnLocal,
    Plan,
    Registered,
    RegisteredUser,
    Registrar,
    Retry,
    Route,
    Rule,
    Trunk,
)
from sipfo.plan.scenario import Behaviour, Holder, Reach, Reply, Scenario

FAILOVER_CODES = (408, 480, 503, 504)
STOP_CODES = (404, 486, 603)
NUMBER = "+13125550123"
FORWARD = "+13125550000"
EGRESS = ("us.primary", "us.secondary")

RETRY = Retry(
    name="standard",
    rules=(
        *(Rule(match=OnCode(code=code), verdict="failover") for code in FAILOVER_CODES),
        Rule(match=OnLocal(outcome="transport-error"), verdict="failover"),
        *(Rule(match=OnCode(code=code), verdict="stop") for code in STOP_CODES),
    ),
    otherwise="stop",
    commit=(CommitOnCode(code=180),),
    no_response=2.0,
    no_progress=4.0,
    no_answer=60.0,
)


def plan(
    routes: tuple[str, ...] = ("pbx-east", "pbx-west"),
    *,
    round_robin: bool = False,
    weights: tuple[int, ...] = (),
    order: Literal["source-major", "route-major"] = "source-major",
    carriers: tuple[str, ...] = (),
    deadline: float | None = None,
    retry: Retry = RETRY,
) -> Plan:
    """The seed's plan, with as many routes and carriers as named."""
    return Plan(
        listen=(Listen(transport="udp", host="192.0.2.10", port=5060),),
        egress=(
            Egress(name="us.primary", host="192.76.120.10", port=5060),
            Egress(name="us.secondary", host="64.16.250.10", port=5060),
        ),
        routes=tuple(
            Route(name=name, destinations=(f"sip:198.51.100.{place}",))
            for place, name in enumerate(routes, 10)
        ),
        carriers=tuple(
            Carrier(name=name, destination=f"sip:203.0.113.{place}")
            for place, name in enumerate(carriers, 10)
        ),
        retries=(retry,),
        trunks=(
            Trunk(
                name="acme",
                numbers=(NumberPrefix(prefix="+1312555"),),
                accept=Accept(networks=("192.0.2.128/25",)),
                egress=EGRESS,
                method="weighted" if weights else "round-robin" if round_robin else "sequential",
                routes=routes,
                weights=weights,
                order=order,
                retry=retry.name,
                deadline=deadline,
                forward=Forward(number=FORWARD, carriers=carriers, egress="us.primary")
                if carriers
                else None,
            ),
        ),
    )


TELNYX = Route(
    name="telnyx",
    destinations=("sip:192.0.2.80", "sip:192.0.2.81"),
    levels=("primary", "secondary"),
)
"""A route to a region."""

OFFICE = Registrar(
    name="office",
    domain="sip.acme.example",
    users=(RegisteredUser(name="alice", secret="ALICE_PW"),),
    instances=(
        Instance(name="kss-a", host="192.0.2.20", port=5060),
        Instance(name="kss-b", host="192.0.2.21", port=5070),
        Instance(name="kss-c", host="2001:db8::20", port=5060),
    ),
)
DESK = Route(
    name="desk",
    destinations=(
        "sip:alice@192.0.2.20",
        "sip:alice@192.0.2.21:5070",
        "sip:alice@[2001:db8::20]",
    ),
    levels=("kss-a", "kss-b", "kss-c"),
    registered=Registered(user="alice", registrar="office"),
)
"""A route to a registered user."""


def plan_to(*routes: Route, retry: Retry = RETRY, deadline: float | None = None) -> Plan:
    """The seed's plan, with these routes."""
    usual = plan(tuple(route.name for route in routes), retry=retry, deadline=deadline)
    return Plan.model_validate({**usual.model_dump(), "routes": routes, "registrars": (OFFICE,)})


def does(
    route: str,
    *replies: int | tuple[int, float] | Reply,
    egress: str | None = None,
    reach: Reach = "replies",
) -> Behaviour:
    """A behaviour: status codes, (status code, seconds after the one before), or replies."""
    return Behaviour(
        route=route,
        egress=egress,
        reach=reach,
        replies=tuple(_reply(reply) for reply in replies),
    )


def _reply(reply: int | tuple[int, float] | Reply) -> Reply:
    match reply:
        case Reply():
            return reply
        case int():
            return Reply(status=reply)
        case (status, after):
            return Reply(status=status, after=after)


def call(
    *behaviours: Behaviour,
    calls_before: int = 0,
    drawn: tuple[str, ...] = (),
    holders: tuple[Holder, ...] = (),
    cancel_after: float | None = None,
) -> Scenario:
    """A call to the seed's trunk, of which nothing is expected."""
    return Scenario(
        name="a call",
        trunk="acme",
        number=NUMBER,
        calls_before=calls_before,
        drawn=drawn,
        holders=holders,
        behaviours=behaviours,
        cancel_after=cancel_after,
    )
