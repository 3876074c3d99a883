"""The heart: what is called the same is the same in every world, and what is called different is
shown by a call that goes two ways."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sipfo.plan.model import Accept, Plan
from sipfo.plan.numbering import Numbering
from sipfo.verify.diff.compare import compare
from verify.diff.worlds import NUMBERS, call, changed, plans, renamed, worlds

pairs = plans().flatmap(lambda plan: st.tuples(st.just(plan), changed(plan)))
addresses = st.sampled_from(("203.0.113.1", "203.0.113.200", "198.51.100.1", "2001:db8::1"))


def takes(accept: Accept, address: str) -> bool:
    networks = [ip_network(network) for network in accept.networks]
    return accept.anyone or any(ip_address(address) in network for network in networks)


@settings(max_examples=250)
@given(pairs, st.data())
def test_plans_that_are_called_the_same_do_the_same_in_every_world(
    pair: tuple[Plan, Plan], data: st.DataObject
) -> None:
    old, new = pair
    if compare(old, new).calls_change:
        assume(False)
    for _ in range(3):
        world, number = data.draw(worlds()), data.draw(st.sampled_from(NUMBERS))
        before, after = call(old, number, world), call(new, number, world)
        assert (before and before.wire) == (after and after.wire)
        trunks = [Numbering(plan).trunk_of(number) for plan in pair]
        address = data.draw(addresses)
        taken = {trunk and takes(trunk.accept, address) for trunk in trunks}
        assert len(taken) == 1


@settings(max_examples=250)
@given(pairs)
def test_each_difference_is_shown_by_its_scenario(pair: tuple[Plan, Plan]) -> None:
    old, new = pair
    difference = compare(old, new)
    for claimed in difference.claimed:
        owners = [Numbering(plan).trunk_of(claimed.number) for plan in pair]
        assert [one and one.name for one in owners] == [claimed.before, claimed.after]
    for trunk in difference.trunks:
        accepts = [
            next(one.accept for one in plan.trunks if one.name == name)
            for plan, name in ((old, trunk.old), (new, trunk.new))
        ]
        for door in trunk.doors:
            if door.kind == "address":
                assert [takes(one, door.caller) for one in accepts] == [
                    door.before,
                    not door.before,
                ]
        for change in trunk.calls:
            if change.before is not None and change.after is not None:
                assert change.before.wire != change.after.wire, change.headline
                assert Numbering(old).trunk_of(trunk.number) is not None


@settings(max_examples=250)
@given(pairs, st.data())
def test_a_world_in_which_calls_differ_is_never_missed(
    pair: tuple[Plan, Plan], data: st.DataObject
) -> None:
    old, new = pair
    world, number = data.draw(worlds()), data.draw(st.sampled_from(NUMBERS))
    before, after = call(old, number, world), call(new, number, world)
    if (before and before.wire) != (after and after.wire):
        assert compare(old, new).calls_change


@settings(max_examples=100)
@given(plans().flatmap(lambda plan: st.tuples(st.just(plan), renamed(plan))))
def test_other_names_and_another_order_of_declarations_change_no_call(
    pair: tuple[Plan, Plan],
) -> None:
    difference = compare(*pair)
    assert not difference.calls_change
    assert difference.service == ()
