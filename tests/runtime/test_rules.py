"""What an engine must get right: each rule a test by name, on the whole engine in virtual time."""

from __future__ import annotations

import pytest

from runtime.world import (
    EAST,
    LATENCY,
    NORTHSTAR,
    PRIMARY,
    SDP,
    SECONDARY,
    WEST,
    Callee,
    Caller,
    World,
    policy,
)
from sipfo.runtime.locate import Target
from sipfo.runtime.sip.message import Request, Response

T1_64 = 32.0


def answered(world: World) -> bool:
    return [call.ladder.result.kind for call in world.calls] == ["answered"]


# Fast failover before any 1xx must not CANCEL; the zombie stays until Timer B.


def test_no_cancel_before_a_provisional() -> None:
    world = World(policy())
    caller = Caller(world)
    world.silent.add(EAST)
    Callee(world, WEST, (0.1, 200))
    caller.call()
    world.run(40)
    assert world.attempts == [
        ("us.primary", "pbx-east", "no-response"),
        ("us.primary", "pbx-west", "200"),
    ]
    assert world.sent_to(EAST, "CANCEL") == []


def test_given_up_transaction_stays_until_timer_b() -> None:
    world = World(policy())
    caller = Caller(world)
    world.silent.add(EAST)
    Callee(world, WEST, (0.1, 200))
    caller.call()
    world.run(60)
    times = [
        at
        for at, flow, message in world.sent
        if flow.remote == EAST and isinstance(message, Request) and message.method == "INVITE"
    ]
    started = times[0]
    assert [round(at - started, 3) for at in times] == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]


def test_late_1xx_of_a_zombie_gets_cancel() -> None:
    world = World(policy())
    caller = Caller(world)
    east = Callee(world, EAST, (6, 180))
    Callee(world, WEST, (0.1, 200))
    caller.call()
    world.run(40)
    assert answered(world)
    assert len(east.requests("CANCEL")) >= 1
    cancel, invite = east.requests("CANCEL")[0], east.requests("INVITE")[0]
    assert cancel.via.branch == invite.via.branch
    assert cancel.uri == invite.uri
    assert cancel.cseq.number == invite.cseq.number
    assert caller.statuses().count(180) == 0


def test_late_2xx_of_a_zombie_gets_ack_and_bye() -> None:
    world = World(policy())
    caller = Caller(world)
    east = Callee(world, EAST, (6, 200))
    Callee(world, WEST, (0.1, 200))
    caller.call()
    world.run(20)
    assert [m.method for _, m in east.heard if isinstance(m, Request)][-2:] == ["ACK", "BYE"]
    assert east.requests("BYE")[0].to.tag == east.tag.encode()
    assert caller.statuses().count(200) == 1


def test_2xx_after_timer_b_gets_ack_and_bye_too() -> None:
    world = World(policy())
    Caller(world).call()
    east = Callee(world, EAST, (T1_64 + 10, 200))
    Callee(world, WEST, (0.1, 200))
    world.run(60)
    assert len(east.requests("BYE")) == 1


def test_cancelled_attempt_without_final_is_destroyed_after_64_t1() -> None:
    """Do not rely on 487 (RFC 3261 §9.1)."""
    world = World(policy(no_progress=2))
    caller = Caller(world)

    class Rfc2543(Callee):
        def request(self, request: Request, source: tuple[str, int]) -> None:
            if request.method == "INVITE":
                super().request(request, source)

    Rfc2543(world, EAST, (0.1, 100))
    Callee(world, WEST, (0.1, 486))
    caller.call()
    world.run(120)
    assert world.engine.calls_alive == 0
    assert len(world.engine.core.transactions) == 0


# Three phases, three timers.


def test_nothing_heard_ends_by_no_response() -> None:
    world = World(policy())
    world.silent |= {EAST}
    Callee(world, WEST, (0, 486))
    Caller(world).call()
    world.run(10)
    assert world.attempts[0] == ("us.primary", "pbx-east", "no-response")


def test_100_alone_ends_by_no_progress() -> None:
    world = World(policy())
    Callee(world, EAST, (0.5, 100))
    Callee(world, WEST, (0, 486))
    Caller(world).call()
    world.run(15)
    assert world.attempts[0] == ("us.primary", "pbx-east", "no-progress")
    took = world.calls[0].ladder.attempts[0].took
    assert took == pytest.approx(0.5 + 2 * LATENCY + 8)


def test_ringing_ends_by_no_answer_and_a_chatty_183_does_not_extend_it() -> None:
    world = World(policy(commit=(), no_answer=20))
    east = Callee(world, EAST, *((float(second), 183) for second in range(1, 60, 5)))
    Callee(world, WEST, (0, 486))
    Caller(world).call()
    world.run(60)
    assert world.attempts[0] == ("us.primary", "pbx-east", "no-answer")
    assert world.calls[0].ladder.attempts[0].took == pytest.approx(21 + 2 * LATENCY)
    assert len(east.requests("CANCEL")) >= 1


def test_no_response_never_fires_after_a_1xx() -> None:
    world = World(policy(no_response=1))
    Callee(world, EAST, (0.9, 100), (3, 200))
    Caller(world).call()
    world.run(10)
    assert world.attempts == [("us.primary", "pbx-east", "200")]


# A timeout or transport error made here is not a 408 or 503 that came over the wire.


def test_local_timeout_is_told_apart_from_a_received_408() -> None:
    world = World(policy())
    world.silent.add(EAST)
    Callee(world, WEST, (0, 408))
    Caller(world).call()
    world.run(6)
    assert [outcome for _, _, outcome in world.attempts] == ["no-response", "408"]


def test_local_transport_error_is_told_apart_from_a_received_503() -> None:
    world = World(policy())
    Callee(world, WEST, (0, 503))
    Caller(world).call()
    world.run(1)
    assert [outcome for _, _, outcome in world.attempts][:2] == ["transport-error", "503"]


# Target failover and route failover are two layers.

NAMED = {"pbx": ("sip:pbx.example.com",), "pbx-west": (f"sip:{WEST[0]}",)}
TARGETS = (
    Target("udp", "198.51.100.31", 5060, "pbx.example.com"),
    Target("udp", "198.51.100.32", 5060, "pbx.example.com"),
)


@pytest.mark.parametrize("failure", ["503", "refused", "silent"])
def test_targets_of_a_route_are_tried_before_the_next_route(failure: str) -> None:
    world = World(policy(routes=NAMED), names={"pbx.example.com": TARGETS})
    first = (TARGETS[0].host, 5060)
    if failure == "503":
        Callee(world, first, (0, 503))
    elif failure == "silent":
        world.silent.add(first)
    second = Callee(world, (TARGETS[1].host, 5060), (0, 200))
    west = Callee(world, WEST, (0, 200))
    Caller(world).call()
    world.run(10)
    assert [route for _, route, _ in world.attempts] == ["pbx", "pbx"]
    assert len(second.requests("INVITE")) == 1
    assert west.requests("INVITE") == []


def test_policy_failover_goes_to_the_next_route_not_the_next_target() -> None:
    """RFC 3263 §4.3 does not count 480 as failure of a target."""
    world = World(policy(routes=NAMED), names={"pbx.example.com": TARGETS})
    Callee(world, (TARGETS[0].host, 5060), (0, 480))
    second = Callee(world, (TARGETS[1].host, 5060), (0, 200))
    Callee(world, WEST, (0, 200))
    Caller(world).call()
    world.run(10)
    assert [route for _, route, _ in world.attempts] == ["pbx", "pbx-west"]
    assert second.requests("INVITE") == []


def test_unresolvable_name_is_a_transport_error_at_once() -> None:
    world = World(policy(routes=NAMED))
    Callee(world, WEST, (0, 200))
    Caller(world).call()
    world.run(1)
    assert world.attempts[0] == ("us.primary", "pbx", "transport-error")
    assert answered(world)


# The caller is checked again after every await; a CANCEL that crosses wins.


def test_cancel_while_a_name_resolves_sends_no_invite() -> None:
    world = World(policy(routes=NAMED), names={"pbx.example.com": TARGETS})
    world.dns_takes = 1.0
    caller = Caller(world)
    caller.call()
    world.after(0.5, caller.cancel)
    world.run(40)
    assert not any(isinstance(m, Request) and m.method == "INVITE" for _, _, m in world.sent)
    assert caller.statuses() == [100, 200, 487]


def test_cancel_during_the_second_attempt() -> None:
    world = World(policy())
    caller = Caller(world)
    Callee(world, EAST, (0, 503))
    west = Callee(world, WEST, (0.1, 180))
    caller.call()
    world.after(2, caller.cancel)
    world.run(60)
    assert len(west.requests("CANCEL")) == 1
    assert caller.statuses() == [100, 180, 200, 487]
    assert [outcome for _, _, outcome in world.attempts] == ["503", "cancelled"]
    assert world.calls[0].ladder.result.kind == "cancelled"


def test_2xx_that_crosses_the_cancel_is_acknowledged_and_ended() -> None:
    world = World(policy())
    caller = Caller(world)
    east = Callee(world, EAST, (0.1, 180), (1.0, 200))
    caller.call()
    world.after(1.0, caller.cancel)
    world.run(60)
    assert caller.statuses() == [100, 180, 200, 487]
    assert len(east.requests("ACK")) == 1
    assert len(east.requests("BYE")) == 1


def test_cancel_after_the_answer_has_no_effect() -> None:
    world = World(policy())
    caller = Caller(world)
    east = Callee(world, EAST, (0, 200))
    caller.call()
    world.after(1.0, caller.cancel)
    world.run(10)
    assert answered(world)
    assert east.requests("CANCEL") == [] and east.requests("BYE") == []
    assert caller.statuses() == [100, 200, 200]


def test_bye_in_an_early_dialog_ends_the_hunt() -> None:
    """RFC 3261 §15: the caller may send BYE in an early dialog."""
    world = World(policy())
    caller = Caller(world)
    east = Callee(world, EAST, (0.1, 180))
    caller.call()
    world.after(1.0, lambda: caller.say("BYE", caller.last(180), 2))
    world.run(60)
    assert len(east.requests("CANCEL")) == 1
    assert 487 in caller.statuses()


def test_invite_expires_is_a_limit() -> None:
    world = World(policy())
    caller = Caller(world)
    east = Callee(world, EAST, (0.1, 180))
    caller.call(expires="5")
    world.run(60)
    assert len(east.requests("CANCEL")) == 1
    assert caller.statuses() == [100, 180, 487]


# Retransmissions.


def test_retransmitted_invite_does_not_restart_the_plan() -> None:
    world = World(policy())
    caller = Caller(world)
    east = Callee(world, EAST, (1, 180), (2, 200))
    caller.call()
    for at in (0.5, 1.5, 3.5):
        world.after(at, caller.again)
    world.run(10)
    assert len({invite.call_id for invite in east.requests("INVITE")}) == 1
    assert len(world.calls) == 1


def test_retransmitted_503_does_not_advance_the_plan_twice() -> None:
    world = World(policy())
    east = Callee(world, EAST, (0, 503))
    Callee(world, WEST, (0.5, 180), (1, 486))
    caller = Caller(world)
    caller.call()

    def repeat() -> None:
        assert east.invite is not None
        world.deliver(east.make(east.invite, 503), EAST, east.source)

    world.after(0.2, repeat)
    world.run(10)
    assert [outcome for _, _, outcome in world.attempts] == ["503", "486"]
    assert len(east.requests("ACK")) == 2


def test_late_18x_of_a_settled_attempt_is_not_relayed() -> None:
    world = World(policy())
    east = Callee(world, EAST, (0, 503))
    Callee(world, WEST, (1, 486))
    caller = Caller(world)
    caller.call()

    def ring() -> None:
        assert east.invite is not None
        world.deliver(east.make(east.invite, 180), EAST, east.source)

    world.after(0.5, ring)
    world.run(10)
    assert caller.statuses() == [100, 486]


def test_merged_request_is_482() -> None:
    """The same INVITE by another path (RFC 3261 §8.2.2.2)."""
    world = World(policy())
    Callee(world, EAST, (1, 486))
    caller = Caller(world)
    caller.call()
    assert caller.invite is not None
    via = b"SIP/2.0/UDP 192.0.2.200:5060;branch=z9hG4bKotherpath;rport"
    caller.invite.headers.set(b"via", via)
    world.after(0.1, caller.again)
    world.run(5)
    assert 482 in caller.statuses()
    assert len(world.calls) == 1


# Each attempt's early dialog has its own To tag; never two SDP answers in one dialog.


def test_each_early_dialog_has_its_own_to_tag() -> None:
    world = World(policy(commit=()))
    caller = Caller(world)
    Callee(world, EAST, (0.1, 183, {"body": "v=0\r\ns=east\r\n"}), (1, 503))
    Callee(world, WEST, (0.1, 183, {"body": "v=0\r\ns=west\r\n"}), (1, 200, {"body": "v=0\r\n"}))
    caller.call()
    world.run(10)
    finals = [m for _, m in caller.heard if isinstance(m, Response) and m.status == 183]
    assert len({m.to.tag for m in finals}) == 2
    assert caller.last(200).to.tag == finals[1].to.tag
    assert [m.body for m in finals] == [b"v=0\r\ns=east\r\n", b"v=0\r\ns=west\r\n"]


def test_forked_second_2xx_gets_ack_and_bye() -> None:
    world = World(policy())
    caller = Caller(world)
    east = Callee(world, EAST, (0.1, 200))
    caller.call()

    def fork() -> None:
        assert east.invite is not None
        world.deliver(east.make(east.invite, 200, tag="other"), EAST, east.source)

    world.after(0.5, fork)
    world.run(10)
    assert [one.to.tag for one in east.requests("BYE")] == [b"other"]
    assert caller.statuses().count(200) == 1


# A digest retry stays on the target that issued the nonce and is not an attempt of the first try.


def test_digest_retry_stays_on_the_target_that_issued_the_nonce() -> None:
    world = World(policy(method="round-robin"))
    caller = Caller(world)
    challenge = 'Digest realm="west", nonce="abc123", qop="auth"'
    Callee(world, EAST, (0, 503))
    west = Callee(world, WEST, (0, 407, {"proxy_authenticate": challenge}))
    caller.call()
    world.run(2)
    assert caller.statuses()[-1] == 407
    assert caller.last(407).headers.first(b"proxy-authenticate") == challenge.encode()
    world.records.clear()
    west.script = ((0, 200),)
    caller.call(
        call_id="call1@192.0.2.200",
        cseq="2 INVITE",
        proxy_authorization='Digest username="u", realm="west", nonce="abc123", response="0"',
    )
    world.run(4)
    assert world.attempts == [("us.primary", "pbx-west", "200")]
    world.records.clear()
    caller.call()  # the retry was no call placed: this is the second, and starts at pbx-west
    world.run(6)
    assert world.attempts == [("us.primary", "pbx-west", "200")]


# 503 upstream leaves as 500; Retry-After; 6xx.


def test_503_upstream_leaves_as_500() -> None:
    world = World(policy(failover=()))
    Callee(world, EAST, (0, 503))
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert caller.statuses() == [100, 500]


def test_retry_after_holds_the_target_and_no_other() -> None:
    world = World(policy())
    east = Callee(world, EAST, (0, 503, {"retry_after": "30"}))
    Callee(world, WEST, (0, 486))
    caller = Caller(world)
    caller.call()
    world.run(5)
    caller.call()
    world.run(10)
    assert len(east.requests("INVITE")) == 1
    assert world.attempts[-1] == ("us.primary", "pbx-west", "486")
    caller_after_hold = len(east.requests("INVITE"))
    world.run(40)
    caller.call()
    world.run(45)
    assert len(east.requests("INVITE")) == caller_after_hold + 1


def test_retry_after_is_capped() -> None:
    world = World(policy())
    east = Callee(world, EAST, (0, 503, {"retry_after": "86400"}))
    Callee(world, WEST, (0, 486))
    caller = Caller(world)
    caller.call()
    world.run(61)
    caller.call()
    world.run(65)
    assert len(east.requests("INVITE")) == 2


def test_all_targets_held_are_tried_in_order_anyway() -> None:
    world = World(policy())
    script = (0, 503, {"retry_after": "30"})
    Callee(world, EAST, script)
    Callee(world, WEST, script)
    caller = Caller(world)
    caller.call()
    world.run(2)
    world.records.clear()
    caller.call()
    world.run(4)
    assert [(egress, route) for egress, route, _ in world.attempts] == [
        ("us.primary", "pbx-east"),
        ("us.primary", "pbx-west"),
        ("us.secondary", "pbx-east"),
        ("us.secondary", "pbx-west"),
    ]


def test_6xx_stops_unless_the_policy_says_otherwise() -> None:
    world = World(policy())
    Callee(world, EAST, (0, 603))
    west = Callee(world, WEST, (0, 200))
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert caller.statuses() == [100, 603]
    assert west.requests("INVITE") == []
    world = World(policy(failover=(603,)))
    Callee(world, EAST, (0, 603))
    Callee(world, WEST, (0, 200))
    Caller(world).call()
    world.run(2)
    assert answered(world)


# Round robin; number shaping from the original.


def test_round_robin_advances_per_call_not_per_attempt() -> None:
    world = World(policy(method="round-robin"))
    Callee(world, EAST, (0, 503))
    Callee(world, WEST, (0, 200))
    caller = Caller(world)
    firsts = []
    for n in range(4):
        world.records.clear()
        caller.call()
        world.run(2.0 * (n + 1))
        firsts.append(world.attempts[0][1])
    assert firsts == ["pbx-east", "pbx-west", "pbx-east", "pbx-west"]


def test_every_attempt_starts_from_the_original_invite() -> None:
    plan = policy(carriers={"northstar": f"sip:{NORTHSTAR[0]}"})
    world = World(plan)
    for place in (EAST, WEST):
        Callee(world, place, (0, 503))
    Callee(world, NORTHSTAR, (0, 200))
    caller = Caller(world)
    caller.call(max_forwards="20")
    world.run(3)
    invites = [
        (flow, m) for _, flow, m in world.sent if isinstance(m, Request) and m.method == "INVITE"
    ]
    assert [m.uri for _, m in invites] == [
        b"sip:+13125550123@198.51.100.10",
        b"sip:+13125550123@198.51.100.20",
        b"sip:+13125550123@198.51.100.10",
        b"sip:+13125550123@198.51.100.20",
        b"sip:+13125550000@203.0.113.9",
    ]
    assert [flow.local for flow, _ in invites] == [
        PRIMARY,
        PRIMARY,
        SECONDARY,
        SECONDARY,
        PRIMARY,
    ]
    assert {m.body for _, m in invites} == {SDP}
    assert {m.max_forwards for _, m in invites} == {19}
    assert len({m.call_id for _, m in invites}) == 5
    assert len({m.from_.tag for _, m in invites}) == 5
    last = invites[-1][1]
    assert b"+13125550123" in (last.headers.first(b"diversion") or b"")
    assert b"index=1.1" in last.headers.all(b"history-info")[-1]
    assert all(m.headers.first(b"diversion") is None for _, m in invites[:-1])


# Deadline.


def test_deadline_ends_the_attempt_and_answers_408() -> None:
    world = World(policy(deadline=6))
    world.silent |= {EAST, WEST}
    caller = Caller(world)
    caller.call()
    world.run(50)
    assert caller.statuses()[-1] == 408
    assert world.calls[0].ladder.elapsed == pytest.approx(6)
    assert [outcome for _, _, outcome in world.attempts] == ["no-response", "deadline"]


# The door.


def test_a_stranger_gets_one_403_and_makes_no_state() -> None:
    world = World(policy())
    stranger = Caller(world, ("203.0.113.66", 5060))
    stranger.call()
    world.run(40)
    assert stranger.statuses() == [403]
    assert len(world.engine.core.transactions) == 0


def test_max_forwards_used_up_is_483() -> None:
    world = World(policy())
    caller = Caller(world)
    caller.call(max_forwards="0")
    world.run(2)
    assert caller.statuses() == [483]


def test_required_extension_that_does_not_cross_is_420() -> None:
    world = World(policy())
    caller = Caller(world)
    caller.call(require="replaces, 100rel")
    world.run(2)
    assert caller.last(420).headers.first(b"unsupported") == b"replaces"


def test_draining_refuses_new_calls() -> None:
    world = World(policy())
    world.engine.draining = True
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert caller.statuses() == [503]


def test_nothing_is_left_of_a_call() -> None:
    world = World(policy())
    Callee(world, EAST, (0, 503))
    Callee(world, WEST, (0.1, 180), (1, 200))
    caller = Caller(world)
    caller.call()
    world.after(5, lambda: caller.say("BYE", caller.last(200), 2))
    world.run(200)
    assert world.engine.calls_alive == 0
    assert len(world.engine.core.transactions) == 0
    assert world.engine.next_due() is None
    assert len(world.engine._directory) == 0


# An answer that nobody could be talked to in is hung up on, not forgotten.


@pytest.mark.parametrize("field", [{"contact": "<tel:+13125550123>"}, {"record_route": "<tel:1>"}])
def test_unusable_answer_is_acknowledged_ended_and_counts_as_502(field: dict[str, str]) -> None:
    class Odd(Callee):
        def make(self, request: Request, status: int, **fields: str) -> Response:
            response = super().make(request, status, **fields)
            for name, value in field.items():
                response.headers.set(name.replace("_", "-").encode(), value.encode())
            return response

    world = World(policy(failover=(502,)))
    east = Odd(world, EAST, (0.5, 200))
    Callee(world, WEST, (0, 200))
    Caller(world).call()
    world.run(60)
    assert world.attempts == [("us.primary", "pbx-east", "502"), ("us.primary", "pbx-west", "200")]
    assert len(east.requests("ACK")) == 1 and len(east.requests("BYE")) == 1


def test_answer_with_an_odd_tag_is_an_answer() -> None:
    world = World(policy())
    east = Callee(world, EAST, (0.1, 200, {"tag": "a|b="}))
    caller = Caller(world)
    caller.call()
    world.run(5)
    assert caller.statuses() == [100, 200]
    assert east.requests("ACK")[0].to.tag == b"a|b="
