"""A call that is up: what crosses with it, and how it ends on both sides."""

from __future__ import annotations

import pytest

from runtime.phones import Phone, up
from runtime.world import CALLER, EAST, PRIMARY, SDP, SIPFO, Caller, World, policy
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Response, parse, serialize


def test_what_names_a_hop_or_a_dialog_does_not_cross() -> None:
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 200))
    Caller(world).call(
        record_route="<sip:proxy.example;lr>",
        target_dialog="abc;local-tag=1;remote-tag=2",
        supported="100rel, tdialog, timer, outbound",
        p_asserted_identity="<sip:+1@x>",
        remote_party_id="<sip:+1@x>",
    )
    world.run(2)
    invite = phone.requests("INVITE")[0]
    for name in (b"record-route", b"target-dialog", b"p-asserted-identity", b"remote-party-id"):
        assert invite.headers.first(name) is None
    assert invite.headers.all(b"supported") == [b"100rel", b"timer"]
    assert invite.via.sent_by == PRIMARY


def test_ack_is_late_and_carries_the_answer_of_an_empty_invite() -> None:
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 200, {"body": "v=0 offer"}))
    caller = Caller(world)
    caller.acks = False
    caller.call(body=b"")
    world.run(1.5)
    assert phone.requests("ACK") == []
    caller.ack(caller.last(200), body=b"v=0 answer")
    world.run(2)
    assert [ack.body for ack in phone.requests("ACK")] == [b"v=0 answer"]


def test_2xx_is_repeated_until_the_ack_and_its_repetition_gets_the_ack_again() -> None:
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 200))
    caller = Caller(world)
    caller.acks = False
    caller.call()
    world.run(4)
    assert caller.statuses() == [100, 200, 200, 200, 200]
    caller.ack(caller.last(200))
    world.run(5)
    assert phone.invite is not None
    world.deliver(phone.make(phone.invite, 200), EAST, phone.source)
    world.run(10)
    assert len(phone.requests("ACK")) == 2
    assert caller.statuses() == [100, 200, 200, 200, 200]


def test_2xx_never_acknowledged_ends_the_call_on_both_sides() -> None:
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 200))
    caller = Caller(world)
    caller.acks = False
    caller.call()
    world.run(40)
    assert len(phone.requests("ACK")) == 1 and len(phone.requests("BYE")) == 1
    assert len(caller.requests("BYE")) == 1


def test_bye_of_the_caller_ends_the_callee() -> None:
    world, caller, phone = up()
    caller.say("BYE", caller.last(200), 2, reason="Q.850;cause=16")
    world.run(3)
    assert phone.requests("BYE")[0].headers.first(b"reason") == b"Q.850;cause=16"
    assert caller.statuses()[-1] == 200
    assert world.engine.calls_alive == 0


def test_bye_of_the_callee_ends_the_caller() -> None:
    world, caller, phone = up()
    phone.say("BYE", 1)
    world.run(3)
    assert len(caller.requests("BYE")) == 1
    assert phone.statuses() == [200]
    assert world.engine.calls_alive == 0


def test_request_of_no_dialog_is_481() -> None:
    world, caller, _ = up()
    stray = caller.within("INFO", caller.last(200), 2)
    stray.headers.set(b"call-id", b"nobody")
    world.deliver(stray, CALLER, SIPFO)
    world.run(3)
    assert caller.statuses()[-1] == 481


def test_cseq_out_of_order_is_500() -> None:
    world, caller, phone = up()
    caller.say("INFO", caller.last(200), 5)
    world.run(3)
    caller.say("MESSAGE", caller.last(200), 3)
    world.run(4)
    assert caller.statuses()[-1] == 500
    assert phone.requests("MESSAGE") == []


def test_cancel_of_nothing_is_481() -> None:
    world, caller, _ = up()
    assert caller.invite is not None
    caller.invite.headers.set(b"via", b"SIP/2.0/UDP 192.0.2.200:5060;branch=z9hG4bKnone")
    caller.cancel()
    world.run(3)
    assert caller.statuses()[-1] == 481


def test_options_is_answered_and_says_what_is_allowed() -> None:
    world = World(policy())
    caller = Caller(world)
    options = parse(
        b"OPTIONS sip:192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.200;branch=z9hG4bKo;rport\r\n"
        b"From: <sip:a@b>;tag=1\r\nTo: <sip:192.0.2.10>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\n\r\n"
    )
    world.deliver(options, CALLER, SIPFO)
    world.run(2)
    heard = caller.heard[-1][1]
    assert isinstance(heard, Response)
    assert heard.status == 200
    assert b"INVITE" in (heard.headers.first(b"allow") or b"")
    assert heard.headers.first(b"accept") == b"application/sdp"
    assert heard.headers.first(b"accept-encoding") == b"identity"
    assert heard.headers.first(b"accept-language") == b"en"
    assert b"100rel" in (heard.headers.first(b"supported") or b"")


@pytest.mark.parametrize("method", ["REGISTER", "SUBSCRIBE", "PUBLISH", "FOO"])
def test_other_methods_are_405_with_allow(method: str) -> None:
    world = World(policy())
    caller = Caller(world)
    text = (
        f"{method} sip:192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.200;branch=z9hG4bKo;rport\r\n"
        f"From: <sip:a@b>;tag=1\r\nTo: <sip:192.0.2.10>\r\nCall-ID: o\r\nCSeq: 1 {method}\r\n\r\n"
    )
    world.deliver(parse(text.encode()), CALLER, SIPFO)
    world.run(1)
    heard = caller.heard[-1][1]
    assert isinstance(heard, Response)
    assert heard.status == 405
    assert heard.headers.first(b"allow") is not None


def test_malformed_request_gets_a_400_that_says_what() -> None:
    world = World(policy())
    caller = Caller(world)
    caller.acks = False
    bad = caller.call()
    bad.headers.remove(b"call-id")
    world.engine.receive(serialize(bad), Flow("udp", SIPFO, CALLER), 0.0)
    world.run(1)
    first = caller.heard[0][1]
    assert isinstance(first, Response)
    assert (first.status, first.phrase) == (400, b"no Call-ID")


def test_hang_up_all_ends_calls_in_every_phase() -> None:
    world, caller, phone = up()
    world.engine.hang_up_all(world.now)
    world.run(3)
    assert len(phone.requests("BYE")) == 1 and len(caller.requests("BYE")) == 1
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 180))
    caller = Caller(world)
    caller.call()
    world.run(1)
    world.engine.hang_up_all(world.now)
    world.run(3)
    assert len(phone.requests("CANCEL")) == 1 and caller.statuses()[-1] == 487


def test_forwarded_call_says_so_after_what_the_caller_said() -> None:
    world = World(policy(carriers={"northstar": "sip:203.0.113.9"}))
    carrier = Phone(world, ("203.0.113.9", 5060), (0, 200))
    Caller(world).call(
        diversion="<sip:+15550001@old>;reason=no-answer",
        history_info="<sip:+15550001@old>;index=1, <sip:+13125550123@x;cause=302>;index=1.1;mp=1",
    )
    world.run(2)
    invite = carrier.requests("INVITE")[0]
    assert invite.headers.all(b"diversion") == [
        b"<sip:+13125550123@192.76.120.10:5060>;reason=unavailable;counter=1",
        b"<sip:+15550001@old>;reason=no-answer",
    ]
    assert invite.headers.all(b"history-info")[-1] == (
        b"<sip:+13125550000@203.0.113.9;cause=503>;index=1.1.1;mp=1.1"
    )


def test_call_to_a_host_without_a_user() -> None:
    world = World(policy())
    phone = Phone(world, EAST, (0, 200))
    caller = Caller(world)
    invite = caller.call()
    world.run(0)
    invite = caller.within("INVITE", make_response(invite, 100), 1)
    invite.uri = b"sip:192.0.2.10"
    invite.headers.set(b"call-id", b"nouser")
    invite.headers.set(b"via", b"SIP/2.0/UDP 192.0.2.200;branch=z9hG4bKnouser")
    world.deliver(invite, CALLER, SIPFO)
    world.run(3)
    assert b"sip:198.51.100.10" in [one.uri for one in phone.requests("INVITE")]


@pytest.mark.parametrize("field", [{"contact": "<tel:+1>"}, {"record_route": "*"}])
def test_caller_that_cannot_be_reached_back_places_no_call(field: dict[str, str]) -> None:
    world = World(policy())
    phone = Phone(world, EAST, (0, 200))
    caller = Caller(world)
    caller.call(body=SDP, number="+13125550123", **field)
    world.run(40)
    assert phone.requests("INVITE") == []
    assert caller.statuses()[0] in (400, 416)
    assert world.engine.calls_alive == 0


def test_route_set_is_taken_anew_from_the_2xx() -> None:
    world = World(policy())
    proxy = Caller(world, ("198.51.100.99", 5060))
    Phone(
        world,
        EAST,
        (0.1, 183, {"record_route": "<sip:198.51.100.98;lr>"}),
        (0.5, 200, {"record_route": "<sip:198.51.100.99;lr>"}),
    )
    Caller(world).call()
    world.run(2)
    (ack,) = proxy.requests("ACK")
    assert ack.headers.all(b"route") == [b"<sip:198.51.100.99;lr>"]
    assert ack.uri == b"sip:198.51.100.10:5060"


def test_bye_waits_for_the_ack_of_the_caller() -> None:
    """RFC 3261 §15: not before the ACK, or before nobody waits for it any longer."""
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 200))
    caller = Caller(world)
    caller.acks = False
    caller.call()
    world.run(1)
    phone.say("BYE", 1)
    world.run(3)
    assert phone.statuses() == [200] and len(phone.requests("ACK")) == 1
    assert caller.requests("BYE") == []
    caller.ack(caller.last(200))
    world.run(4)
    assert len(caller.requests("BYE")) == 1


def test_refusals_keep_what_makes_them_valid() -> None:
    for status, name in ((405, b"allow"), (302, b"contact")):
        world = World(policy())
        Phone(world, EAST, (0, status))
        caller = Caller(world)
        caller.call()
        world.run(2)
        assert caller.last(status).headers.first(name) is not None


def test_broken_connection_ends_what_waits_on_it() -> None:
    world, caller, _ = up()
    layer = world.engine.core.transactions
    flow = Flow("tcp", SIPFO, ("192.0.2.200", 40000), 7)
    failed: list[bool] = []

    class Waiting:
        def on_response(self, *arguments: object) -> None: ...
        def on_timeout(self, *arguments: object) -> None: ...
        def on_terminated(self, *arguments: object) -> None: ...
        def on_transport_error(self, *arguments: object) -> None:
            failed.append(True)

    info = caller.within("INFO", caller.last(200), 9)
    layer.request(info, flow._replace(remote=("192.0.2.200", 5060)), Waiting(), world.now)
    layer.transport_failed(flow._replace(connection=8), world.now)
    assert failed == []
    layer.transport_failed(flow, world.now)
    assert failed == [True]
