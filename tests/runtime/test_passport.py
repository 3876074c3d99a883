"""The caller's signed identity on its way (RFC 8224)."""

from __future__ import annotations

import pytest

from runtime.phones import Phone
from runtime.world import EAST, SDP, WEST, Callee, Caller, World, policy
from sipfo.runtime.record import Notice

SIGNED = (
    "eyJhbGciOiJFUzI1NiJ9.eyJpYXQiOiIxIn0.c2ln;info=<https://c.example/a.cer>;alg=ES256;ppt=shaken"
)


def hunt(seconds: float, **fields: str) -> tuple[World, Phone]:
    """A call that pbx-east lets ring for so long before pbx-west answers it."""
    world = World(policy(commit=(), no_answer=seconds))
    Callee(world, EAST, (0.1, 180))
    phone = Phone(world, WEST, (0.1, 200))
    Caller(world).call("+13125550123", SDP, **fields)
    world.run(seconds + 10)
    return world, phone


def stale_notices(world: World) -> list[str]:
    return [one.text for one in world.records if isinstance(one, Notice) and "Identity" in one.text]


@pytest.mark.parametrize("name", ["identity", "y"])
def test_identity_crosses_bit_by_bit(name: str) -> None:
    _, phone = hunt(1, **{name: SIGNED})
    assert phone.requests("INVITE")[0].headers.lines(b"identity") == [SIGNED.encode()]


def test_signed_from_and_date_cross_with_it() -> None:
    """RFC 8224 §4.1: a signature over another From would be refused."""
    _, phone = hunt(1, identity=SIGNED, date="Tue, 24 Nov 2026 02:00:00 GMT")
    invite = phone.requests("INVITE")[0]
    assert invite.from_.uri == b"sip:+13125550001@192.0.2.200"
    assert invite.headers.lines(b"date") == [b"Tue, 24 Nov 2026 02:00:00 GMT"]


def test_several_identities_cross_in_their_order() -> None:
    """RFC 8946: `div` stands beside the first."""
    _, phone = hunt(1, identity=f"{SIGNED}\r\nIdentity: second")
    assert phone.requests("INVITE")[0].headers.lines(b"identity") == [SIGNED.encode(), b"second"]


def test_hunt_that_outlives_the_identity_is_noted_once() -> None:
    world = World(policy(commit=(), no_answer=35))
    Callee(world, EAST, (0.1, 180))
    Callee(world, WEST, (0.1, 180))
    Caller(world).call(identity=SIGNED)
    world.run(200)
    assert len(world.attempts) == 4
    assert len(stale_notices(world)) == 1


@pytest.mark.parametrize(("seconds", "fields"), [(50, {"identity": SIGNED}), (70, {})])
def test_nothing_is_noted_of_a_fresh_one_or_of_none(seconds: float, fields: dict[str, str]) -> None:
    world, _ = hunt(seconds, **fields)
    assert stale_notices(world) == []


def test_refusal_of_an_identity_is_the_callers() -> None:
    """RFC 8224 §6.2.2: who signs can repair it, so 438 is told, not hunted over."""
    world = World(policy())
    Callee(world, EAST, (0.1, 438))
    west = Callee(world, WEST, (0, 200))
    caller = Caller(world)
    caller.call(identity=SIGNED)
    world.run(3)
    assert caller.statuses()[-1] == 438
    assert west.heard == []
