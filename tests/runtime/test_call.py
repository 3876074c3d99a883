"""A call that is up: everything inside its dialogs crosses, and it ends on both sides."""

from __future__ import annotations

import pytest

from runtime.world import CALLER, EAST, PRIMARY, SDP, SIPFO, Callee, Caller, World, policy
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response, parse, serialize


class Phone(Callee):
    """A callee that can also send requests in its dialog, once it has answered."""

    def say(self, method: str, cseq: int, body: bytes = b"", **fields: str) -> Request:
        assert self.invite is not None
        contact = self.invite.contact
        assert contact is not None
        lines = [
            f"{method} {contact.uri.decode()} SIP/2.0",
            f"via: SIP/2.0/UDP {self.address[0]}:5060;branch=z9hG4bKphone{method}{cseq};rport",
            "max-forwards: 70",
            f"from: {self.invite.to.with_tag(self.tag.encode()).encode().decode()}",
            f"to: {self.invite.from_.encode().decode()}",
            f"call-id: {self.invite.call_id.decode()}",
            f"cseq: {cseq} {method}",
            f"contact: <sip:{self.address[0]}:5060>",
            *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items()),
        ]
        request = parse("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        assert isinstance(request, Request)
        self.world.deliver(request, self.address, self.source)
        return request


def up() -> tuple[World, Caller, Phone]:
    """A call answered by pbx-east."""
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 180), (0.5, 200, {"body": "v=0\r\ns=east\r\n"}))
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert caller.statuses() == [100, 180, 200]
    return world, caller, phone


def test_bodies_and_fields_cross_untouched() -> None:
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 200, {"body": "v=0\r\ns=\x01\u00fc\r\n", "x_leg": "b"}))
    caller = Caller(world)
    caller.call(subject="caf\u00e9", x_trace="42", p_asserted_identity="<sip:+1@x>")
    world.run(2)
    invite = phone.requests("INVITE")[0]
    assert invite.body == SDP
    assert invite.headers.first(b"subject") == "caf\u00e9".encode()
    assert invite.headers.first(b"x-trace") == b"42"
    assert invite.headers.first(b"p-asserted-identity") == b"<sip:+1@x>"
    assert caller.last(200).body == "v=0\r\ns=\x01\u00fc\r\n".encode()
    assert caller.last(200).headers.first(b"x-leg") == b"b"


def test_what_names_a_hop_or_a_dialog_does_not_cross() -> None:
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 200))
    Caller(world).call(
        record_route="<sip:proxy.example;lr>",
        replaces="abc;to-tag=1;from-tag=2",
        supported="100rel, replaces, timer, outbound",
        p_asserted_identity="<sip:+1@x>",
        privacy="id",
    )
    world.run(2)
    invite = phone.requests("INVITE")[0]
    for name in (b"record-route", b"replaces", b"p-asserted-identity"):
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


def test_byes_that_cross_are_both_answered_200() -> None:
    world, caller, phone = up()
    caller.say("BYE", caller.last(200), 2)
    phone.say("BYE", 1)
    world.run(3)
    assert caller.statuses()[-1] == 200 and phone.statuses()[-1] == 200


@pytest.mark.parametrize("method", ["INFO", "UPDATE", "MESSAGE", "REFER", "NOTIFY", "OPTIONS"])
def test_requests_cross_from_the_caller(method: str) -> None:
    world, caller, phone = up()
    caller.say(method, caller.last(200), 2, body=b"hello", content_type="text/plain")
    world.run(3)
    crossed = phone.requests(method)[0]
    assert (crossed.body, crossed.headers.first(b"content-type")) == (b"hello", b"text/plain")
    assert crossed.uri == b"sip:198.51.100.10:5060"
    assert caller.statuses()[-1] == 200
    assert caller.heard[-1][1].cseq == (2, method)


@pytest.mark.parametrize("method", ["INFO", "UPDATE", "MESSAGE"])
def test_requests_cross_from_the_callee(method: str) -> None:
    world, caller, phone = up()
    phone.say(method, 7, body=b"hi", content_type="text/plain")
    world.run(3)
    crossed = caller.requests(method)[0]
    assert crossed.body == b"hi"
    assert crossed.uri == b"sip:ann@192.0.2.200:5060"
    assert phone.statuses() == [200]


def test_reinvite_of_the_caller_crosses_with_its_ack() -> None:
    world, caller, phone = up()
    phone.script = ((0.1, 200, {"body": "v=0 new"}),)
    caller.say("INVITE", caller.last(200), 2, body=b"v=0 hold")
    world.run(4)
    assert phone.requests("INVITE")[-1].body == b"v=0 hold"
    assert caller.last(200).body == b"v=0 new"
    acks = phone.requests("ACK")
    assert [ack.cseq.number for ack in acks] == [1, 2]
    assert len(world.calls) == 1


def test_reinvite_of_the_callee_crosses_with_its_ack() -> None:
    world, caller, phone = up()

    def answer(request: Request, source: tuple[str, int]) -> None:
        if request.method == "INVITE":
            response = make_response(request, 200)
            response.body = b"v=0 ok"
            response.headers.add(b"contact", b"<sip:ann@192.0.2.200:5060>")
            world.deliver(response, CALLER, source)

    caller.request = answer  # type: ignore[method-assign]  # this caller answers re-INVITEs
    phone.say("INVITE", 5, body=b"v=0 hold")
    world.run(2.2)
    final = [m for _, m in phone.heard if isinstance(m, Response)][-1]
    assert (final.status, final.body) == (200, b"v=0 ok")
    phone.say("ACK", 5)
    world.run(40)
    assert [ack.cseq.method for ack in caller.requests("ACK")] == ["ACK"]
    assert world.engine.calls_alive == 1


def test_refused_reinvite_leaves_the_call_up() -> None:
    world, caller, phone = up()
    phone.script = ((0.1, 488),)
    caller.say("INVITE", caller.last(200), 2)
    world.run(40)
    assert caller.statuses()[-1] == 488
    assert world.engine.calls_alive == 1


def test_cancelled_reinvite_is_cancelled_on_the_other_side() -> None:
    world, caller, phone = up()
    phone.script = ((0.1, 100), (5, 200))
    invite = caller.within("INVITE", caller.last(200), 2)
    world.deliver(invite, CALLER, SIPFO)
    world.run(3)
    caller.invite = invite
    caller.cancel()
    world.run(4)
    assert len(phone.requests("CANCEL")) == 1
    assert caller.statuses()[-1] == 487
    assert world.engine.calls_alive == 1


def test_reliable_provisional_and_its_prack_cross() -> None:
    world = World(policy())
    phone = Phone(
        world, EAST, (0.1, 183, {"require": "100rel", "rseq": "77", "body": "v=0"}), (3, 200)
    )
    caller = Caller(world)
    caller.call(supported="100rel", cseq="31 INVITE")
    world.run(1)
    heard = caller.last(183)
    assert heard.headers.first(b"rseq") == b"77"
    assert heard.headers.all(b"require") == [b"100rel"]
    caller.say("PRACK", heard, 32, rack="77 31 INVITE")
    world.run(2)
    assert phone.requests("PRACK")[0].headers.first(b"rack") == b"77 1 INVITE"
    assert caller.statuses()[-1] == 200


def test_update_in_an_early_dialog_crosses() -> None:
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 183, {"body": "v=0"}), (3, 200))
    caller = Caller(world)
    caller.call()
    world.run(1)
    caller.say("UPDATE", caller.last(183), 2, body=b"v=0 other")
    world.run(2)
    assert phone.requests("UPDATE")[0].body == b"v=0 other"


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
