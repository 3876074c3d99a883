"""Small plans, policies and itineraries to reason about by hand."""

from __future__ import annotations

from typing import Literal

from sipfo.plan.hunt import Itinerary
from sipfo.plan.model import (
    Accept,
    AnyNumber,
    Carrier,
    CommitOnCode,
    Egress,
    Forward,
    Instance,
    Listen,
    Match,
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
    Verdict,
)
from sipfo.plan.order import Step
from sipfo.plan.outcome import Judge

DIALLED = "+13125550123"
FORWARDED_TO = "+13125550000"


def policy(
    *rules: tuple[Match, Verdict],
    otherwise: Verdict = "stop",
    commit: tuple[CommitOnCode, ...] = (),
) -> Retry:
    """A retry policy with round timers: 2 s, 8 s and 60 s."""
    return Retry(
        name="standard",
        rules=tuple(Rule(match=match, verdict=verdict) for match, verdict in rules),
        otherwise=otherwise,
        commit=commit,
        no_response=2.0,
        no_progress=8.0,
        no_answer=60.0,
    )


STANDARD = policy(
    (OnCode(code=408), "failover"),
    (OnCode(code=480), "failover"),
    (OnCode(code=503), "failover"),
    (OnCode(code=504), "failover"),
    (OnLocal(outcome="transport-error"), "failover"),
    commit=(CommitOnCode(code=183),),
)
"""The seed's table, but committing on 183, so that a call can ring without being committed."""


def small_plan(
    *,
    egress: int = 2,
    routes: int = 2,
    carriers: int = 0,
    method: Literal["sequential", "round-robin", "weighted"] = "sequential",
    weights: tuple[int, ...] = (),
    order: Literal["source-major", "route-major"] = "source-major",
    instances: int = 0,
    retry: Retry = STANDARD,
    deadline: float | None = None,
) -> Plan:
    """One trunk over `egress` addresses (e0, e1, …), `routes` routes (r0, …) and carriers (c0, …).

    With `instances`, every route is a registered user of a registrar that has so many.
    """
    egresses = tuple(f"e{n}" for n in range(egress))
    names = tuple(f"r{n}" for n in range(routes))
    terminations = tuple(f"c{n}" for n in range(carriers))
    forward = Forward(number=FORWARDED_TO, carriers=terminations, egress="e0") if carriers else None
    trunk = Trunk(
        name="acme",
        numbers=(AnyNumber(),),
        accept=Accept(anyone=True),
        egress=egresses,
        method=method,
        routes=names,
        weights=weights,
        order=order,
        retry=retry.name,
        deadline=deadline,
        forward=forward,
    )
    return Plan(
        listen=(Listen(transport="udp", host="192.0.2.10", port=5060),),
        egress=tuple(Egress(name=name, host="192.0.2.10", port=5060) for name in egresses),
        routes=tuple(
            registered_route(name, instances)
            if instances
            else Route(name=name, destinations=(f"sip:{name}.example",))
            for name in names
        ),
        registrars=(registrar(instances),) if instances else (),
        carriers=tuple(Carrier(name=name, destination=f"sip:{name}") for name in terminations),
        retries=(retry,),
        trunks=(trunk,),
    )


def registrar(instances: int = 3, name: str = "office") -> Registrar:
    """A registrar of alice with `instances` instances: kss-a, kss-b, …"""
    return Registrar(
        name=name,
        domain="sip.acme.example",
        users=(RegisteredUser(name="alice", secret="ALICE_PW"),),
        instances=tuple(
            Instance(name=f"kss-{letter}", host=f"192.0.2.{place}", port=5060)
            for place, letter in enumerate("abc"[:instances], 20)
        ),
    )


def registered_route(name: str, instances: int = 3) -> Route:
    """A route to alice, wherever she is registered at the office."""
    office = registrar(instances)
    return Route(
        name=name,
        destinations=tuple(f"sip:alice@{one.host}" for one in office.instances),
        levels=tuple(one.name for one in office.instances),
        registered=Registered(user="alice", registrar=office.name),
    )


def path(
    *routes: str, retry: Retry = STANDARD, deadline: float | None = None, registered: bool = False
) -> Itinerary:
    """An itinerary over these routes from one egress; each a registered user, or none."""
    steps = tuple(
        Step("e0", route, DIALLED, (f"sip:{route}",), registered=registered) for route in routes
    )
    return Itinerary(steps, Judge(retry), deadline)
