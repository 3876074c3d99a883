"""What a plan uses of what some target may not have: all of it, by name, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from plan.samples import registered_route, registrar, small_plan
from plan.strategies import plans
from sipfo.plan.construct import Construct, Usage, usages
from sipfo.plan.model import Plan, Retry
from sipfo.plan.rates import pack

AUTH = {"user": "acme", "secret": "ACME_PW"}
PROBE = {"every": 30.0, "down_after": 3, "up_after": 2}
TLS = {"transport": "tls", "host": "192.0.2.10", "port": 5061, "certificate": "tls.pem"}


PLAIN = Retry(name="plain", rules=(), otherwise="stop")
"""A policy that says nothing that a target may not have."""


def small(**about: Any) -> Plan:
    """A small plan whose destinations are addresses, under the plain policy."""
    document: dict[str, Any] = small_plan(retry=PLAIN, **about).model_dump()
    for route in document["routes"]:
        route["destinations"] = ("sip:192.0.2.1",)
    for carrier in document["carriers"]:
        carrier["destination"] = "sip:192.0.2.2"
    return Plan.model_validate(document)


def edited(kind: str, **changes: object) -> Plan:
    """A small plan with its last part of a kind changed."""
    document: dict[str, Any] = small(carriers=2).model_dump()
    last = {**document[kind][-1], **changes}
    document[kind] = (*document[kind][:-1], last)
    if kind == "routes" and changes.get("registered"):
        document["registrars"] = (registrar().model_dump(),)
    return Plan.model_validate(document)


def clustered() -> Plan:
    """A small plan that two machines carry."""
    members = tuple(
        {"name": name, "host": host, "port": 5060, "listen": (host,), "egress": (host, host)}
        for name, host in (("a", "192.0.2.11"), ("b", "192.0.2.12"))
    )
    cluster = {"name": "edge", "members": members}
    return Plan.model_validate({**small().model_dump(), "cluster": cluster})


def always_forwarding() -> Plan:
    """A small plan whose routes are never tried."""
    document: dict[str, Any] = small(carriers=2).model_dump()
    document["trunks"][0]["forward"]["always"] = True
    return Plan.model_validate(document)


def rated() -> Plan:
    """A small plan whose last carrier has rates."""
    document: dict[str, Any] = small(carriers=2).model_dump()
    document["carriers"][-1]["rates"] = "north.csv"
    document["decks"] = ({"file": "north.csv", "rows": 0, "table": pack(())},)
    return Plan.model_validate(document)


def dialling() -> Plan:
    """A small plan that forwards to the number that was dialled."""
    document: dict[str, Any] = small(carriers=2).model_dump()
    document["trunks"][0]["forward"]["number"] = None
    return Plan.model_validate(document)


ALICE = registered_route("r1").model_dump(include={"destinations", "levels", "registered"})
TO_TLS = "sip:192.0.2.1;transport=tls"
ON_TRANSPORT_ERROR = {
    "match": {"kind": "local", "outcome": "transport-error"},
    "verdict": "failover",
}
ON_CAUSE = {"match": {"kind": "cause", "cause": 34}, "verdict": "failover"}
ON_CAUSE_TOO = {"match": {"kind": "cause", "cause": 41}, "verdict": "failover"}
ON_TAG = {"match": {"kind": "tagged", "code": 486, "tag": "D5"}, "verdict": "failover"}
MEDIA = {"kind": "point", "point": "early-media"}
PROGRESS = {"kind": "point", "point": "progress"}
RINGING = {"kind": "code", "code": 180}
FORWARDED = {"kind": "code", "code": 181}
CASES = {
    Construct.LISTEN_TLS: (edited("listen", **TLS), ""),
    Construct.TO_TLS: (edited("routes", destinations=(TO_TLS,)), "r1"),
    Construct.TO_REGISTERED: (edited("routes", **ALICE), "r1"),
    Construct.ROUTE_AUTH: (edited("routes", auth=AUTH), "r1"),
    Construct.ROUTE_PROBE: (edited("routes", probe=PROBE), "r1"),
    Construct.CARRIER_AUTH: (edited("carriers", auth=AUTH), "c1"),
    Construct.CARRIER_LIMIT: (edited("carriers", limit={"calls": 200}), "c1"),
    Construct.CARRIER_PROBE: (edited("carriers", probe=PROBE), "c1"),
    Construct.CARRIER_RATES: (rated(), "c1"),
    Construct.FORWARD_DIALLED: (dialling(), "acme"),
    Construct.ACCEPT_CREDENTIAL: (edited("trunks", accept={"credentials": (AUTH,)}), "acme"),
    Construct.TRUNK_LIMIT: (edited("trunks", limit={"per_second": 20}), "acme"),
    Construct.TRUSTED: (edited("trunks", trusted=True), "acme"),
    Construct.TO_NAME: (edited("routes", destinations=("sip:r1.example",)), "r1"),
    Construct.ON_CAUSE: (edited("retries", rules=(ON_CAUSE, ON_CAUSE_TOO)), "plain"),
    Construct.ON_TAG: (edited("retries", rules=(ON_TAG,)), "plain"),
    Construct.COMMIT_ON_MEDIA: (edited("retries", commit=(MEDIA,)), "plain"),
    Construct.COMMIT_ON_PROGRESS: (edited("retries", commit=(PROGRESS,)), "plain"),
    Construct.COMMIT_ON_OTHER: (edited("retries", commit=(RINGING, FORWARDED)), "plain"),
    Construct.ON_TRANSPORT_ERROR: (edited("retries", rules=(ON_TRANSPORT_ERROR,)), "plain"),
    Construct.GIVEN_UP: (edited("retries", no_response=31.9), "plain"),
    Construct.CLUSTER: (clustered(), "edge"),
    Construct.ALWAYS_FORWARD: (always_forwarding(), "acme"),
    Construct.SEVERAL_ATTEMPTS: (small(egress=2, routes=7), "acme"),
    Construct.MANY_ATTEMPTS: (small(egress=2, routes=16), "acme"),
}


def test_every_construct_has_its_case() -> None:
    assert set(CASES) == set(Construct)


@pytest.mark.parametrize("construct", Construct, ids=lambda one: one.value)
def test_a_construct_is_found_with_the_name_of_what_uses_it(construct: Construct) -> None:
    plan, name = CASES[construct]
    assert list(usages(plan)) == [Usage(construct, name)]


def test_a_plain_plan_uses_nothing_that_a_target_may_not_have() -> None:
    assert list(usages(small(carriers=2, method="round-robin", deadline=20.0))) == []


def test_tls_to_a_carrier_is_tls_too() -> None:
    plan = edited("carriers", destination=TO_TLS)
    assert list(usages(plan)) == [Usage(Construct.TO_TLS, "c1")]


@pytest.mark.parametrize(("kind", "name"), [("routes", "r1"), ("carriers", "c1")])
def test_trust_in_a_destination_is_found_too(kind: str, name: str) -> None:
    assert list(usages(edited(kind, trusted=True))) == [Usage(Construct.TRUSTED, name)]


def test_one_destination_of_several_is_enough() -> None:
    plan = edited("routes", destinations=("sip:192.0.2.1", TO_TLS))
    assert list(usages(plan)) == [Usage(Construct.TO_TLS, "r1")]


@pytest.mark.parametrize(
    ("uri", "is_tls"),
    [
        ("sip:192.0.2.1;transport=TLS", True),
        ("sip:192.0.2.1;Transport=tls;lr", True),
        ("sip:alice@192.0.2.1:5061;transport=tls?subject=x", True),
        ("sip:192.0.2.1;transport=tcp", False),
        ("sip:192.0.2.1;transport=tls-sctp", False),
        ("sip:transport=tls.example", False),
        ("sip:alice;transport=tls@192.0.2.1", False),
    ],
)
def test_tls_is_what_the_uris_own_parameter_says(uri: str, is_tls: bool) -> None:
    found = list(usages(edited("routes", destinations=(uri,))))
    assert (Usage(Construct.TO_TLS, "r1") in found) is is_tls


@pytest.mark.parametrize(
    ("uri", "is_name"),
    [
        ("sip:example.com", True),
        ("sip:alice@example.com:5060;transport=tcp", True),
        ("sip:192.0.2.1@example.com", True),
        ("sip:192.0.2.1;transport=tcp", False),
        ("sip:example.com@[2001:db8::1]:5060", False),
    ],
)
def test_a_name_is_a_host_that_is_no_address(uri: str, is_name: bool) -> None:
    found = list(usages(edited("routes", destinations=(uri,))))
    assert (Usage(Construct.TO_NAME, "r1") in found) is is_name


def test_a_name_of_a_carrier_is_a_name_too() -> None:
    plan = edited("carriers", destination="sip:carrier.example")
    assert list(usages(plan)) == [Usage(Construct.TO_NAME, "c1")]


def test_twelve_attempts_are_not_several_and_thirty_are_not_many() -> None:
    assert list(usages(small(egress=2, routes=6))) == []
    assert list(usages(small(egress=2, routes=15))) == [Usage(Construct.SEVERAL_ATTEMPTS, "acme")]
    assert list(usages(small(egress=2, routes=15, carriers=1))) == [
        Usage(Construct.MANY_ATTEMPTS, "acme")
    ]


def test_a_policy_that_no_trunk_goes_by_is_not_looked_at() -> None:
    document = small().model_dump()
    unused = PLAIN.model_copy(update={"name": "unused", "no_response": 1.0})
    document["retries"] = (*document["retries"], unused.model_dump())
    assert list(usages(Plan.model_validate(document))) == []


@settings(max_examples=30)
@given(plans())
def test_a_usage_names_a_part_of_the_plan_and_the_order_is_the_plans(plan: Plan) -> None:
    parts = ["", *(one.name for one in plan.routes), *(one.name for one in plan.carriers)]
    parts += [one.name for one in plan.retries] + [one.name for one in plan.trunks]
    places = [parts.index(usage.name) for usage in usages(plan)]
    assert places == sorted(places)
