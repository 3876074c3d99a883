"""Calls named in header fields: REFER (RFC 3515), Replaces (RFC 3891)."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from runtime.phones import Phone
from runtime.world import CALLER, EAST, PRIMARY, SIPFO, WEST, Caller, World, policy
from sipfo.plan.model import Listen
from sipfo.runtime.dialogname import parse_replaces
from sipfo.runtime.sip.dialog import Dialog
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response

PRIMARY_DOOR = Listen(transport="udp", host=PRIMARY[0], port=5060)


def two_calls(*doors: Listen) -> tuple[World, Caller, Phone, Phone, Response, Response]:
    """One caller's two calls, to pbx-east and to pbx-west, and their answers; `doors` are where
    calls are taken beside the usual."""
    plan = policy(method="round-robin")
    world = World(plan.model_copy(update={"listen": (*plan.listen, *doors)}))
    east, west = Phone(world, EAST, (0.1, 200)), Phone(world, WEST, (0.1, 200))
    caller = Caller(world)
    caller.call()
    world.run(2)
    first = caller.last(200)
    caller.call("+13125550124")
    world.run(4)
    assert east.invite is not None and west.invite is not None
    return world, caller, east, west, first, caller.last(200)


def as_named_by(phone: Phone) -> bytes:
    """A phone's call as Replaces names it to that phone."""
    assert phone.invite is not None
    dialog = Dialog.of_server(phone.invite, phone.tag.encode())
    tags = dialog.local.tag or b"", dialog.remote.tag or b""
    return b"%s;to-tag=%s;from-tag=%s" % (dialog.call_id, *tags)


def named_by_caller(answer: Response) -> str:
    """A call as its caller names it to us."""
    return (
        f"{answer.call_id.decode()};to-tag={(answer.to.tag or b'').decode()}"
        f";from-tag={(answer.from_.tag or b'').decode()}"
    )


def refer_to(request: Request) -> bytes:
    value = request.headers.first(b"refer-to")
    assert value is not None
    return value


# REFER, RFC 3515.


def test_refer_to_somebody_else_crosses_with_the_referrer() -> None:
    """RFC 3892: Referred-By as it was said."""
    world, caller, east, _, first, _ = two_calls()
    caller.say("REFER", first, 2, refer_to="<tel:+15550009>", referred_by="<sip:ann@x>;cid=1@x")
    world.run(6)
    (refer,) = east.requests("REFER")
    assert refer_to(refer) == b"<tel:+15550009>"
    assert refer.headers.lines(b"referred-by") == [b"<sip:ann@x>;cid=1@x"]
    assert caller.statuses()[-1] == 200


@pytest.mark.parametrize("uri", ["sip:bob@elsewhere.example?Replaces=a%3Bto-tag%3D1", "sip:x@y"])
def test_refer_to_what_is_not_ours_stays_as_it_is(uri: str) -> None:
    world, caller, east, _, first, _ = two_calls()
    caller.say("REFER", first, 2, refer_to=f"<{uri}>")
    world.run(6)
    assert refer_to(east.requests("REFER")[0]) == f"<{uri}>".encode()


def test_refer_to_a_number_here_names_the_address_that_the_other_side_knows() -> None:
    world, caller, east, _, first, _ = two_calls(PRIMARY_DOOR)
    caller.say("REFER", first, 2, refer_to=f'"Desk" <sip:+15550009@{SIPFO[0]};user=phone>')
    world.run(6)
    said = f'"Desk" <sip:+15550009@{PRIMARY[0]};user=phone>'
    assert refer_to(east.requests("REFER")[0]) == said.encode()


@pytest.mark.parametrize("transport", ["", ";transport=tcp", ";transport=tls"])
def test_refer_to_a_number_here_never_names_an_address_that_takes_no_calls(transport: str) -> None:
    """Calls are sent from us.primary: an INVITE there is a 403."""
    doors = (PRIMARY_DOOR,) if transport else ()
    world, caller, east, _, first, _ = two_calls(*doors)
    uri = f"<sip:+15550009@{SIPFO[0]}{transport}>"
    caller.say("REFER", first, 2, refer_to=uri)
    world.run(6)
    assert refer_to(east.requests("REFER")[0]) == uri.encode()


def test_refer_to_a_port_here_names_the_port_that_takes_calls_there() -> None:
    door = Listen(transport="tls", host=PRIMARY[0], port=5099, certificate="c", key="k")
    world, caller, east, _, first, _ = two_calls(PRIMARY_DOOR, door)
    caller.say("REFER", first, 2, refer_to=f"<sip:+15550009@{SIPFO[0]}:5060;transport=tls>")
    world.run(6)
    said = f"<sip:+15550009@{PRIMARY[0]}:5099;transport=tls>"
    assert refer_to(east.requests("REFER")[0]) == said.encode()


def test_attended_transfer_names_the_call_as_whoever_is_in_it_knows_it() -> None:
    """RFC 3891 §6, RFC 5589 §7: the caller joins pbx-east, its one call, with pbx-west."""
    world, caller, east, west, first, second = two_calls()
    contact = second.contact
    assert contact is not None
    named = quote(named_by_caller(second), safe="")
    caller.say("REFER", first, 2, refer_to=f"<{contact.uri.decode()}?Replaces={named}>")
    world.run(6)
    expected = quote(as_named_by(west).decode(), safe="")
    value = refer_to(east.requests("REFER")[0])
    assert value == f"<sip:{WEST[0]}:{WEST[1]}?Replaces={expected}>".encode()


def test_other_fields_of_the_uri_stay_beside_replaces() -> None:
    world, caller, east, west, first, second = two_calls(PRIMARY_DOOR)
    named = quote(named_by_caller(second) + ";early-only", safe="")
    uri = f"sip:+13125550124@{SIPFO[0]}?Require=replaces&Replaces={named}"
    caller.say("REFER", first, 2, refer_to=f"<{uri}>")
    world.run(6)
    expected = quote(as_named_by(west).decode() + ";early-only", safe="")
    value = refer_to(east.requests("REFER")[0])
    assert value == (
        f"<sip:+13125550124@{PRIMARY[0]}?Require=replaces&Replaces={expected}>".encode()
    )


def test_notify_of_a_refer_crosses_back_with_its_fragment() -> None:
    """RFC 3515 §2.4.5."""
    world, caller, east, _, first, _ = two_calls()
    caller.say("REFER", first, 2, refer_to="<sip:x@y>")
    world.run(6)
    fragment = {"event": "refer", "subscription_state": "active;expires=60"}
    east.say("NOTIFY", 1, b"SIP/2.0 100 Trying\r\n", content_type="message/sipfrag", **fragment)
    world.run(7)
    (notify,) = caller.requests("NOTIFY")
    assert notify.body == b"SIP/2.0 100 Trying\r\n"
    assert notify.headers.lines(b"event") == [b"refer"]
    assert notify.headers.lines(b"subscription-state") == [b"active;expires=60"]


def test_notify_names_the_refer_by_the_number_that_it_came_with() -> None:
    """RFC 3515 §2.4.6: the CSeq numbers of the two sides differ."""
    world, caller, east, _, first, _ = two_calls()
    for number in (20, 30):
        caller.say("REFER", first, number, refer_to="<sip:x@y>")
        world.run(world.now + 1)
    numbers = [one.cseq.number for one in east.requests("REFER")]
    assert numbers == [2, 3]
    for number, event in enumerate(("refer;id=3", "refer ; x=y; id=2;z=1", "refer;id=9"), 1):
        east.say("NOTIFY", number, event=event, subscription_state="active")
        world.run(world.now + 1)
    events = [one.headers.first(b"event") for one in caller.requests("NOTIFY")]
    assert events == [b"refer;id=30", b"refer ; x=y; id=20;z=1", b"refer;id=9"]


def test_no_more_refers_are_remembered_than_anybody_waits_for() -> None:
    world, caller, east, _, first, _ = two_calls()
    for number in range(2, 42):
        caller.say("REFER", first, number, refer_to="<sip:x@y>")
        world.run(world.now + 0.1)
    world.run(world.now + 1)
    for number, event in enumerate(("refer;id=41", "refer;id=2"), 1):
        east.say("NOTIFY", number, event=event, subscription_state="active")
        world.run(world.now + 1)
    assert [one.headers.first(b"event") for one in caller.requests("NOTIFY")] == [
        b"refer;id=41",
        b"refer;id=2",
    ]
    (leg,) = [leg for leg, _ in world.engine.directory._legs.values() if leg.rare.refers]
    assert list(leg.rare.refers.values()) == list(range(26, 42))


def test_refer_outside_a_dialog_is_405() -> None:
    world = World(policy())
    caller = Caller(world)
    invite = caller.call()
    world.run(0)
    text = invite.headers
    text.set(b"cseq", b"1 REFER")
    text.set(b"call-id", b"refer")
    text.set(b"via", b"SIP/2.0/UDP 192.0.2.200:5060;branch=z9hG4bKrefer")
    world.deliver(Request("REFER", b"sip:+15550001@192.0.2.10", text), CALLER, SIPFO)
    world.run(1)
    heard = [m for _, m in caller.heard if isinstance(m, Response) and m.cseq.method == "REFER"]
    assert [one.status for one in heard] == [405]
    assert b"REFER" not in (heard[0].headers.first(b"allow") or b"")


# Replaces, RFC 3891.


def test_invite_that_replaces_a_call_names_it_as_the_other_side_knows_it() -> None:
    world, _, east, _, first, _ = two_calls()
    joining = Caller(world, ("192.0.2.201", 5060))
    name = as_named_by(east)
    joining.call(replaces=named_by_caller(first), require="replaces")
    world.run(6)
    invite = east.requests("INVITE")[-1]
    assert invite.headers.lines(b"replaces") == [name]
    assert invite.headers.all(b"require") == [b"replaces"]


@pytest.mark.parametrize(
    "named", ["nobody@here;to-tag=a;from-tag=b", "call1@192.0.2.200;to-tag=a;from-tag=caller1"]
)
def test_invite_that_replaces_no_call_of_ours_is_481(named: str) -> None:
    """RFC 3891 §3."""
    world, _, east, west, _, _ = two_calls()
    joining = Caller(world, ("192.0.2.201", 5060))
    joining.call(replaces=named)
    world.run(6)
    assert joining.statuses() == [481]
    assert len(east.requests("INVITE")) == len(west.requests("INVITE")) == 1


@pytest.mark.parametrize("named", ["x", "x;to-tag=1", "x;from-tag=1", ";to-tag=1;from-tag=2"])
def test_replaces_that_names_nothing_is_400(named: str) -> None:
    world = World(policy())
    caller = Caller(world)
    caller.call(replaces=named)
    world.run(1)
    assert caller.statuses() == [400]


def test_two_replaces_are_400() -> None:
    """RFC 3891 §3."""
    world, caller, _, _, _, second = two_calls()
    named = named_by_caller(second)
    caller.call(replaces=f"{named}\r\nReplaces: {named}")
    world.run(6)
    assert caller.statuses()[-1] == 400


def test_replaces_in_a_call_does_not_cross() -> None:
    world, caller, east, _, first, second = two_calls()
    caller.say("INVITE", first, 2, replaces=named_by_caller(second))
    world.run(6)
    assert east.requests("INVITE")[-1].headers.first(b"replaces") is None


def test_call_that_is_set_up_can_be_replaced() -> None:
    """An early dialog has a name too (RFC 3891 §3); `early-only` is for whoever is named."""
    world = World(policy())
    east = Phone(world, EAST, (0.1, 180))
    caller = Caller(world)
    caller.call()
    world.run(1)
    early = named_by_caller(caller.last(180)) + ";early-only"
    joining = Caller(world, ("192.0.2.201", 5060))
    joining.call(replaces=early)
    world.run(2)
    first, second = east.requests("INVITE")
    expected = b"%s;to-tag=%s;from-tag=%s;early-only"
    tags = (first.call_id, east.tag.encode(), first.from_.tag)
    assert second.headers.lines(b"replaces") == [expected % tags]


def test_replaces_is_read_in_any_order_of_its_parameters() -> None:
    said = parse_replaces(b" a@b ;from-tag=1;early-only; to-tag=2")
    assert (said.call_id, said.to_tag, said.from_tag) == (b"a@b", b"2", b"1")
    assert said.encode() == b"a@b;to-tag=2;from-tag=1;early-only"
    with pytest.raises(Malformed):
        parse_replaces(b"a@b;to-tag;from-tag=1")
