"""Requests inside a call: passed from one leg to the other, and their answers back."""

from __future__ import annotations

import pytest

from runtime.phones import Phone, up
from runtime.world import CALLER, EAST, SDP, SIPFO, Caller, World, policy
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.cseq import CSeq
from sipfo.runtime.sip.message import Request, Response


def test_bodies_and_fields_cross_untouched() -> None:
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 200, {"body": "v=0\r\ns=\x01\u00fc\r\n", "x_leg": "b"}))
    caller = Caller(world)
    caller.call(subject="caf\u00e9", x_trace="42")
    world.run(2)
    invite = phone.requests("INVITE")[0]
    assert invite.body == SDP
    assert invite.headers.first(b"subject") == "caf\u00e9".encode()
    assert invite.headers.first(b"x-trace") == b"42"
    assert caller.last(200).body == "v=0\r\ns=\x01\u00fc\r\n".encode()
    assert caller.last(200).headers.first(b"x-leg") == b"b"


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
    assert caller.heard[-1][1].cseq == CSeq(2, method)


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


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_target_refresh_that_leads_nowhere_is_refused_here(method: str) -> None:
    world, caller, phone = up()
    request = caller.within(method, caller.last(200), 2)
    request.headers.set(b"contact", b"<tel:+1>")
    world.deliver(request, CALLER, SIPFO)
    world.run(2.1)
    assert caller.statuses()[3] == 416
    assert len(phone.requests(method)) == (1 if method == "INVITE" else 0)


def test_unusable_contact_in_an_answer_leaves_the_old_target() -> None:
    world, caller, phone = up()
    phone.script = ()
    caller.say("INVITE", caller.last(200), 2)
    world.run(3)
    assert phone.invite is not None
    answer = phone.make(phone.invite, 200)
    answer.headers.set(b"contact", b"<tel:+1>")
    world.deliver(answer, EAST, phone.source)
    world.run(4)
    assert caller.statuses()[-1] == 200
    assert phone.requests("ACK")[-1].uri == b"sip:198.51.100.10:5060"


def test_pending_reinvite_is_487_when_the_call_ends() -> None:
    world, caller, phone = up()
    phone.script = ((0, 100),)
    caller.say("INVITE", caller.last(200), 2)
    world.run(3)
    caller.say("BYE", caller.last(200), 3)
    world.run(3.1)
    assert caller.statuses()[-2:] == [200, 487]
    assert len(phone.requests("CANCEL")) == 1
    world.run(200)
    assert len(world.engine.core.transactions) == 0
    assert len(world.engine._directory) == 0


def test_answer_to_a_reinvite_that_crosses_the_bye_is_acknowledged() -> None:
    """Who asked has its 487, and who answered would repeat the answer for half a minute."""
    world, caller, phone = up()
    phone.script = ((1.0, 200),)
    caller.say("INVITE", caller.last(200), 2, body=b"v=0\r\ns=again\r\n")
    world.run(2.5)
    before = len(phone.requests("ACK"))
    caller.acks = False  # its ACK of the 487 would be the transaction's
    caller.say("BYE", caller.last(200), 3)
    world.run(4)
    assert len(phone.requests("BYE")) == 1
    assert phone.invite is not None
    world.deliver(phone.make(phone.invite, 200), phone.address, phone.source)  # once more
    world.run(5)
    acks = phone.requests("ACK")[before:]
    assert [one.cseq.number for one in acks] == [phone.invite.cseq.number] * 2
    assert caller.statuses()[-1] == 487
    world.run(80)
    assert world.engine.calls == ()


def test_cancelled_reinvite_that_is_never_answered_is_487_after_64_t1() -> None:
    world, caller, phone = up()
    phone.script = ((0, 100),)
    invite = caller.within("INVITE", caller.last(200), 2)
    world.deliver(invite, CALLER, SIPFO)
    world.run(3)
    caller.invite = invite
    phone.reply = lambda *arguments, **fields: None  # type: ignore[method-assign]  # no 487
    caller.cancel()
    world.run(40)
    assert 487 in caller.statuses()


def test_reinvites_leave_nothing_behind() -> None:
    world, caller, phone = up()
    phone.script = ((0, 200),)
    for n in range(2, 12):
        caller.say("INVITE", caller.last(200), n)
        world.run(world.now + 1)
        caller.ack(caller.last(200))
    caller.say("BYE", caller.last(200), 20)
    world.run(200)
    assert len(world.engine._directory) == 0
    assert len(world.engine.core.transactions) == 0


def test_reinvite_while_the_call_is_set_up_is_500_with_retry_after() -> None:
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 183), (3, 200))
    caller = Caller(world)
    caller.call()
    world.run(1)
    caller.say("INVITE", caller.last(183), 2)
    world.run(1.1)
    assert caller.last(500).headers.first(b"retry-after") is not None
    assert len(phone.requests("INVITE")) == 1


def test_required_extension_inside_a_dialog_is_420_too() -> None:
    world, caller, phone = up()
    caller.say("INFO", caller.last(200), 2, require="foo")
    world.run(3)
    assert caller.statuses()[-1] == 420
    assert phone.requests("INFO") == []


def test_a_reinvite_whose_connection_broke_is_acknowledged_when_it_is_answered_all_the_same() -> (
    None
):
    """RFC 3261 §13.2.2.4: whoever sent the 2xx repeats it until it is acknowledged."""
    world, caller, phone = up()
    phone.script = ()
    caller.say("INVITE", caller.last(200), 2, body=b"v=0 hold")
    world.run(2.5)
    reinvite = phone.requests("INVITE")[-1]
    world.engine.transport_failed(world.sent_flow(reinvite), world.now)
    world.run(3)
    assert caller.statuses()[-1] == 500
    phone.reply(reinvite, phone.source, 200)
    world.run(4)
    assert [ack.cseq.number for ack in phone.requests("ACK")] == [1, 2]


def test_a_2xx_to_an_invite_that_was_never_sent_is_nobody_s() -> None:
    world, _, phone = up()
    phone.script = ()
    assert phone.invite is not None
    forged = make_response(phone.invite, 200, to_tag=phone.tag.encode())
    forged.headers.set(b"cseq", b"9 INVITE")
    forged.headers.set(b"via", forged.headers.lines(b"via")[0].replace(b"z9hG4bK", b"z9hG4bKx"))
    world.deliver(forged, EAST, phone.source)
    world.run(4)
    assert [ack.cseq.number for ack in phone.requests("ACK")] == [1]
