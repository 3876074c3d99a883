"""Forwarded and redirected calls (RFC 5806, RFC 7044, RFC 3261 §21.3)."""

from __future__ import annotations

import pytest

from runtime.phones import Phone
from runtime.world import EAST, NORTHSTAR, SDP, WEST, Callee, Caller, World, policy
from sipfo.runtime.diversion import diversions
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Request

NORTH = {"northstar": f"sip:{NORTHSTAR[0]}"}


def forwarded(**fields: str) -> tuple[list[Request], list[int]]:
    """The INVITEs that the carrier got, once both routes had failed; what the caller was told."""
    world = World(policy(carriers=NORTH))
    Callee(world, EAST, (0, 503))
    Callee(world, WEST, (0, 503))
    carrier = Phone(world, NORTHSTAR, (0, 200))
    caller = Caller(world)
    caller.call("+13125550123", SDP, **fields)
    world.run(3)
    return carrier.requests("INVITE"), caller.statuses()


def test_number_that_was_dialled_goes_to_the_carrier() -> None:
    """RFC 5806 §4, RFC 7044 §10."""
    (invite,), _ = forwarded()
    assert invite.uri == b"sip:+13125550000@203.0.113.9"
    assert invite.headers.lines(b"diversion") == [
        b"<sip:+13125550123@192.76.120.10:5060>;reason=unavailable;counter=1"
    ]
    assert invite.headers.all(b"history-info") == [
        b"<sip:+13125550123@192.76.120.10:5060?Reason=SIP%3Bcause%3D503>;index=1",
        b"<sip:+13125550000@203.0.113.9;cause=503>;index=1.1;mp=1",
    ]


def test_routes_are_not_told_of_a_diversion_that_has_not_happened() -> None:
    world = World(policy(carriers=NORTH))
    east = Phone(world, EAST, (0, 200))
    Caller(world).call()
    world.run(2)
    for name in (b"diversion", b"history-info"):
        assert east.requests("INVITE")[0].headers.first(name) is None


def test_earlier_diversions_stand_after_ours() -> None:
    (invite,), _ = forwarded(diversion="<sip:+15550001@old>;reason=no-answer;counter=2")
    assert invite.headers.lines(b"diversion")[1:] == [
        b"<sip:+15550001@old>;reason=no-answer;counter=2"
    ]


@pytest.mark.parametrize(
    ("said", "goes"),
    [
        ("<sip:a@b>;counter=4", True),
        ("<sip:a@b>;counter=5", False),
        ("<sip:a@b>, <sip:c@d>;reason=user-busy, <sip:e@f>;counter=3", False),
        ("<sip:a@b>;counter=x, <sip:c@d>", True),
    ],
)
def test_call_that_was_diverted_often_enough_is_not_forwarded_again(said: str, goes: bool) -> None:
    """Two networks that forward to each other would go on by Max-Forwards alone."""
    invites, statuses = forwarded(diversion=said)
    assert bool(invites) is goes
    assert (statuses[-1] == 200) is goes


def test_diversions_are_counted_by_their_counters() -> None:
    lines = [b"<sip:a@b>;counter=2;reason=deflection", b'<sip:c@d>;counter="3", <sip:e@f>']
    assert diversions(Headers([(b"diversion", line) for line in lines])) == 6
    assert diversions(Headers()) == 0


# Redirection: nothing is called because a 3xx says so.


def test_redirection_goes_to_the_caller_with_where_to() -> None:
    """RFC 3261 §21.3: who follows it, decides whom to pay for."""
    world = World(policy())
    Callee(world, EAST, (0.1, 302, {"contact": "<sip:+19005550000@198.51.100.99>"}))
    elsewhere = Phone(world, ("198.51.100.99", 5060), (0, 200))
    caller = Caller(world)
    caller.call()
    world.run(3)
    contacts = caller.last(302).headers.lines(b"contact")
    assert b"<sip:+19005550000@198.51.100.99>" in contacts
    assert elsewhere.heard == []


def test_redirection_fails_over_where_the_policy_says_so() -> None:
    world = World(policy(failover=(302,)))
    Callee(world, EAST, (0.1, 302, {"contact": "<sip:x@198.51.100.99>"}))
    Phone(world, WEST, (0.1, 200))
    elsewhere = Phone(world, ("198.51.100.99", 5060), (0, 200))
    caller = Caller(world)
    caller.call()
    world.run(3)
    assert [outcome for _, _, outcome in world.attempts] == ["302", "200"]
    assert elsewhere.heard == []


def test_redirection_inside_a_call_is_the_ends_own() -> None:
    world = World(policy())
    east = Phone(world, EAST, (0.1, 200))
    caller = Caller(world)
    caller.call()
    world.run(2)
    east.script = ((0.1, 302),)
    caller.say("INVITE", caller.last(200), 2)
    world.run(3)
    assert caller.statuses()[-1] == 302
    assert world.engine.calls_alive == 1
