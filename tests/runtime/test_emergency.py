"""Calls to an emergency service (RFC 5031), and those with a priority (RFC 4412)."""

from __future__ import annotations

import pytest

from runtime.phones import Phone
from runtime.world import EAST, SIPFO, WEST, Callee, Caller, World, policy
from sipfo.plan.model import Limit, NumberPrefix
from sipfo.runtime.emergency import is_emergency
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Request, parse


def call_for_help(caller: Caller, name: str = "urn:service:sos", **fields: str) -> None:
    """Place a call by the name of a service."""
    n, host = next(caller.calls), caller.address[0]
    lines = [
        f"INVITE {name} SIP/2.0",
        f"Via: SIP/2.0/UDP {host}:5060;branch=z9hG4bKhelp{n};rport",
        f"From: <sip:ann@{host}>;tag=help{n}",
        f"To: <{name}>",
        f"Call-ID: help{n}@{host}",
        "CSeq: 1 INVITE",
        f"Contact: <sip:ann@{host}:5060>",
        *(f"{field}: {value}" for field, value in fields.items()),
    ]
    invite = parse("\r\n".join(lines).encode() + b"\r\n\r\n")
    assert isinstance(invite, Request)
    caller.invite = invite
    caller.world.deliver(invite, caller.address, SIPFO)


def test_name_of_the_service_goes_untouched_to_a_route() -> None:
    world = World(policy())
    east = Phone(world, EAST, (0.1, 200))
    caller = Caller(world)
    call_for_help(caller, "urn:service:sos.fire", geolocation="<cid:a@b>", priority="emergency")
    world.run(2)
    (invite,) = east.requests("INVITE")
    assert (invite.uri, invite.to.uri) == (b"urn:service:sos.fire", b"urn:service:sos.fire")
    assert invite.headers.lines(b"route") == [b"<sip:198.51.100.10;lr>"]
    assert invite.headers.lines(b"geolocation") == [b"<cid:a@b>"]
    assert caller.statuses() == [100, 200]
    assert world.calls[0].number == "sos"


def test_it_fails_over_like_any_call_and_ends_like_one() -> None:
    world = World(policy())
    Callee(world, EAST, (0, 503))
    west = Callee(world, WEST, (0.1, 180))
    caller = Caller(world)
    call_for_help(caller)
    world.after(2, caller.cancel)
    world.run(5)
    (cancel,) = west.requests("CANCEL")
    assert cancel.uri == b"urn:service:sos"
    assert cancel.headers.lines(b"route") == [b"<sip:198.51.100.20;lr>"]
    assert caller.statuses()[-1] == 487


def test_limit_of_a_trunk_does_not_refuse_it() -> None:
    plan = policy()
    trunk = plan.trunks[0].model_copy(update={"limit": Limit(calls=1)})
    world = World(plan.model_copy(update={"trunks": (trunk,)}))
    Phone(world, EAST, (0.1, 200))
    caller = Caller(world)
    caller.call()
    world.run(2)
    caller.call()
    world.run(3)
    assert caller.statuses()[-1] == 503
    call_for_help(caller)
    world.run(5)
    assert caller.statuses()[-1] == 200


def test_target_that_asked_to_be_left_alone_is_tried_all_the_same() -> None:
    world = World(policy())
    east = Callee(world, EAST, (0, 503, {"retry_after": "60"}))
    Callee(world, WEST, (0, 486))
    caller = Caller(world)
    caller.call()
    world.run(1)
    assert len(east.requests("INVITE")) == 1
    caller.call()
    world.run(2)
    assert len(east.requests("INVITE")) == 1
    call_for_help(caller)
    world.run(3)
    assert len(east.requests("INVITE")) == 2


def test_no_trunk_of_numbers_has_it() -> None:
    plan = policy()
    numbers = (NumberPrefix(prefix="+1"),)
    trunk = plan.trunks[0].model_copy(update={"numbers": numbers})
    world = World(plan.model_copy(update={"trunks": (trunk,)}))
    caller = Caller(world)
    call_for_help(caller)
    world.run(2)
    assert caller.statuses() == [404]


def test_whoever_may_place_no_call_may_not_place_this_one() -> None:
    world = World(policy())
    stranger = Caller(world, ("198.18.0.1", 5060))
    call_for_help(stranger)
    world.run(2)
    assert stranger.statuses() == [403]


@pytest.mark.parametrize("uri", ["urn:service:counseling", "tel:112", "urn:service:sosx"])
def test_any_other_scheme_is_416(uri: str) -> None:
    """RFC 3261 §8.2.2.1."""
    world = World(policy())
    caller = Caller(world)
    call_for_help(caller, uri)
    world.run(2)
    assert caller.statuses() == [416]


def test_priority_crosses_on_requests_and_responses() -> None:
    """RFC 4412 §3: as it is said, several namespaces too."""
    world = World(policy())
    east = Phone(world, EAST, (0.1, 200, {"accept_resource_priority": "dsn.flash"}))
    caller = Caller(world)
    caller.call(resource_priority="dsn.flash, wps.3", require="resource-priority")
    world.run(2)
    invite = east.requests("INVITE")[0]
    assert invite.headers.lines(b"resource-priority") == [b"dsn.flash, wps.3"]
    assert invite.headers.all(b"require") == [b"resource-priority"]
    assert caller.last(200).headers.lines(b"accept-resource-priority") == [b"dsn.flash"]


def test_service_names_are_read_without_regard_to_case() -> None:
    assert is_emergency(Request("INVITE", b"URN:service:SOS.police", Headers()))
    assert not is_emergency(Request("INVITE", b"urn:service:sos.", Headers()))
