"""The limits of trunks and carriers: calls at once, calls per second, and nothing that leaks."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.probing import notices
from runtime.world import (
    EAST,
    NORTHSTAR,
    WEST,
    Address,
    Callee,
    Caller,
    Line,
    World,
    policy,
)
from sipfo.plan.model import Limit, Plan
from sipfo.runtime.quotas import Quota, Quotas
from sipfo.runtime.sip.message import Response

BALTIC = ("203.0.113.10", 5060)
CARRIERS = {"northstar": f"sip:{NORTHSTAR[0]}", "baltic": f"sip:{BALTIC[0]}"}


def limited(plan: Plan, trunk: Limit | None = None, **carriers: Limit) -> Plan:
    """The plan with a limit for its trunk, and for carriers by name."""
    return plan.model_copy(
        update={
            "trunks": tuple(one.model_copy(update={"limit": trunk}) for one in plan.trunks),
            "carriers": tuple(
                one.model_copy(update={"limit": carriers.get(one.name)}) for one in plan.carriers
            ),
        }
    )


def to_carriers(**carriers: Limit) -> World:
    """A world in which everything goes to the carriers at once."""
    world = World(limited(policy(carriers=CARRIERS, egress=("us.primary",)), **carriers))
    Callee(world, EAST, (0, 480))
    Callee(world, WEST, (0, 480))
    return world


def finals(caller: Caller) -> list[int]:
    return [status for status in caller.statuses() if status >= 200]


# One limit.


def test_no_more_calls_at_once_than_declared() -> None:
    quota = Quota(Limit(calls=2))
    quota.take(0.0)
    assert quota.against(0.0) is None
    quota.take(0.0)
    assert quota.against(100.0) == "limit reached: 2 calls"
    quota.give_back()
    assert quota.against(100.0) is None


def test_a_burst_of_one_seconds_worth_and_then_the_rate() -> None:
    quota = Quota(Limit(per_second=4))
    for _ in range(4):
        assert quota.against(50.0) is None
        quota.take(50.0)
    assert quota.against(50.0) == "limit reached: 4 per second"
    assert quota.against(50.2) is not None
    assert quota.against(50.25) is None


def test_what_is_taken_beyond_the_rate_is_made_up_for() -> None:
    quota = Quota(Limit(per_second=1))
    quota.take(10.0)
    quota.take(10.0)
    assert quota.against(11.5) is not None
    assert quota.against(12.0) is None


def test_a_call_that_comes_again_counts_as_a_call_but_is_not_a_new_one() -> None:
    quota = Quota(Limit(calls=2, per_second=1))
    quota.take(10.0)
    assert quota.against(10.0) is not None
    assert quota.against(10.0, again=True) is None
    quota.take(10.0, again=True)
    assert quota.against(11.0, again=True) == "limit reached: 2 calls"


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=200), st.integers(1, 20))
def test_in_no_stretch_of_time_more_than_the_rate_and_one_burst(
    gaps: list[float], rate: int
) -> None:
    quota, now, taken = Quota(Limit(per_second=rate)), 1.0, list[float]()
    for gap in gaps:
        now += gap
        if quota.against(now) is None:
            quota.take(now)
            taken.append(now)
    for first, start in enumerate(taken):
        for last, end in enumerate(taken[first:], first):
            assert last - first + 1 <= rate * (1 + end - start) + 1e-6


def test_what_has_no_limit_is_never_full() -> None:
    quotas = Quotas([("acme", None), ("tiny", Limit(calls=1))])
    for _ in range(100):
        quotas.take("acme", 0.0)
    quotas.take("tiny", 0.0)
    assert quotas.against("acme", 0.0) is None
    assert quotas.against("tiny", 0.0) == "limit reached: 1 calls"
    quotas.give_back("acme")
    assert quotas.calls("acme") == 99


def test_a_limit_that_the_next_plan_declares_counts_the_calls_that_are_up() -> None:
    quotas = Quotas([("acme", None), ("gone", Limit(calls=1))])
    quotas.take("acme", 0.0)
    quotas.take("gone", 0.0)
    quotas.declare([("acme", Limit(calls=1)), ("new", Limit(per_second=1))])
    assert quotas.against("acme", 0.0) == "limit reached: 1 calls"
    assert quotas.against("new", 0.0) is None
    quotas.give_back("acme")
    assert quotas.against("acme", 0.0) is None
    quotas.declare([("gone", Limit(calls=1))])
    assert quotas.against("gone", 0.0) == "limit reached: 1 calls"
    quotas.give_back("gone")
    assert quotas.against("gone", 0.0) is None


def test_another_rate_does_not_give_back_what_was_taken() -> None:
    quotas = Quotas([("acme", Limit(per_second=2))])
    quotas.take("acme", 0.0)
    quotas.take("acme", 0.0)
    quotas.declare([("acme", Limit(per_second=5))])
    assert quotas.against("acme", 0.0) == "limit reached: 5 per second"
    assert quotas.against("acme", 0.2) is None


# A trunk.


def test_a_trunk_at_its_limit_answers_503_with_a_short_retry_after_and_says_so() -> None:
    world = World(limited(policy(), Limit(calls=1)))
    east = Callee(world, EAST, (0, 200))
    first, second = Caller(world), Caller(world, ("192.0.2.201", 5060))
    first.call()
    world.run(1)
    second.call(call_id="other")
    world.run(2)
    assert finals(second) == [503]
    assert second.last(503).headers.first(b"retry-after") == b"1"
    assert len(east.requests("INVITE")) == 1
    assert notices(world) == ["503 to 192.0.2.201: trunk acme: limit reached: 1 calls"]
    first.say("BYE", first.last(200), 2)
    world.run(3)
    second.call(call_id="another")
    world.run(4)
    assert finals(second) == [503, 200]


def test_a_trunk_s_rate_is_of_new_calls_whatever_becomes_of_them() -> None:
    world = World(limited(policy(failover=()), Limit(per_second=2)))
    Callee(world, EAST, (0, 486))
    callers = [Caller(world, (f"192.0.2.{200 + n}", 5060)) for n in range(6)]
    moments = (0.0, 0.0, 0.0, 0.4, 0.5, 0.6)
    for caller, moment in zip(callers, moments, strict=True):
        world.after(moment, lambda caller=caller: caller.call())  # type: ignore[misc]  # bound per turn
    world.run(2)
    assert [finals(caller) for caller in callers] == [[486], [486], [503], [503], [486], [503]]


def test_a_retransmitted_invite_is_one_call() -> None:
    world = World(limited(policy(), Limit(calls=1, per_second=1)))
    Callee(world, EAST, (1, 200))
    caller = Caller(world)
    caller.call()
    world.run(0.5)
    caller.again()
    world.run(3)
    assert finals(caller)[0] == 200
    assert 503 not in finals(caller)


def test_the_answer_to_a_challenge_from_below_is_no_new_call() -> None:
    world = World(limited(policy(), Limit(calls=1, per_second=1)))
    challenge = 'Digest realm="pbx", nonce="n1"'
    east = Callee(world, EAST, (0, 401, {"www_authenticate": challenge}))
    caller = Caller(world)
    caller.call()
    world.run(0.2)
    east.script = ((0, 200),)
    credentials = 'Digest username="a", realm="pbx", nonce="n1", uri="sip:x", response="0"'
    caller.call(authorization=credentials)
    world.run(0.5)
    assert finals(caller) == [401, 200]


# A carrier.


def test_a_carrier_at_its_limit_is_skipped_and_said_to_be() -> None:
    world = to_carriers(northstar=Limit(calls=1))
    northstar = Callee(world, NORTHSTAR, (0, 200))
    baltic = Callee(world, BALTIC, (0, 200))
    caller = Caller(world)
    caller.call()
    world.run(1)
    answer = caller.last(200)
    caller.call()
    world.run(2)
    assert (len(northstar.requests("INVITE")), len(baltic.requests("INVITE"))) == (1, 1)
    assert notices(world) == ["us.primary to northstar skipped: limit reached: 1 calls"]
    northstar_call = caller.within("BYE", answer, 2)
    world.deliver(northstar_call, caller.address, ("192.0.2.10", 5060))
    world.run(3)
    caller.call()
    world.run(4)
    assert len(northstar.requests("INVITE")) == 2


def test_a_carrier_s_attempt_that_failed_counts_no_more() -> None:
    world = to_carriers(northstar=Limit(calls=1))
    northstar = Callee(world, NORTHSTAR, (0, 480))
    Callee(world, BALTIC, (0, 200))
    caller = Caller(world)
    for _ in range(3):
        caller.call()
        world.run(world.now + 1)
    assert len(northstar.requests("INVITE")) == 3


def test_a_carrier_that_rings_counts() -> None:
    world = to_carriers(northstar=Limit(calls=1))
    northstar = Callee(world, NORTHSTAR, (0, 180))
    baltic = Callee(world, BALTIC, (0, 200))
    caller = Caller(world)
    caller.call()
    world.run(1)
    caller.call()
    world.run(2)
    assert (len(northstar.requests("INVITE")), len(baltic.requests("INVITE"))) == (1, 1)


def test_a_carrier_s_rate_is_of_invites() -> None:
    world = to_carriers(northstar=Limit(per_second=1))
    northstar = Callee(world, NORTHSTAR, (0, 480))
    Callee(world, BALTIC, (0, 486))
    caller = Caller(world)
    caller.call()
    world.run(0.3)
    caller.call()
    world.run(2)
    assert len(northstar.requests("INVITE")) == 1
    assert notices(world) == ["us.primary to northstar skipped: limit reached: 1 per second"]


def test_a_limit_holds_even_when_everything_else_is_out_and_tried_anyway() -> None:
    """All routes held: they are tried anyway, but no carrier gets a call beyond its limit."""
    world = World(
        limited(
            policy(carriers={"northstar": CARRIERS["northstar"]}, egress=("us.primary",)),
            northstar=Limit(calls=1),
        )
    )
    held = (0.0, 503, {"retry_after": "50"})
    east, west = Callee(world, EAST, held), Callee(world, WEST, held)
    northstar = Callee(world, NORTHSTAR, (0, 200))
    caller = Caller(world)
    caller.call()
    world.run(2)
    caller.call()
    world.run(4)
    assert len(northstar.requests("INVITE")) == 1
    assert (len(east.requests("INVITE")), len(west.requests("INVITE"))) == (2, 2)
    assert finals(caller) == [200, 500]
    assert notices(world)[-1] == "us.primary to northstar not tried: limit reached: 1 calls"


# Nothing leaks.


@dataclass(frozen=True)
class History:
    """One call: when it comes, when the caller cancels, when somebody hangs up after an answer."""

    at: float
    cancels: float | None
    hangs_up: float | None


histories = st.lists(
    st.builds(
        History,
        st.floats(0, 20),
        st.none() | st.floats(0, 12),
        st.none() | st.floats(0, 6),
    ),
    min_size=1,
    max_size=8,
)
scripts: st.SearchStrategy[tuple[Line, ...] | None] = st.none() | st.lists(
    st.tuples(st.floats(0, 10), st.sampled_from([100, 180, 183, 200, 200, 408, 480, 486, 503])),
    max_size=3,
).map(tuple)


class One(Caller):
    """A caller of one call, which it may cancel, and hangs up when it is told to or never."""

    def __init__(self, world: World, address: Address, history: History) -> None:
        super().__init__(world, address)
        self.history = history
        world.after(history.at, self.begin)

    def begin(self) -> None:
        self.call(call_id=f"{self.address[0]}-call")
        if self.history.cancels is not None:
            self.world.after(self.history.cancels, self.cancel)

    def ack(self, response: Response, body: bytes = b"") -> None:
        super().ack(response, body)
        if response.status == 200 and self.history.hangs_up is not None:
            self.world.after(self.history.hangs_up, lambda: self.say("BYE", response, 2))


@settings(max_examples=60, deadline=None)
@given(histories, scripts, scripts, scripts, st.booleans())
def test_every_counter_returns_to_zero_whatever_happens(
    calls: list[History],
    east: tuple[Line, ...] | None,
    northstar: tuple[Line, ...] | None,
    baltic: tuple[Line, ...] | None,
    silent: bool,
) -> None:
    plan = policy(
        routes={"pbx-east": (f"sip:{EAST[0]}",)},
        carriers={"northstar": CARRIERS["northstar"], "baltic": CARRIERS["baltic"]},
        egress=("us.primary",),
        no_answer=15.0,
    )
    most = {"acme": 4, "northstar": 2, "baltic": 3}
    world = World(
        limited(
            plan,
            Limit(calls=most["acme"]),
            northstar=Limit(calls=most["northstar"]),
            baltic=Limit(calls=most["baltic"], per_second=2),
        )
    )
    for place, script in ((EAST, east), (NORTHSTAR, northstar), (BALTIC, baltic)):
        if script is not None:
            Callee(world, place, *script)
        elif silent:
            world.silent.add(place)
    for n, history in enumerate(calls):
        One(world, (f"192.0.2.{200 + n}", 5060), history)
    grounds = world.engine._grounds
    trunks, carriers = grounds.trunks, grounds.standing.carriers
    for second in range(1, 120):
        world.run(second)
        counted = {"acme": trunks.calls("acme")}
        counted |= {name: carriers.calls(name) for name in CARRIERS}
        assert all(0 <= counted[name] <= most[name] for name in counted)
    world.engine.hang_up_all(world.now)
    world.run(400)
    assert trunks.calls("acme") == 0
    assert all(carriers.calls(name) == 0 for name in CARRIERS)


@pytest.mark.parametrize("status", [180, 200])
def test_hanging_up_from_here_frees_the_carrier(status: int) -> None:
    world = to_carriers(northstar=Limit(calls=1))
    northstar = Callee(world, NORTHSTAR, (0, status))
    caller = Caller(world)
    caller.call()
    world.run(1)
    world.engine.hang_up_all(world.now)
    world.run(2)
    caller.call()
    world.run(3)
    assert len(northstar.requests("INVITE")) == 2
