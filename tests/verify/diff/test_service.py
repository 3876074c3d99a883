"""What is seen on the wire in no single call is told apart from calls."""

from __future__ import annotations

from typing import Any

import pytest

from sipfo.plan.model import (
    Accept,
    Cluster,
    Credential,
    Instance,
    Limit,
    Listen,
    Member,
    Plan,
    Probe,
    RegisteredUser,
    Registrar,
)
from sipfo.verify.diff.compare import compare
from verify.seed import plan

ONE = Listen(transport="udp", host="192.0.2.10", port=5060)
TWO = Listen(transport="tcp", host="192.0.2.10", port=5060)


def with_trunk(**update: Any) -> Plan:
    base = plan()
    return base.model_copy(update={"trunks": (base.trunks[0].model_copy(update=update),)})


def with_route(**update: Any) -> Plan:
    base = plan()
    first = base.routes[0].model_copy(update=update)
    return base.model_copy(update={"routes": (first, *base.routes[1:])})


def cluster(host: str) -> Plan:
    """A plan of two machines; the second listens on this address."""
    usual = plan()
    sends = tuple(one.host for one in usual.egress)
    listens = [tuple(one.host for one in usual.listen), tuple(host for _ in usual.listen)]
    members = tuple(
        Member(name=name, host=f"10.0.0.{n}", port=5066, listen=listen, egress=sends)
        for n, (name, listen) in enumerate(zip("ab", listens, strict=True), 1)
    )
    return usual.model_copy(update={"cluster": Cluster(name="edge", members=members)})


def registrar(*users: str, secret: str = "S", instances: int = 1) -> Plan:
    made = Registrar(
        name="office",
        domain="sip.example",
        users=tuple(RegisteredUser(name=user, secret=secret) for user in users),
        instances=tuple(
            Instance(name=f"i{place}", host=f"192.0.2.{place}", port=5060)
            for place in range(1, instances + 1)
        ),
    )
    return plan().model_copy(update={"registrars": (made,)})


def accepting(secret: str) -> Plan:
    return with_trunk(accept=Accept(credentials=(Credential(user="ann", secret=secret),)))


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            plan(),
            plan().model_copy(update={"listen": (ONE, TWO)}),
            "now listens on tcp 192.0.2.10:5060",
        ),
        (
            plan().model_copy(update={"listen": (ONE, TWO)}),
            plan(),
            "no longer listens on tcp 192.0.2.10:5060",
        ),
        (registrar("al"), plan(), "registrar of sip.example is gone"),
        (plan(), cluster("192.0.2.11"), "cluster edge is new"),
        (cluster("192.0.2.11"), plan(), "cluster edge is gone"),
        (
            cluster("192.0.2.11"),
            cluster("192.0.2.12"),
            "other members, or other addresses of them, of cluster edge",
        ),
        (registrar("al"), registrar("al", "bo"), "bo may now register at sip.example"),
        (
            registrar("al"),
            registrar("al", secret="T"),
            "al registers at sip.example with secret T, S before",
        ),
        (
            registrar("al"),
            registrar("al", instances=2),
            "other instances, or in another order, of the registrar of sip.example",
        ),
        (
            plan(),
            with_trunk(limit=Limit(calls=5)),
            "trunk acme: at most 5 calls, no limit before",
        ),
        (
            plan(),
            with_route(probe=Probe(every=30.0, down_after=3, up_after=2)),
            "pbx-east: probe every 30.00 s, down after 3, up after 2, no probe before",
        ),
        (
            plan(),
            with_trunk(trusted=True),
            "trunk acme: trusted with identities, not trusted before",
        ),
        (
            with_route(trusted=True),
            plan(),
            "pbx-east: not trusted, trusted with identities before",
        ),
        (
            with_route(auth=Credential(user="me", secret="A")),
            with_route(auth=Credential(user="me", secret="B")),
            "pbx-east: secret B, A before",
        ),
        (accepting("A"), accepting("B"), "trunk acme: ann is known by secret B, A before"),
    ],
)
def test_each_change_of_the_service_is_one_line(old: Plan, new: Plan, line: str) -> None:
    difference = compare(old, new)
    assert difference.service == (line,)
    assert not difference.calls_change


def test_another_digest_user_is_another_call() -> None:
    new = with_route(auth=Credential(user="me", secret="A"))
    assert compare(plan(), new).calls_change


def test_the_other_order_of_listening_is_no_change() -> None:
    both = plan().model_copy(update={"listen": (ONE, TWO)})
    assert compare(both, both.model_copy(update={"listen": (TWO, ONE)})).same
