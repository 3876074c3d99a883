"""The whole engine where a route or carrier asks us for credentials: RFC 3261 §22, RFC 8760."""

from __future__ import annotations

import pytest

from runtime.passwords import Asking, notices, parameters, respond, with_auth, world_of
from runtime.phones import Phone
from runtime.world import EAST, NORTHSTAR, PRIMARY, WEST, Callee, Caller, World, policy
from sipfo.plan.model import Plan
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response

RINGS_AND_ANSWERS = ((0.1, 180), (1.0, 200))
T1_64 = 32.0


def with_east(plan: Plan | None = None) -> Plan:
    """A plan with an account of ours at pbx-east."""
    return with_auth(plan or policy(), "pbx-east")


def numbers(requests: list[Request]) -> list[int]:
    return [one.cseq.number for one in requests]


# The challenge is answered once, by the same transaction user, and nobody else hears of it.


@pytest.mark.parametrize("status", [401, 407])
def test_a_challenge_is_answered_and_the_caller_hears_nothing_of_it(status: int) -> None:
    world = world_of(with_east())
    east = Asking(world, EAST, *RINGS_AND_ANSWERS, status=status)
    caller = Caller(world)
    caller.call()
    world.run(40)
    assert caller.statuses() == [100, 180, 200]
    assert world.attempts == [("us.primary", "pbx-east", "200")]
    first, second = east.requests("INVITE")
    # "the same value of the Call-ID, To, and From" and a new CSeq (RFC 3261 §8.1.3.5)
    assert (first.call_id, first.from_, first.to) == (second.call_id, second.from_, second.to)
    assert (first.uri, first.body) == (second.uri, second.body)
    assert numbers([first, second]) == [1, 2]
    assert first.via.branch != second.via.branch
    assert east.credentials(first) == [] and east.is_right(second)
    assert numbers(east.requests("ACK"))[:2] == [1, 2]


def test_one_attempt_is_recorded_and_it_took_both_invites() -> None:
    world = world_of(with_east(policy(commit=())))
    east = Asking(world, EAST, (1.0, 200))
    east.asked_after = 0.5
    Caller(world).call()
    world.run(40)
    (call,) = world.calls
    (rung,) = call.ladder.attempts
    assert rung.outcome == "200" and rung.target == "udp:198.51.100.10:5060"
    assert rung.took == pytest.approx(1.54)


def test_the_strongest_algorithm_is_answered() -> None:
    world = world_of(with_east())
    east = Asking(world, EAST, (0, 200), algorithms=("MD5", "SHA-256", "SHA-999"))
    Caller(world).call()
    world.run(2)
    _, second = east.requests("INVITE")
    (said,) = map(parameters, east.credentials(second))
    assert said["algorithm"] == "SHA-256"
    assert (said["qop"], said["nc"], said["opaque"]) == ("auth", "00000001", "o")
    assert world.answered


def test_a_retransmitted_challenge_is_acknowledged_and_answered_once() -> None:
    world = world_of(with_east())
    east = Asking(world, EAST, (0, 100), (2.0, 200))
    Caller(world).call()
    world.run(1)
    first, _ = east.requests("INVITE")
    again = east.make(first, 407, proxy_authenticate='Digest realm="pbx.example", nonce="n9"')
    world.deliver(again, EAST, PRIMARY)
    world.run(5)
    assert numbers(east.requests("INVITE")) == [1, 2]
    assert numbers(east.requests("ACK")) == [1, 1, 2]


def test_a_nonce_that_is_stale_is_answered_once_more() -> None:
    world = world_of(with_east())
    east = Asking(world, EAST, (0, 200))
    east.stale = 1
    Caller(world).call()
    world.run(2)
    assert numbers(east.requests("INVITE")) == [1, 2, 3]
    assert [len(east.credentials(one)) for one in east.requests("INVITE")] == [0, 1, 1]
    assert world.attempts == [("us.primary", "pbx-east", "200")]


def test_a_target_that_says_stale_for_ever_is_answered_twice() -> None:
    world = world_of(with_east())
    east = Asking(world, EAST, (0, 200))
    east.stale = 1000
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert numbers(east.requests("INVITE")) == [1, 2, 3]
    assert world.attempts == [("us.primary", "pbx-east", "407")]
    assert caller.statuses() == [100, 407]


# What is not answered is the attempt's outcome.


def test_a_second_challenge_is_the_outcome() -> None:
    world = world_of(with_east(policy(failover=(407,))))
    east = Asking(world, EAST, (0, 200))
    east.password = "another"
    Callee(world, WEST, (0, 200))
    Caller(world).call()
    world.run(2)
    assert numbers(east.requests("INVITE")) == [1, 2]
    assert world.attempts == [("us.primary", "pbx-east", "407"), ("us.primary", "pbx-west", "200")]


def test_a_challenge_that_stands_is_not_the_callers_to_answer() -> None:
    world = world_of(with_east(policy(method="round-robin")))
    east = Asking(world, EAST, (0, 200))
    east.password = "another"
    Callee(world, WEST, (0, 200))
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert caller.statuses() == [100, 407]
    nonce = parameters(caller.last(407).headers.lines(b"proxy-authenticate")[0])["nonce"]
    world.records.clear()
    caller.call(proxy_authorization=f'Digest username="u", realm="x", nonce="{nonce}", uri="s"')
    world.run(4)
    assert world.attempts[0][:2] == ("us.primary", "pbx-west")  # a call like any other


@pytest.mark.parametrize(
    "challenge",
    [
        'Basic realm="pbx"',
        'Digest realm="pbx", nonce="n", algorithm=MD5-sess, qop="auth"',
        'Digest realm="pbx", nonce="n", qop="auth-int"',
        "Digest u",
    ],
)
def test_a_challenge_that_is_not_understood_is_the_outcome(challenge: str) -> None:
    world = world_of(with_east())
    east = Callee(world, EAST, (0, 401, {"www_authenticate": challenge}))
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert len(east.requests("INVITE")) == 1
    assert caller.statuses() == [100, 401]
    assert caller.last(401).headers.first(b"www-authenticate") == challenge.encode()


def test_where_we_have_no_account_nothing_is_answered() -> None:
    world = world_of(with_auth(policy(failover=(407,)), "pbx-west"))
    east = Asking(world, EAST, (0, 200))
    west = Asking(world, WEST, (0, 200))
    Caller(world).call()
    world.run(2)
    assert (len(east.requests("INVITE")), len(west.requests("INVITE"))) == (1, 2)
    assert world.answered


# The password is for one realm of each target, and for no other host.


def test_another_realm_than_the_first_is_not_answered() -> None:
    world = world_of(with_east())
    east = Asking(world, EAST, (0, 200))
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert world.answered
    world.records.clear()
    east.realm = "elsewhere.example"
    caller.call()
    world.run(4)
    assert world.attempts == [("us.primary", "pbx-east", "407")]
    assert notices(world) == [
        "pbx-east at udp:198.51.100.10:5060 asks for another realm than before: not answered"
    ]
    assert not [value for one in east.requests("INVITE")[2:] for value in east.credentials(one)]
    world.records.clear()
    east.realm = "pbx.example"
    caller.call()
    world.run(6)
    assert world.answered  # the first realm is still good


def test_each_target_has_a_realm_of_its_own() -> None:
    plan = with_auth(policy(), "pbx-east", "pbx-west")
    world = world_of(plan)
    Asking(world, EAST, (0, 503), realm="east.example")
    Asking(world, WEST, (0, 200), realm="west.example")
    Caller(world).call()
    world.run(2)
    assert world.attempts == [("us.primary", "pbx-east", "503"), ("us.primary", "pbx-west", "200")]


# An INVITE that is wanted back (RFC 3261 §9.1): there is an INVITE, and nothing heard of it.


def challenged(*script: tuple[float, int]) -> tuple[World, Caller, Asking]:
    """A call of which the first INVITE is challenged after half a second."""
    world = world_of(with_east())
    east = Asking(world, EAST, *script)
    east.before = ((0.1, 100),)
    east.asked_after = 0.5
    caller = Caller(world)
    caller.call()
    return world, caller, east


def test_a_caller_who_leaves_during_the_retry_waits_for_its_provisional() -> None:
    world, caller, east = challenged((1.0, 180))
    world.run(0.8)
    assert numbers(east.requests("INVITE")) == [1, 2]
    caller.cancel()
    world.run(1.4)
    assert east.requests("CANCEL") == []  # the 100 was for the other INVITE
    world.run(40)
    (cancel,) = east.requests("CANCEL")
    assert cancel.via.branch == east.requests("INVITE")[1].via.branch
    assert cancel.cseq.number == 2
    assert caller.statuses() == [100, 200, 487]
    assert world.engine.calls_alive == 0


def test_a_retry_that_nothing_is_heard_of_is_never_cancelled() -> None:
    world, caller, east = challenged()
    world.run(0.8)
    caller.cancel()
    world.run(0.8 + T1_64 + 10)
    assert east.requests("CANCEL") == []
    assert caller.statuses() == [100, 200, 487]
    assert world.engine.calls_alive == 0


def test_a_challenge_that_crosses_the_cancel_is_not_answered() -> None:
    world, caller, east = challenged()
    world.run(0.3)
    caller.cancel()
    world.run(40)
    assert numbers(east.requests("INVITE")) == [1]
    assert len(east.requests("CANCEL")) == 1
    assert numbers(east.requests("ACK")) == [1]
    assert caller.statuses() == [100, 200, 487]
    assert world.engine.calls_alive == 0


def test_an_answer_to_the_retry_of_a_caller_who_left_is_acknowledged_and_ended() -> None:
    world, caller, east = challenged((1.0, 200))
    world.run(0.8)
    caller.cancel()
    world.run(40)
    assert caller.statuses() == [100, 200, 487]
    ack, (bye,) = east.requests("ACK")[-1], east.requests("BYE")
    assert ack.cseq.number == 2 and bye.cseq.number == 3
    assert east.credentials(ack) == east.credentials(east.requests("INVITE")[1])
    assert bye.to.tag == east.tag.encode()
    assert len(world.engine.core.transactions) == 0


# The attempt's timers go on as if there had been no challenge.


def test_silence_after_a_challenge_is_a_no_response_at_its_time() -> None:
    world = world_of(with_east(policy(no_response=4.0)))
    east = Asking(world, EAST)
    east.asked_after = 3.0
    Callee(world, WEST, (0, 200))
    Caller(world).call()
    world.run(10)
    assert world.attempts == [
        ("us.primary", "pbx-east", "no-response"),
        ("us.primary", "pbx-west", "200"),
    ]
    assert world.calls[0].ladder.attempts[0].took == pytest.approx(4.0)


def test_a_challenge_after_the_attempt_was_given_up_is_not_answered() -> None:
    world = world_of(with_east(policy(no_response=1.0)))
    east = Asking(world, EAST, (0, 200))
    east.asked_after = 2.0
    Callee(world, WEST, (0, 200))
    Caller(world).call()
    world.run(40)
    assert set(numbers(east.requests("INVITE"))) == {1}  # sent again by Timer A alone
    assert set(numbers(east.requests("ACK"))) == {1}
    assert world.attempts == [
        ("us.primary", "pbx-east", "no-response"),
        ("us.primary", "pbx-west", "200"),
    ]


def test_a_transport_that_fails_under_the_retry_is_a_transport_error() -> None:
    world = world_of(with_east())
    Asking(world, EAST, (0, 200))

    def goes_away(flow: Flow, data: bytes) -> bool:
        if data.startswith(b"INVITE") and b"CSeq: 2 " in data:
            del world.peers[EAST]
        return False

    world.lose = goes_away
    Callee(world, WEST, (0, 200))
    Caller(world).call()
    world.run(10)
    assert world.attempts == [
        ("us.primary", "pbx-east", "transport-error"),
        ("us.primary", "pbx-west", "200"),
    ]


def test_ringing_and_then_a_challenge_makes_a_new_early_dialog() -> None:
    world = world_of(with_east(policy(no_answer=3.0)))
    east = Asking(world, EAST, (0.2, 183), (0.4, 200))
    east.before = ((0.1, 180),)
    east.asked_after = 0.5
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert caller.statuses() == [100, 180, 183, 200]
    tags = [one.to.tag for _, one in caller.heard if isinstance(one, Response) and one.status > 100]
    assert tags[0] != tags[1] == tags[2]
    # The early dialog of the INVITE that is over is over too.
    caller.say("INFO", caller.last(180), 2)
    world.run(3)
    assert caller.statuses()[-1] == 481
    assert world.attempts == [("us.primary", "pbx-east", "200")]


def test_the_no_answer_timer_is_not_begun_anew_by_a_challenge() -> None:
    world = world_of(with_east(policy(commit=(), no_answer=3.0)))
    east = Asking(world, EAST, (0.1, 180))
    east.before = ((0.1, 180),)
    east.asked_after = 2.0
    Callee(world, WEST, (0, 200))
    Caller(world).call()
    world.run(10)
    first, second = world.calls[0].ladder.attempts
    assert (first.outcome, second.outcome) == ("no-answer", "200")
    # Heard after 0.12 s and again after 2.14 s: what is told again says nothing new.
    assert first.took == pytest.approx(3.12)


# What the caller sent along.


def test_the_callers_credentials_for_the_same_realm_give_way_and_others_stay() -> None:
    world = world_of(with_east())
    east = Asking(world, EAST, (0, 200))
    theirs = 'Digest username="u", realm="pbx.example", nonce="x", uri="s", response="0"'
    others = theirs.replace("pbx", "other")
    caller = Caller(world)
    caller.call(proxy_authorization=f"{theirs}\r\nproxy-authorization: {others}")
    world.run(2)
    first, second = east.requests("INVITE")
    assert east.credentials(first) == [theirs.encode(), others.encode()]
    kept, ours = east.credentials(second)
    assert kept == others.encode() and parameters(ours)["username"] == "acme"


# Carriers.


def test_a_carrier_has_its_account_and_is_asked_for_the_shaped_number() -> None:
    plan = with_auth(policy(carriers={"northstar": f"sip:{NORTHSTAR[0]}"}), "northstar")
    world = world_of(plan)
    for place in (EAST, WEST):
        Callee(world, place, (0, 503))
    north = Asking(world, NORTHSTAR, (0, 200))
    Caller(world).call()
    world.run(4)
    assert world.answered
    _, second = north.requests("INVITE")
    (said,) = map(parameters, north.credentials(second))
    assert said["uri"] == second.uri.decode() == f"sip:+13125550000@{NORTHSTAR[0]}"
    assert said["response"] == respond(said, north.password, "INVITE")


def test_who_asks_nothing_gets_no_credentials() -> None:
    world = world_of(with_east())
    east = Phone(world, EAST, (0.1, 200))
    Caller(world).call()
    world.run(2)
    assert world.answered
    assert not [
        field
        for one in [*east.requests("INVITE"), *east.requests("ACK")]
        for field in (b"authorization", b"proxy-authorization")
        if one.headers.lines(field)
    ]
