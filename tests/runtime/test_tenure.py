"""One plan after another in one engine: what is new, what goes on, and what a call keeps."""

from __future__ import annotations

from runtime.probing import PROBE, notices, probing
from runtime.world import CALLER, EAST, SIPFO, WEST, Callee, Caller, World, policy
from sipfo.plan.model import Accept, Credential, Limit, OnCode, Plan, Rule
from sipfo.runtime.secret import Secret
from sipfo.runtime.tenure import Papers

TO_EAST = {"pbx": (f"sip:{EAST[0]}",)}
TO_WEST = {"pbx": (f"sip:{WEST[0]}",)}
BOTH = {"pbx-east": (f"sip:{EAST[0]}",), "pbx-west": (f"sip:{WEST[0]}",)}


def go_by(world: World, plan: Plan, secrets: dict[str, Secret] | None = None) -> None:
    world.engine.succeed(Papers(plan, secrets or {}), world.now)
    world.run(world.now)


def with_rule(plan: Plan, rule: Rule) -> Plan:
    retries = tuple(one.model_copy(update={"rules": (rule, *one.rules)}) for one in plan.retries)
    return plan.model_copy(update={"retries": retries})


def test_a_call_in_set_up_keeps_its_plan_and_the_next_call_has_the_new_one() -> None:
    world = World(policy(routes=BOTH, egress=("us.primary",)))
    Callee(world, EAST, (1.0, 503))
    west = Callee(world, WEST, (0.1, 200))
    first, second = Caller(world), Caller(world, ("192.0.2.201", 5060))
    first.call()
    world.run(0.5)
    go_by(world, policy(routes=TO_EAST, egress=("us.primary",), failover=()))
    second.call(call_id="other")
    world.run(5)
    assert [one for one in first.statuses() if one >= 200] == [200]
    assert [one for one in second.statuses() if one >= 200] == [500]
    assert len(west.requests("INVITE")) == 1


def test_a_call_that_is_up_goes_on_under_the_next_plan() -> None:
    world = World(policy(routes=TO_EAST))
    east = Callee(world, EAST, (0.1, 200))
    caller = Caller(world)
    caller.call()
    world.run(1)
    go_by(world, policy(routes=TO_WEST))
    caller.say("INFO", caller.last(200), 2)
    world.run(2)
    caller.say("BYE", caller.last(200), 3)
    world.run(3)
    assert [len(east.requests(method)) for method in ("INFO", "BYE")] == [1, 1]


def test_round_robin_goes_on_for_a_trunk_that_keeps_its_name() -> None:
    world = World(policy(routes=BOTH, method="round-robin", egress=("us.primary",)))
    east, west = Callee(world, EAST, (0.1, 486)), Callee(world, WEST, (0.1, 486))
    caller = Caller(world)
    caller.call()
    world.run(1)
    go_by(world, policy(routes=BOTH, method="round-robin", egress=("us.primary",)))
    caller.call()
    world.run(2)
    assert (len(east.requests("INVITE")), len(west.requests("INVITE"))) == (1, 1)


def test_a_hold_goes_on() -> None:
    world = World(policy(routes=BOTH, egress=("us.primary",)))
    east = Callee(world, EAST, (0.1, 503, {"retry-after": "30"}))
    Callee(world, WEST, (0.1, 486))
    caller = Caller(world)
    caller.call()
    world.run(1)
    go_by(world, policy(routes=BOTH, egress=("us.primary",), no_response=5.0))
    caller.call()
    world.run(2)
    assert len(east.requests("INVITE")) == 1


def test_calls_of_both_plans_count_against_the_trunk_s_new_limit() -> None:
    world = World(policy(routes=TO_EAST))
    Callee(world, EAST, (0.1, 200))
    first, second = Caller(world), Caller(world, ("192.0.2.201", 5060))
    first.call()
    world.run(1)
    plan = policy(routes=TO_EAST)
    trunks = tuple(one.model_copy(update={"limit": Limit(calls=1)}) for one in plan.trunks)
    go_by(world, plan.model_copy(update={"trunks": trunks}))
    second.call(call_id="second")
    world.run(2)
    assert second.statuses()[-1] == 503
    first.say("BYE", first.last(200), 2)
    world.run(3)
    second.call(call_id="third")
    world.run(4)
    assert second.statuses()[-1] == 200


def probes_at(world: World, callee: Callee) -> int:
    return len(callee.requests("OPTIONS"))


def test_probes_of_what_is_gone_stop_and_of_what_is_new_start() -> None:
    plan = policy(routes=BOTH, egress=("us.primary",))
    world = World(probing(plan, "pbx-east"))
    east, west = Callee(world, EAST), Callee(world, WEST)
    world.run(1)
    assert (probes_at(world, east), probes_at(world, west)) == (1, 0)
    go_by(world, probing(plan, "pbx-west"))
    world.run(200)
    assert probes_at(world, east) == 1
    assert probes_at(world, west) == 7


def test_a_probe_that_stays_keeps_its_time_and_what_it_found() -> None:
    plan = probing(policy(routes=BOTH, egress=("us.primary",)), "pbx-east")
    world = World(plan)
    world.silent.add(EAST)
    Callee(world, WEST, (0.1, 486))
    world.run(95)
    go_by(world, plan.model_copy(update={"carriers": ()}))
    caller = Caller(world)
    caller.call()
    world.run(119)
    assert "us.primary to pbx-east skipped: down" in notices(world)
    assert len({one.via.branch for one in world.sent_to(EAST, "OPTIONS")}) == 4
    world.run(120.5)
    assert len({one.via.branch for one in world.sent_to(EAST, "OPTIONS")}) == 5


def test_an_answer_to_a_lookup_of_a_probe_that_is_gone_does_nothing() -> None:
    plan = probing(policy(routes={"pbx": ("sip:pbx.example.com",)}), "pbx")
    world = World(plan)
    world.dns_takes = 5.0
    world.run(1)
    go_by(world, policy(routes=TO_EAST))
    world.run(100)
    assert notices(world) == []


def test_another_egress_address_of_the_same_name_is_probed_from_anew() -> None:
    plan = probing(policy(routes=TO_EAST, egress=("us.primary",)), "pbx", probe=PROBE)
    world = World(plan)
    east = Callee(world, EAST)
    world.run(1)
    places = tuple(one.model_copy(update={"port": 5070}) for one in plan.egress)
    go_by(world, plan.model_copy(update={"egress": places}))
    world.run(4)
    hosts = [one.via.port for one in east.requests("OPTIONS")]
    assert hosts == [5060, 5070]


def test_a_source_that_is_not_accepted_any_more_is_a_stranger() -> None:
    world = World(policy(routes=TO_EAST))
    Callee(world, EAST, (0.1, 486))
    caller = Caller(world)
    plan = policy(routes=TO_EAST)
    trunk = plan.trunks[0].model_copy(update={"accept": Accept(networks=("203.0.113.0/24",))})
    go_by(world, plan.model_copy(update={"trunks": (trunk,)}))
    caller.call()
    world.run(1)
    assert caller.statuses() == [403]


def test_credentials_for_us_do_not_cross_when_the_next_plan_asks_for_none() -> None:
    plan = policy(routes=TO_EAST)
    credential = Credential(user="ann", secret="ANN")
    accept = plan.trunks[0].accept.model_copy(update={"credentials": (credential,)})
    trunk = plan.trunks[0].model_copy(update={"accept": accept})
    asking = plan.model_copy(update={"trunks": (trunk,)})
    world = World(plan)
    go_by(world, asking, {"ANN": Secret("pw")})
    east = Callee(world, EAST, (0.1, 200))
    caller = Caller(world)
    caller.call()
    world.run(1)
    go_by(world, plan)
    ours = (
        f'Digest username="ann", realm="{SIPFO[0]}", nonce="n", uri="sip:x", response="{"0" * 32}"'
    )
    theirs = ours.replace(SIPFO[0], "else.example")
    request = caller.within("INFO", caller.last(200), 2, proxy_authorization=ours)
    request.headers.add(b"proxy-authorization", theirs.encode())
    world.deliver(request, CALLER, SIPFO)
    world.run(2)
    (crossed,) = east.requests("INFO")
    assert crossed.headers.lines(b"proxy-authorization") in ([], [theirs.encode()])


def test_a_policy_that_is_gone_still_judges_the_calls_placed_by_it() -> None:
    plan = policy(routes=BOTH, egress=("us.primary",))
    world = World(with_rule(plan, Rule(match=OnCode(code=486), verdict="failover")))
    Callee(world, EAST, (1.0, 486))
    Callee(world, WEST, (0.1, 200))
    caller = Caller(world)
    caller.call()
    world.run(0.5)
    go_by(world, plan)
    world.run(3)
    assert caller.statuses()[-1] == 200
