"""OPTIONS in virtual time: from where, to where, how often, and what counts as an answer."""

from __future__ import annotations

import pytest

from runtime.probing import EVERY, PROBE, notices, probing
from runtime.world import (
    EAST,
    NAMED,
    NORTHSTAR,
    PRIMARY,
    SECONDARY,
    SIPFO,
    TARGETS,
    WEST,
    Address,
    Callee,
    Caller,
    Peer,
    World,
    policy,
)
from sipfo.plan.model import Probe
from sipfo.runtime.engine import Engine
from sipfo.runtime.locate import Target
from sipfo.runtime.probes import FIRST_WITHIN
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.message import Request

ONE = policy(egress=("us.primary",))
DOWN = "us.primary to pbx-east at udp:198.51.100.10:5060 is down: 3 failures in a row"
UP = "us.primary to pbx-east at udp:198.51.100.10:5060 is up: 2 answers in a row"


class Probed(Peer):
    """Answers every OPTIONS with one status, and says when each came."""

    def __init__(self, world: World, address: Address, status: int, **fields: str) -> None:
        super().__init__(world, address)
        self.status = status
        self.fields = fields

    def request(self, request: Request, source: Address) -> None:
        response = make_response(request, self.status, to_tag=b"probed")
        for name, value in self.fields.items():
            response.headers.add(name.replace("_", "-").encode(), value.encode())
        self.world.deliver(response, self.address, source)

    @property
    def moments(self) -> list[float]:
        return [at for at, one in self.heard if isinstance(one, Request)]


def test_a_probe_goes_from_each_egress_that_sends_calls_there_and_from_no_other() -> None:
    plan = probing(policy(carriers={"northstar": "sip:203.0.113.9"}), "pbx-east", "northstar")
    world = World(plan)
    for place in (EAST, WEST, NORTHSTAR):
        Peer(world, place)
    world.run(1)
    assert {(flow.local, flow.remote) for _, flow, _ in world.sent} == {
        (PRIMARY, EAST),
        (SECONDARY, EAST),
        (PRIMARY, NORTHSTAR),
    }
    assert len(world.sent) == 3


def test_a_probe_is_an_options_to_the_host_by_the_transport_of_calls() -> None:
    routes = {"pbx-east": ("sip:desk@198.51.100.10:5070;transport=tcp",)}
    world = World(probing(policy(routes=routes, egress=("us.primary",)), "pbx-east"))
    world.run(0)
    ((_, flow, request),) = world.sent
    assert (flow.transport, flow.local, flow.remote) == ("tcp", PRIMARY, ("198.51.100.10", 5070))
    assert isinstance(request, Request) and request.method == "OPTIONS"
    assert request.uri == b"sip:198.51.100.10:5070;transport=tcp"
    assert request.to.encode() == b"<sip:198.51.100.10:5070>"
    assert request.from_.tag
    assert request.via.sent_by == PRIMARY
    assert request.max_forwards == 70
    assert request.headers.first(b"accept") == b"application/sdp"


def test_probes_go_as_often_as_the_policy_says() -> None:
    world = World(probing(ONE, "pbx-east"))
    east = Probed(world, EAST, 200)
    world.run(3 * EVERY + 1)
    assert east.moments == pytest.approx([n * EVERY + 0.01 for n in range(4)])


@pytest.mark.parametrize(
    ("part", "first"), [(0.0, 0.0), (0.5, FIRST_WITHIN / 2), (1.0, FIRST_WITHIN)]
)
def test_the_first_goes_soon_after_the_start_at_a_moment_that_is_drawn(
    part: float, first: float
) -> None:
    engine = Engine(probing(ONE, "pbx-east"), lambda: "token", lambda most: int(part * most))
    assert engine.next_due() is None
    engine.start(100.0)
    assert engine.next_due() == pytest.approx(100.0 + first)


def test_what_is_probed_often_is_not_waited_for_longer_than_that_at_first() -> None:
    probe = Probe(every=0.5, down_after=1, up_after=1)
    plan = probing(ONE, "pbx-east", probe=probe)
    engine = Engine(plan, lambda: "token", lambda most: most)
    engine.start(0.0)
    assert engine.next_due() == 0.5


@pytest.mark.parametrize("status", [200, 302, 401, 404, 405, 407, 480, 481, 486, 500, 501, 604])
def test_any_answer_but_two_is_a_sign_of_life(status: int) -> None:
    world = World(probing(ONE, "pbx-east"))
    Probed(world, EAST, status)
    world.run(5 * EVERY)
    assert notices(world) == []


@pytest.mark.parametrize("status", [408, 503])
def test_408_and_503_are_none(status: int) -> None:
    world = World(probing(ONE, "pbx-east"))
    east = Probed(world, EAST, status)
    world.run(2 * EVERY + 1)
    assert notices(world) == [DOWN]
    east.status = 200
    world.run(3 * EVERY + 1)
    assert notices(world) == [DOWN]
    world.run(4 * EVERY + 1)
    assert notices(world) == [DOWN, UP]


def test_a_refusal_of_the_transport_is_none() -> None:
    world = World(probing(ONE, "pbx-east"))
    world.run(2 * EVERY + 1)
    assert notices(world) == [DOWN]


@pytest.mark.parametrize(("every", "down"), [(5.0, 15.0), (30.0, 90.0), (60.0, 2 * 60.0 + 32.0)])
def test_silence_is_none_when_the_next_is_due_or_by_timer_f(every: float, down: float) -> None:
    probe = PROBE.model_copy(update={"every": every})
    world = World(probing(ONE, "pbx-east", probe=probe))
    world.silent.add(EAST)
    world.run(down - 0.01)
    assert notices(world) == []
    world.run(down + 0.01)
    assert notices(world) == [DOWN]


def test_a_provisional_is_no_answer_yet() -> None:
    probe = PROBE.model_copy(update={"every": 5.0, "down_after": 1})
    world = World(probing(ONE, "pbx-east", probe=probe))
    Probed(world, EAST, 100)
    world.run(5.01)
    assert len(notices(world)) == 1


def test_an_answer_that_comes_too_late_counts_for_nothing() -> None:
    probe = PROBE.model_copy(update={"every": 5.0, "up_after": 1})
    world = World(probing(ONE, "pbx-east", probe=probe))

    class Late(Peer):
        def request(self, request: Request, source: Address) -> None:
            self.world.after(6.0, lambda: super(Late, self).request(request, source))

    Late(world, EAST)
    world.run(60)
    assert notices(world) == [DOWN]


def test_a_503_to_a_probe_is_no_hold_whatever_it_asks_for() -> None:
    world = World(probing(ONE, "pbx-east"))
    Probed(world, EAST, 503, retry_after="600")
    world.run(1)
    east = Callee(world, EAST, (0, 200))
    Caller(world).call()
    world.run(3)
    assert len(east.requests("INVITE")) == 1


def test_a_target_that_a_call_was_told_to_leave_alone_is_not_probed() -> None:
    world = World(probing(ONE, "pbx-east"))
    east = Callee(world, EAST, (0, 503, {"retry_after": "50"}))
    Callee(world, WEST, (0, 486))
    world.run(20)
    Caller(world).call()
    world.run(2 * EVERY + 1)
    assert len(east.requests("OPTIONS")) == 1  # the one before; held from 20 to 65 s
    world.run(3 * EVERY + 1)
    assert len(east.requests("OPTIONS")) == 2
    assert notices(world) == []


def test_a_name_is_looked_up_each_time_and_each_of_its_targets_is_probed() -> None:
    names: dict[str, tuple[Target, ...]] = {"pbx.example.com": TARGETS}
    plan = policy(routes=NAMED, egress=("us.primary",))
    world = World(probing(plan, "pbx"), names=names)
    first, second = (Probed(world, (target.host, 5060), 200) for target in TARGETS)
    world.run(EVERY - 1)
    assert (len(first.moments), len(second.moments)) == (1, 1)
    names["pbx.example.com"] = TARGETS[:1]
    world.run(2 * EVERY - 1)
    assert (len(first.moments), len(second.moments)) == (2, 1)


def test_a_name_that_does_not_resolve_takes_nobody_down() -> None:
    plan = policy(routes=NAMED, egress=("us.primary",))
    world = World(probing(plan, "pbx"))
    world.run(10 * EVERY)
    assert notices(world) == []
    assert world.sent == []


def test_what_went_down_by_probes_takes_no_call_and_comes_back_by_probes() -> None:
    world = World(probing(ONE, "pbx-east"))
    Callee(world, WEST, (0, 486))
    caller = Caller(world)
    world.run(3 * EVERY)
    caller.call()
    world.run(3 * EVERY + 2)
    assert world.attempts == [("us.primary", "pbx-west", "486")]
    east = Callee(world, EAST, (0, 486))
    world.run(6 * EVERY - 1)
    caller.call()
    world.run(6 * EVERY)
    assert world.attempts[1:] == [("us.primary", "pbx-east", "486")]
    assert len(east.requests("INVITE")) == 1
    assert notices(world) == [DOWN, "us.primary to pbx-east skipped: down", UP]


def test_probing_does_not_keep_a_drain_waiting() -> None:
    world = World(probing(ONE, "pbx-east"))
    world.silent.add(EAST)
    world.run(1)
    assert world.engine.calls_alive == 0
    assert SIPFO not in {flow.local for _, flow, _ in world.sent}


def test_a_target_that_an_egress_address_cannot_reach_is_not_probed_from_it() -> None:
    """An IPv4 address has no way to an IPv6 one: that is said of calls, and takes nobody down."""
    plan = policy(routes={"pbx": ("sip:[2001:db8::1]", f"sip:{EAST[0]}")}, egress=("us.primary",))
    world = World(probing(plan, "pbx"))
    world.run(3 * EVERY)
    assert {flow.remote for _, flow, _ in world.sent} == {EAST}
