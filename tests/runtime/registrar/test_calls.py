"""Calls to users that have registered: Path (RFC 3327), NAT (RFC 3581), connections and outbound
(RFC 5626), levels."""

from __future__ import annotations

import pytest

from runtime.registrar.telephones import (
    EDGE,
    PASSWORDS,
    PHONE,
    THIRD,
    Answering,
    Telephone,
    contacts,
    office,
    world,
)
from runtime.world import PRIMARY, SIPFO, Callee, Caller, Peer, World
from sipfo.plan.model import Probe
from sipfo.runtime.locate import Target
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, parse

HERE = "<sip:alice@198.51.100.77>"
NAT = ("203.0.113.50", 40001)
PATH = (b"path", b"<sip:192.0.2.21;lr>"), (b"supported", b"path")
INSTANCE = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"'
OUTBOUND = ((b"supported", b"path, outbound"),)


def called(there: World, until: float = 3.0) -> list[str]:
    """Place a call, and say which levels it tried and how each ended."""
    Caller(there).call()
    there.run(there.now + until)
    rungs = [one for call in there.calls for one in call.ladder.attempts]
    return [f"{one.place} {one.outcome}" for one in rungs]


def invites(peer: Peer) -> list[Request]:
    return peer.requests("INVITE")


def test_a_user_is_called_at_its_contact_from_the_address_that_it_registered_at() -> None:
    there = world()
    Telephone(there).register(HERE)
    phone = Answering(there, PHONE)
    assert called(there) == ["pbx-east.here 200"]
    (invite,) = invites(phone)
    assert invite.uri == b"sip:alice@198.51.100.77"
    assert invite.to.uri == b"sip:+13125550123@sip.acme.example"
    assert there.sent_flow(invite).local == SIPFO


def test_rfc3327_5_the_path_is_the_route_of_what_is_sent() -> None:
    there = world()
    said = Telephone(there, source=EDGE).register(HERE, fields=PATH)
    assert said.headers.all(b"path") == [b"<sip:192.0.2.21;lr>"]
    edge = Answering(there, EDGE)
    assert called(there) == ["pbx-east.edge 200"]
    (invite,) = invites(edge)
    assert invite.uri == b"sip:alice@198.51.100.77"
    assert invite.headers.all(b"route") == [b"<sip:192.0.2.21:5060;lr;sipfo-of=alice>"]
    assert there.sent_flow(invite).local == PRIMARY


def test_rfc3327_5_a_path_of_another_proxy_is_followed_from_here() -> None:
    there = world()
    proxy = ("198.51.100.88", 5070)
    path = ((b"path", b"<sip:198.51.100.88:5070;lr>, <sip:10.1.1.1;lr>"), PATH[1])
    Telephone(there, source=proxy).register(HERE, fields=path)
    heard = Answering(there, proxy)
    assert called(there) == ["pbx-east.here 200"]
    (invite,) = invites(heard)
    assert invite.headers.all(b"route") == [b"<sip:198.51.100.88:5070;lr>", b"<sip:10.1.1.1;lr>"]


def test_rfc3327_5_3_a_path_that_the_telephone_does_not_know_of_is_refused() -> None:
    said = Telephone(world(), source=EDGE).register(HERE, fields=PATH[:1])
    assert (said.status, said.headers.first(b"require")) == (421, b"path")


@pytest.mark.parametrize("path", [b"<sip:192.0.2.21>", b"nonsense"])
def test_a_path_that_cannot_be_a_route_is_refused(path: bytes) -> None:
    fields = ((b"path", path), PATH[1])
    assert Telephone(world(), source=EDGE).register(HERE, fields=fields).status == 400


def test_rfc3581_a_telephone_behind_a_nat_is_called_and_hung_up_on_where_it_registered_from() -> (
    None
):
    there = world()
    Telephone(there, source=NAT).register("<sip:alice@10.0.0.5>")
    phone = Answering(there, NAT)
    caller = Caller(there)
    caller.call()
    there.run(there.now + 1)
    (answer,) = [one for _, one in caller.heard if getattr(one, "status", 0) == 200]
    caller.say("BYE", answer, 2)  # type: ignore[arg-type]  # a response
    there.run(there.now + 1)
    assert [one.method for _, one in phone.heard if isinstance(one, Request)] == [
        "INVITE",
        "ACK",
        "BYE",
    ]
    assert invites(phone)[0].uri == b"sip:alice@10.0.0.5"


def test_a_telephone_that_is_behind_a_nat_is_nobody_elses_to_call() -> None:
    there = world()
    Telephone(there, source=NAT).register("<sip:alice@10.0.0.5>")
    Answering(there, THIRD)
    there.silent.add(NAT)
    found = called(there, until=60.0)
    assert found[0] == "pbx-east.here no-response"
    assert not there.sent_to(("10.0.0.5", 5060), "INVITE")


def test_who_does_not_ask_for_rport_is_called_at_its_contact() -> None:
    there = world()
    Telephone(there, source=("198.51.100.77", 33000)).register(HERE, via="")
    phone = Answering(there, PHONE)
    assert called(there) == ["pbx-east.here 200"]
    assert len(invites(phone)) == 1


def test_a_connection_is_used_again_for_the_call() -> None:
    there = world()
    there.silent.add(NAT)
    telephone = Telephone(there, source=NAT, transport="tcp", connection=7)
    telephone.register("<sip:alice@10.0.0.5;transport=tcp>")
    Caller(there).call()
    there.run(there.now + 0.1)
    flow = next(
        flow for _, flow, one in there.sent if isinstance(one, Request) and one.method == "INVITE"
    )
    assert (flow.transport, flow.remote, flow.connection) == ("tcp", NAT, 7)


def test_rfc5626_5_3_who_registered_on_a_connection_that_broke_cannot_be_called_there() -> None:
    there = world()
    there.silent.add(NAT)
    telephone = Telephone(there, source=NAT, transport="tcp", connection=7)
    telephone.register("<sip:alice@10.0.0.5;transport=tcp>")
    there.engine.transport_failed(Flow("tcp", SIPFO, NAT, 7), there.now)
    Callee(there, EDGE, (0.1, 480))
    Callee(there, THIRD, (0.1, 480))
    assert not there.sent_to(NAT, "INVITE")
    assert called(there)[:2] == ["pbx-east.edge 480", "pbx-east.third 480"]


def test_rfc5626_6_outbound_is_granted_and_one_flow_takes_the_place_of_itself() -> None:
    there = world()
    telephone = Telephone(there)
    said = telephone.register(f"{HERE};{INSTANCE};reg-id=1", fields=OUTBOUND)
    assert said.headers.first(b"require") == b"outbound"
    assert said.headers.first(b"flow-timer") == b"120"
    moved = telephone.register(f"<sip:alice@198.51.100.90>;{INSTANCE};reg-id=1", fields=OUTBOUND)
    assert contacts(moved) == [f"<sip:alice@198.51.100.90>;{INSTANCE};reg-id=1"]
    both = telephone.register(f"{HERE};{INSTANCE};reg-id=2", fields=OUTBOUND)
    assert len(contacts(both)) == 2


def test_rfc5626_6_a_reg_id_of_who_does_not_say_outbound_means_nothing() -> None:
    said = Telephone(world()).register(f"{HERE};{INSTANCE};reg-id=1")
    assert said.headers.first(b"require") is None
    assert contacts(said) == [f"{HERE};{INSTANCE}"]


def test_rfc5626_6_a_first_hop_that_does_not_know_outbound_is_439() -> None:
    telephone = Telephone(world(), source=EDGE)
    contact = f"{HERE};{INSTANCE};reg-id=1"
    plain = (PATH[0], (b"supported", b"path, outbound"))
    said = telephone.register(contact, fields=plain, more_vias=1)
    assert (said.status, said.phrase) == (439, b"First Hop Lacks Outbound Support")
    knows = ((b"path", b"<sip:192.0.2.21;lr;ob>"), plain[1])
    assert telephone.register(contact, fields=knows, more_vias=1).status == 200


def test_the_most_wanted_contact_is_called_first_and_then_the_others() -> None:
    there = world()
    other = ("198.51.100.78", 5060)
    Telephone(there).register(f"{HERE};q=0.3")
    soft = Telephone(there, source=other, call_id=b"soft")
    soft.register("<sip:alice@198.51.100.78>;q=0.9")
    Callee(there, other, (0.1, 480))
    Answering(there, PHONE)
    assert called(there) == ["pbx-east.here 480", "pbx-east.here 200"]


def test_the_levels_are_the_holder_and_then_the_others_in_order() -> None:
    there = world()
    Telephone(there, source=THIRD).register(
        HERE, fields=((b"path", b"<sip:198.51.100.40;lr>"), PATH[1])
    )
    Callee(there, THIRD, (0.1, 480))
    Callee(there, PHONE, (0.1, 480))
    Answering(there, EDGE)
    assert called(there) == ["pbx-east.third 480", "pbx-east.here 480", "pbx-east.edge 200"]


def test_nobody_registered_is_480_and_the_next_route_is_tried() -> None:
    there = world()
    Answering(there, ("198.51.100.20", 5060))
    assert called(there) == ["pbx-east 480", "pbx-west 200"]


def test_a_store_that_does_not_answer_is_no_reason_to_lose_the_call() -> None:
    there = world()
    there.store_is_down = True
    Answering(there, ("198.51.100.20", 5060))
    assert called(there) == ["pbx-east 480", "pbx-west 200"]


def passed(there: World, contact: str = "sip:alice@198.51.100.77", **fields: str) -> Caller:
    """An INVITE as another instance passes it on."""
    fellow = Caller(there, EDGE)
    lines = {
        "via": f"SIP/2.0/UDP {EDGE[0]}:5060;branch=z9hG4bKfellow;rport",
        "max-forwards": "69",
        "from": "<sip:+13125550001@192.0.2.21>;tag=fellow",
        "to": "<sip:+13125550123@sip.acme.example>",
        "call-id": "passed",
        "cseq": "1 INVITE",
        "contact": "<sip:192.0.2.21:5060>",
        "route": "<sip:192.0.2.10:5060;lr;sipfo-of=alice>",
        **fields,
    }
    text = f"INVITE {contact} SIP/2.0\r\n"
    text += "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    invite = parse(text.encode() + b"\r\n")
    assert isinstance(invite, Request)
    fellow.invite = invite
    there.deliver(invite, EDGE, SIPFO)
    there.run(there.now + 3)
    return fellow


def test_what_another_instance_passes_on_goes_to_the_telephone_from_here() -> None:
    there = world()
    Telephone(there).register(HERE)
    phone = Answering(there, PHONE)
    assert passed(there).statuses() == [100, 200]
    (invite,) = invites(phone)
    assert there.sent_flow(invite).local == SIPFO
    assert invite.max_forwards == 68
    assert invite.to.uri == b"sip:+13125550123@sip.acme.example"
    (call,) = there.calls
    assert (call.trunk, call.number) == ("office", "alice")


@pytest.mark.parametrize("status", [486, 503, 404, 600])
def test_what_the_telephone_says_is_passed_back_as_it_is(status: int) -> None:
    there = world()
    Telephone(there).register(HERE)
    Callee(there, PHONE, (0.1, status))
    assert passed(there).statuses() == [100, status]


def test_what_is_passed_on_goes_to_a_registered_contact_or_nowhere() -> None:
    there = world()
    Telephone(there).register(HERE)
    assert passed(there, "sip:alice@203.0.113.66").statuses() == [100, 480]
    assert not there.sent_to(("203.0.113.66", 5060), "INVITE")


def test_a_telephone_that_is_not_there_is_480_to_another_instance() -> None:
    there = world()
    Telephone(there).register(HERE)
    assert passed(there).statuses() == [100, 480]


def test_nobody_else_has_a_call_passed_on() -> None:
    there = world()
    Telephone(there).register(HERE)
    stranger = Caller(there, ("203.0.113.200", 5060))
    stranger.call(
        "alice", to="<sip:alice@sip.acme.example>", route="<sip:192.0.2.10:5060;lr;sipfo-of=alice>"
    )
    there.run(there.now + 1)
    assert stranger.statuses() == [403]


def test_an_instance_that_cannot_reach_a_telephone_is_passed_over_and_it_is_said() -> None:
    there = world()
    there.silent.add(NAT)
    telephone = Telephone(there, source=NAT, transport="tcp", connection=7)
    telephone.register("<sip:alice@10.0.0.5;transport=tcp>")
    there.engine.transport_failed(Flow("tcp", SIPFO, NAT, 7), there.now)
    Callee(there, EDGE, (0.1, 480))
    Answering(there, THIRD)
    assert called(there) == ["pbx-east.edge 480", "pbx-east.third 200"]
    assert any("here skipped: the telephone is reached from" in one for one in there.calls[0].notes)


def test_a_name_in_a_path_is_looked_up() -> None:
    target = Target("udp", "198.51.100.88", 5070, "edge.example")
    there = World(office(), {"edge.example": (target,)}, secrets=PASSWORDS)
    path = ((b"path", b"<sip:edge.example;lr>"), PATH[1])
    Telephone(there, source=("198.51.100.88", 5070)).register(HERE, fields=path)
    phone = Answering(there, ("198.51.100.88", 5070))
    assert called(there) == ["pbx-east.here 200"]
    assert invites(phone)[0].headers.all(b"route") == [b"<sip:edge.example;lr>"]


def test_a_route_at_an_instances_address_is_no_registered_user() -> None:
    there = world()
    plan = office()
    west = plan.routes[1].model_copy(update={"destinations": ("sip:pbx@192.0.2.21",)})
    there = World(plan.model_copy(update={"routes": (plan.routes[0], west)}), secrets=PASSWORDS)
    Telephone(there).register(HERE)
    edge = Callee(there, EDGE, (0.1, 480))
    Callee(there, THIRD, (0.1, 480))
    Callee(there, PHONE, (0.1, 480))
    called(there, until=10.0)
    assert [one.uri for one in edge.requests("INVITE")] == [
        b"sip:alice@198.51.100.77",
        b"sip:pbx@192.0.2.21",
    ]
    assert edge.requests("INVITE")[1].headers.all(b"route") == []


def test_a_telephone_that_asks_to_be_left_alone_does_not_speak_for_its_instance() -> None:
    there = world()
    Telephone(there, source=EDGE).register(HERE, fields=PATH)
    Callee(there, EDGE, (0.1, 503, {"retry_after": "60"}))
    Callee(there, THIRD, (0.1, 480))
    Callee(there, PHONE, (0.1, 480))
    Callee(there, ("198.51.100.20", 5060), (0.1, 404))
    caller = Caller(there)
    for _ in range(2):
        caller.call()
        there.run(there.now + 3)
    first = [call.ladder.attempts[0] for call in there.calls]
    assert [f"{one.place} {one.outcome}" for one in first] == ["pbx-east.edge 503"] * 2


def test_an_instance_that_probes_find_dead_is_passed_over() -> None:
    plan = office()
    probe = Probe(every=5.0, down_after=2, up_after=1)
    desk = plan.routes[0].model_copy(update={"probe": probe})
    there = World(plan.model_copy(update={"routes": (desk, plan.routes[1])}), secrets=PASSWORDS)
    there.silent.add(EDGE)
    Answering(there, THIRD)
    Telephone(there, source=EDGE).register(HERE, fields=PATH)
    there.run(there.now + 90)
    Callee(there, PHONE, (0.1, 480))
    assert called(there) == ["pbx-east.here 480", "pbx-east.third 200"]
    assert any("skipped: down" in one for one in there.calls[0].notes)


def test_a_large_invite_to_who_is_behind_a_nat_goes_over_udp_at_once() -> None:
    there = world()
    Telephone(there, source=NAT).register("<sip:alice@10.0.0.5>")
    phone = Answering(there, NAT)
    Caller(there).call(body=b"v=0\r\n" + b"a=x\r\n" * 400)
    there.run(there.now + 0.3)
    (invite,) = invites(phone)
    assert there.sent_flow(invite).transport == "udp"
