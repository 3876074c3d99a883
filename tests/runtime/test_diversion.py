"""Forwarded and redirected calls (RFC 5806, RFC 7044, RFC 3261 §21.3)."""

from __future__ import annotations

import pytest

from runtime.phones import Phone
from runtime.world import EAST, NORTHSTAR, SDP, WEST, Callee, Caller, World, policy
from sipfo.plan.model import Accept
from sipfo.runtime.diversion import diversions
from sipfo.runtime.record import Notice
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


@pytest.mark.parametrize(
    ("script", "word", "cause", "status"),
    [
        ((0, 503), "unavailable", 503, 503),
        ((0, 486), "user-busy", 486, 486),
        ((0, 600), "user-busy", 486, 600),
        ((0, 480), "unavailable", 503, 480),
        ((0, 404), "unknown", 404, 404),
        ((0, 408), "no-answer", 408, 408),
        ((0, 180), "no-answer", 408, 408),  # it rings, and nobody picks up
        ((0, 100), "unavailable", 503, 408),  # nothing but 100
        (None, "unavailable", 503, 503),  # nobody there
    ],
)
def test_the_reason_is_how_the_last_attempt_ended(
    script: tuple[float, int] | None, word: str, cause: int, status: int
) -> None:
    """RFC 5806 §3.2, RFC 4458 §2, RFC 7544 §5; a timeout counts as 408 (RFC 7044 §10.2)."""
    world = World(
        policy(
            carriers=NORTH,
            routes={"pbx-east": (f"sip:{EAST[0]}",)},
            egress=("us.primary",),
            failover=(404, 408, 480, 486, 503, 600),
            commit=(),
            no_progress=1,
            no_answer=2,
        )
    )
    if script is not None:
        Callee(world, EAST, script)
    carrier = Phone(world, NORTHSTAR, (0, 200))
    Caller(world).call()
    world.run(5)
    (invite,) = carrier.requests("INVITE")
    (said,) = invite.headers.lines(b"diversion")
    assert said.partition(b">")[2] == f";reason={word};counter=1".encode()
    first, second = invite.headers.all(b"history-info")
    assert f"?Reason=SIP%3Bcause%3D{status}>;index=1".encode() in first
    assert f";cause={cause}>;index=1.1;mp=1".encode() in second


def test_a_trunk_that_always_forwards_does_so_unconditionally() -> None:
    """RFC 5806 §3.2, RFC 4458 §2."""
    plan = policy(carriers=NORTH)
    own = plan.trunks[0].forward
    assert own is not None
    trunk = plan.trunks[0].model_copy(update={"forward": own.model_copy(update={"always": True})})
    world = World(plan.model_copy(update={"trunks": (trunk,)}))
    carrier = Phone(world, NORTHSTAR, (0, 200))
    Caller(world).call()
    world.run(3)
    (invite,) = carrier.requests("INVITE")
    assert b";reason=unconditional;counter=1" in invite.headers.lines(b"diversion")[0]
    assert b";cause=302>;index=1.1;mp=1" in invite.headers.all(b"history-info")[1]


def test_each_carrier_is_a_branch_with_an_index_of_its_own() -> None:
    """RFC 7044 §10.3, 5: "with each new request having a unique index"."""
    baltic = ("203.0.113.10", 5060)
    world = World(policy(carriers={**NORTH, "baltic": f"sip:{baltic[0]}"}))
    Callee(world, EAST, (0, 503))
    Callee(world, WEST, (0, 503))
    phones = [Phone(world, NORTHSTAR, (0, 480)), Phone(world, baltic, (0, 200))]
    Caller(world).call()
    world.run(3)
    last = [one.requests("INVITE")[0].headers.all(b"history-info")[-1] for one in phones]
    assert [one.partition(b">")[2] for one in last] == [b";index=1.1;mp=1", b";index=1.2;mp=1"]


@pytest.mark.parametrize(
    ("brought", "added"),
    [
        (
            ["<sip:+13125550123@192.0.2.10>;index=1"],
            ["<sip:+13125550000@203.0.113.9;cause=503>;index=1.1;mp=1"],
        ),
        (
            ["<sip:a@b>;index=1", "<sip:13125550123@pbx;user=phone>;index=1.2;np=1"],
            ["<sip:+13125550000@203.0.113.9;cause=503>;index=1.2.1;mp=1.2"],
        ),
        (  # whoever sent it kept no history: what it asked for is missing (§9.1; §10.3, 6)
            ["<sip:a@b>;index=1", "<sip:+1999@c>;index=1.1"],
            [
                "<sip:+13125550123@192.76.120.10:5060?Reason=SIP%3Bcause%3D503>;index=1.1.0.1",
                "<sip:+13125550000@203.0.113.9;cause=503>;index=1.1.0.1.1;mp=1.1.0.1",
            ],
        ),
        (
            ["<sip:+13125550123@192.0.2.10>"],
            [
                "<sip:+13125550123@192.76.120.10:5060?Reason=SIP%3Bcause%3D503>;index=1",
                "<sip:+13125550000@203.0.113.9;cause=503>;index=1.1;mp=1",
            ],
        ),
    ],
)
def test_history_goes_on_after_what_the_caller_brought(
    brought: list[str], added: list[str]
) -> None:
    (invite,), _ = forwarded(history_info=", ".join(brought))
    found = [one.decode() for one in invite.headers.all(b"history-info")]
    assert found == [*brought, *added]


@pytest.mark.parametrize("privacy", ["history", "header", "id; history"])
def test_history_that_is_to_stay_private_is_not_begun(privacy: str) -> None:
    """RFC 7044 §10.1.2; Diversion has a parameter for it (RFC 5806 §3.3, RFC 7544 §5)."""
    (invite,), _ = forwarded(privacy=privacy)
    assert invite.headers.all(b"history-info") == []
    assert invite.headers.lines(b"diversion") == [
        b"<sip:+13125550123@192.76.120.10:5060>;reason=unavailable;counter=1;privacy=full"
    ]


# A call that comes back.


def dialled_forward(number: str | None = None) -> World:
    """Both routes fail; then the carrier is sent the number that was dialled."""
    plan = policy(carriers=NORTH)
    own = plan.trunks[0].forward
    assert own is not None
    trunk = plan.trunks[0].model_copy(
        update={
            "forward": own.model_copy(update={"number": number}),
            "accept": Accept(networks=("192.0.2.128/25", "203.0.113.0/24")),
        }
    )
    world = World(plan.model_copy(update={"trunks": (trunk,)}))
    Callee(world, EAST, (0, 503))
    Callee(world, WEST, (0, 503))
    return world


def test_a_call_to_the_dialled_number_is_no_diversion() -> None:
    world = dialled_forward()
    carrier = Phone(world, NORTHSTAR, (0, 200))
    caller = Caller(world)
    caller.call("+13125550123", SDP, diversion="<sip:+15550001@old>;counter=9")
    world.run(3)
    (invite,) = carrier.requests("INVITE")
    assert invite.uri == b"sip:+13125550123@203.0.113.9"
    assert invite.headers.lines(b"diversion") == [b"<sip:+15550001@old>;counter=9"]
    assert invite.headers.all(b"history-info") == []
    assert caller.statuses()[-1] == 200


def test_a_call_that_its_carrier_brings_back_is_482() -> None:
    """RFC 3261 §16.3: the carrier is a back-to-back user agent, and nothing of our Via is left."""
    world = dialled_forward()
    Phone(world, NORTHSTAR, (5, 480))
    caller, carrier = Caller(world), Caller(world, ("203.0.113.77", 5060))
    caller.call("+13125550123")
    world.run(2)
    carrier.call("+13125550123", SDP, **{"from": "<sip:+13125550001@north.example>;tag=n"})
    world.run(3)
    assert carrier.statuses() == [482]
    notices = [one.text for one in world.records if isinstance(one, Notice)]
    assert notices == ["482 to 203.0.113.77: loop: a carrier brings back the call that it was sent"]
    world.run(10)
    assert len(world.engine.tenure.grounds.loops) == 0
    carrier.call("+13125550123", SDP, **{"from": "<sip:+13125550001@north.example>;tag=m"})
    world.run(11)
    assert 482 not in carrier.statuses()[1:]  # the first call waits there no more


@pytest.mark.parametrize(
    ("number", "caller"),
    [
        ("+13125550124", "+13125550001"),
        ("+13125550123", "+13125550002"),
        ("+13125550123", "anonymous"),
    ],
)
def test_another_call_meanwhile_is_no_loop(number: str, caller: str) -> None:
    world = dialled_forward()
    Phone(world, NORTHSTAR, (5, 480))
    Caller(world).call("+13125550123")
    world.run(2)
    other = Caller(world, ("203.0.113.77", 5060))
    other.call(number, SDP, **{"from": f"<sip:{caller}@north.example>;tag=n"})
    world.run(3)
    assert 482 not in other.statuses()


def test_who_calls_again_from_where_he_called_is_no_loop() -> None:
    world = dialled_forward()
    Phone(world, NORTHSTAR, (5, 480))
    caller = Caller(world)
    caller.call("+13125550123")
    world.run(2)
    caller.call("+13125550123")
    world.run(3)
    assert 482 not in caller.statuses()


def test_a_call_that_is_answered_waits_nowhere() -> None:
    world = dialled_forward()
    Phone(world, NORTHSTAR, (0, 200))
    Caller(world).call("+13125550123")
    world.run(2)
    assert len(world.engine.tenure.grounds.loops) == 0
    other = Caller(world, ("203.0.113.77", 5060))
    other.call("+13125550123", SDP)
    world.run(4)
    assert other.statuses()[-1] == 200


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"diversion": "<sip:+13125550123@192.76.120.10:5060>;reason=unavailable;counter=1"}, 482),
        ({"diversion": "<sip:x@y>, <sip:13125550123@64.16.250.10>;reason=no-answer"}, 482),
        ({"diversion": "<sip:+13125550124@192.76.120.10:5060>;counter=1"}, 200),  # another number
        ({"diversion": "<sip:+13125550123@198.51.100.1>;counter=1"}, 200),  # somebody else's
        ({"diversion": "nonsense, <>"}, 200),
        (
            {
                "history-info": "<sip:+13125550123@192.76.120.10:5060?Reason=SIP%3Bcause%3D503>"
                ";index=1, <sip:+1999@n;cause=503>;index=1.1;mp=1"
            },
            482,
        ),
        # It was here, and somebody before us tries us again: nobody has sent it on.
        (
            {"history-info": "<sip:+13125550123@192.76.120.10?Reason=SIP%3Bcause%3D503>;index=1.1"},
            200,
        ),
        ({"history-info": "<sip:+1312@c>;index=1;mp=9, x"}, 200),
    ],
)
def test_a_call_that_we_have_diverted_from_this_number_is_482(
    fields: dict[str, str], status: int
) -> None:
    world = World(policy(carriers=NORTH))
    Callee(world, EAST, (0, 200))
    caller = Caller(world)
    caller.call("+13125550123", SDP, **fields)
    world.run(3)
    assert caller.statuses()[-1] == status


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
