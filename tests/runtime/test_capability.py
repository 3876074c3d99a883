"""A plan that the runtime cannot carry is refused, with what to write, before anything is opened."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from runtime.world import policy
from sipfo.plan.construct import Construct, Support
from sipfo.plan.model import Credential, Listen, Plan, Route
from sipfo.runtime.capability import (
    APPROXIMATED,
    CAPABILITIES,
    REFUSED,
    CannotServe,
    check_capabilities,
)
from sipfo.runtime.wire import doors
from sipfo.runtime.wire.doors import CannotListen
from sipfo.runtime.wire.server import Server

ACME = Credential(user="acme", secret="ACME_PW")
TLS = Listen(transport="tls", host="192.0.2.10", port=5061, certificate="/etc/sipfo/tls.pem")


@pytest.fixture(autouse=True)
def lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two constructs that are not there, whatever the runtime has learnt meanwhile."""
    how = {
        Construct.LISTEN_TLS: "listen on `udp` or `tcp`",
        Construct.ROUTE_AUTH: "have the route's host accept this host's address",
    }
    for construct, instead in how.items():
        monkeypatch.setitem(REFUSED, construct, instead)
        monkeypatch.setitem(CAPABILITIES, construct, Support("refused", instead))


def with_auth(*names: str) -> Plan:
    """Routes of these names, each with credentials."""
    plan = policy(routes=dict.fromkeys(names, ("sip:198.51.100.10",)))
    routes = tuple(
        Route(name=route.name, destinations=route.destinations, auth=ACME) for route in plan.routes
    )
    return plan.model_copy(update={"routes": routes})


def refusal(plan: Plan) -> str:
    with pytest.raises(CannotServe) as caught:
        check_capabilities(plan)
    return str(caught.value)


def test_every_construct_is_the_same_or_says_how_it_differs_or_what_to_write() -> None:
    assert set(CAPABILITIES) == set(Construct)
    for construct, support in CAPABILITIES.items():
        said = {"refused": REFUSED, "approximated": APPROXIMATED, "same": {}}[support.level]
        assert support.how == said.get(construct, "")
        assert bool(support.how) == (support.level != "same")


def test_a_plan_that_can_be_carried_passes() -> None:
    check_capabilities(policy(carriers={"northstar": "sip:203.0.113.9"}))


def test_a_refusal_names_the_construct_who_uses_it_and_what_to_write() -> None:
    assert refusal(with_auth("pbx")) == (
        "`auth of a route` (pbx) is not in this runtime: "
        "have the route's host accept this host's address"
    )


def test_what_is_of_the_whole_plan_names_nobody() -> None:
    plan = policy()
    found = refusal(plan.model_copy(update={"listen": (*plan.listen, TLS, TLS)}))
    assert found == "`listen tls` is not in this runtime: listen on `udp` or `tcp`"


def test_all_that_is_lacking_is_said_at_once() -> None:
    found = refusal(with_auth("a", "b").model_copy(update={"listen": (TLS,)})).split("; ")
    assert [part.partition(" is not ")[0] for part in found] == [
        "`listen tls`",
        "`auth of a route` (a, b)",
    ]


def test_of_many_users_eight_are_named_and_the_others_counted() -> None:
    assert "(r0, r1, r2, r3, r4, r5, r6, r7) is" in refusal(with_auth(*(f"r{n}" for n in range(8))))
    assert "(r0, r1, r2, r3, r4, r5, r6, r7, 3 more) is" in refusal(
        with_auth(*(f"r{n}" for n in range(11)))
    )


def test_the_server_refuses_before_it_opens_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []

    def open_socket(*arguments: Any) -> None:
        opened.append(arguments)
        raise OSError(1, "a socket was opened")

    monkeypatch.setattr(doors, "UdpSocket", open_socket)

    async def start(plan: Plan) -> None:
        await Server.start(plan)

    with pytest.raises(CannotServe, match="auth of a route"):
        asyncio.run(start(with_auth("pbx")))
    assert opened == []
    with pytest.raises(CannotListen):  # the plan without the credentials gets as far as that
        asyncio.run(start(policy(egress=("us.primary",))))
    assert opened
