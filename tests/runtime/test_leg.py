"""Which way the requests of a call take: the transport, our address, whose connection."""

from __future__ import annotations

import pytest

from runtime.phones import Phone
from runtime.world import CALLER, EAST, PRIMARY, SIPFO, Caller, World, policy
from sipfo.plan.model import Listen
from sipfo.runtime.locate import Target
from sipfo.runtime.record import AttemptRecord
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response, serialize

AT = (EAST[0], 5061)
OURS = (PRIMARY[0], 5061)
TO_EAST = "sip:198.51.100.10;transport=tls"
NAME = "pbx.example.com"
NAMES: dict[str, tuple[Target, ...]] = {
    NAME: (Target("tls", *AT, "node.example.com", NAME),),
    "other.example.com": (Target("tls", *AT, "other.example.com", "other.example.com"),),
}


class Secure(Phone):
    """A phone that says `where` it is in its Contact."""

    where = f"sip:{EAST[0]}:5061;transport=tls"

    def make(self, request: Request, status: int, **fields: str) -> Response:
        made = super().make(request, status, **fields)
        made.headers.set(b"contact", f"<{self.where}>".encode())
        return made


def up(
    uri: str = TO_EAST, where: str = Secure.where, *listen: Listen, at: tuple[str, int] = AT
) -> tuple[World, Caller, Secure]:
    """A call answered by a phone at `at`, after its caller has sent an INFO."""
    plan = policy(routes={"pbx": (uri,)}, egress=("us.primary",))
    world = World(plan.model_copy(update={"listen": (*plan.listen, *listen)}), NAMES)
    phone = Secure(world, at, (0.1, 200, {"body": "v=0\r\n"}))
    phone.where = where
    caller = Caller(world)
    caller.call()
    world.run(1)
    assert world.answered
    caller.say("INFO", caller.last(200), 2)
    world.run(2)
    return world, caller, phone


def flows(world: World, method: str) -> list[Flow]:
    """The way that each request of a method took to the phone."""
    return [
        flow
        for _, flow, message in world.sent
        if isinstance(message, Request) and message.method == method and flow.remote != CALLER
    ]


def test_what_goes_over_tls_says_so_and_leaves_from_the_tls_port() -> None:
    world, _, phone = up()
    (way,) = flows(world, "INVITE")
    assert way == Flow("tls", OURS, AT, name=EAST[0])
    (invite,) = phone.requests("INVITE")
    assert invite.headers.lines(b"via")[0].startswith(b"SIP/2.0/TLS 192.76.120.10:5061;")
    assert invite.headers.lines(b"contact") == [b"<sip:192.76.120.10:5061;transport=tls>"]
    (record,) = [one for one in world.records if isinstance(one, AttemptRecord)]
    assert record.attempt.target == "tls:198.51.100.10:5061"


def test_an_address_that_listens_on_tls_sends_from_that_port() -> None:
    secure = Listen(transport="tls", host=PRIMARY[0], port=5071, certificate="/x.pem")
    world, _, _ = up(TO_EAST, Secure.where, secure)
    assert {flow.local for flow in flows(world, "INVITE")} == {(PRIMARY[0], 5071)}


def test_tls_retransmits_nothing() -> None:
    plan = policy(routes={"pbx": (TO_EAST,)}, egress=("us.primary",), no_response=3.0)
    world = World(plan)
    world.silent.add(AT)
    Caller(world).call()
    world.run(10)
    assert len(flows(world, "INVITE")) == 1
    assert world.attempts == [("us.primary", "pbx", "no-response")]


@pytest.mark.parametrize("method", ["ACK", "INFO"])
def test_a_contact_with_an_address_must_prove_to_be_whom_the_invite_was_sent_to(
    method: str,
) -> None:
    world, _, _ = up(f"sip:{NAME};transport=tls")
    assert flows(world, method) == [Flow("tls", OURS, AT, name=NAME)]


@pytest.mark.parametrize("method", ["ACK", "INFO"])
def test_a_contact_with_a_name_must_prove_to_be_that(method: str) -> None:
    world, _, _ = up(f"sip:{NAME};transport=tls", "sip:other.example.com;transport=tls")
    assert flows(world, method) == [Flow("tls", OURS, AT, name="other.example.com")]


@pytest.mark.parametrize("where", ["sip:198.51.100.10:5060", "sip:198.51.100.77;transport=tcp"])
def test_a_call_over_tls_never_goes_on_in_the_clear(where: str) -> None:
    world, _, _ = up(TO_EAST, where)
    assert {flow.transport for _, flow, _ in world.sent if flow.remote != CALLER} == {"tls"}
    assert flows(world, "INFO") == flows(world, "INVITE")


def test_a_call_over_udp_goes_on_over_tls_where_the_contact_asks_for_it() -> None:
    world, _, _ = up(f"sip:{EAST[0]}", Secure.where, at=EAST)
    assert [flow.transport for flow in flows(world, "INVITE")] == ["udp"]
    assert flows(world, "ACK") == [Flow("tls", OURS, AT, name=EAST[0])]


def test_the_connection_that_the_peer_used_last_is_used_if_it_is_of_the_same_transport() -> None:
    world, caller, phone = up()
    for transport, connection in (("tls", 7), ("tcp", 8)):
        info = phone.say("INFO", connection)  # by UDP, as this world delivers
        info.headers.replace_at(0, b"SIP/2.0/TLS h;branch=z9hG4bKphone%d" % connection)
        flow = Flow(transport, OURS, AT, connection)
        world.engine.receive(serialize(info), flow, world.now)
        world.run(world.now + 0.5)
    caller.say("INFO", caller.last(200), 3)
    world.run(world.now + 1)
    assert flows(world, "INFO")[-1] == Flow("tls", OURS, AT, 7, EAST[0])


def test_a_caller_over_tls_is_answered_and_called_back_on_its_connection() -> None:
    secure = Listen(transport="tls", host=SIPFO[0], port=5061, certificate="/x.pem")
    plan = policy(routes={"pbx": (f"sip:{EAST[0]}",)}, egress=("us.primary",))
    world = World(plan.model_copy(update={"listen": (*plan.listen, secure)}))
    phone = Phone(world, EAST, (0.1, 200, {"body": "v=0\r\n"}))
    invite = Caller(world).call()  # by UDP, and the same as another call by TLS
    invite.headers.replace_at(0, b"SIP/2.0/TLS 192.0.2.200:5061;branch=z9hG4bKsecure")
    invite.headers.set(b"call-id", b"secure")
    way = Flow("tls", (SIPFO[0], 5061), (CALLER[0], 40000), 3)
    world.engine.receive(serialize(invite), way, world.now)
    world.run(1)
    said = [(flow, m) for _, flow, m in world.sent if flow.transport == "tls"]
    assert [m.status for _, m in said if isinstance(m, Response)][:2] == [100, 200]
    # Another connection would be opened to the port of the Via (RFC 3261 §18.2.2).
    assert {flow for flow, _ in said} == {way._replace(remote=(CALLER[0], 5061))}
    (contact,) = {m.headers.lines(b"contact")[0] for _, m in said if m.headers.lines(b"contact")}
    assert contact == b"<sip:192.0.2.10:5061;transport=tls>"
    assert phone.requests("INVITE")


def test_a_contact_that_our_address_cannot_reach_is_reached_the_way_of_the_call() -> None:
    world, _, _ = up(f"sip:{EAST[0]}", "sip:[2001:db8::1]:5060", at=EAST)
    assert {flow.remote for flow in flows(world, "INFO")} == {EAST}
