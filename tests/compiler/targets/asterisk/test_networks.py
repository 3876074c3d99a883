"""Networks cut so that no address is in two groups, and each group may do what the policy says."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from plan.samples import small_plan
from sipfo.compiler.targets.asterisk.networks import callers
from sipfo.plan.model import Accept, Plan

NETWORKS = st.sampled_from(
    [
        "192.0.2.0/24",
        "192.0.2.0/25",
        "192.0.2.64/26",
        "192.0.2.77/32",
        "192.0.2.128/25",
        "0.0.0.0/0",
        "2001:db8::/32",
        "2001:db8:1::/48",
    ]
)
ADDRESSES = ["192.0.2.1", "192.0.2.65", "192.0.2.77", "192.0.2.200", "203.0.113.1"]
ADDRESSES += ["2001:db8::1", "2001:db8:1::1", "2001:db9::1"]


def plan_of(networks: list[list[str]]) -> Plan:
    """A plan with a trunk for each list."""
    trunk = small_plan().trunks[0]
    trunks = tuple(
        trunk.model_copy(update={"name": f"t{n}", "accept": Accept(networks=tuple(one))})
        for n, one in enumerate(networks)
    )
    return small_plan().model_copy(update={"trunks": trunks})


@given(st.lists(st.lists(NETWORKS, min_size=1, max_size=3, unique=True), min_size=1, max_size=4))
def test_whoever_calls_is_in_one_group_and_may_do_what_the_policy_says(
    networks: list[list[str]],
) -> None:
    groups = callers(plan_of(networks))
    for address in map(ip_address, ADDRESSES):
        found = [group for group in groups for one in group.networks if address in ip_network(one)]
        allowed = {
            f"t{n}"
            for n, accepted in enumerate(networks)
            if any(address in ip_network(one) for one in accepted)
        }
        assert len(found) <= 1
        assert set(found[0].trunks if found else ()) == allowed


def test_a_network_in_another_is_cut_out_of_it() -> None:
    one, other = callers(plan_of([["192.0.2.0/24"], ["192.0.2.128/25"]]))
    assert (one.networks, one.trunks) == (("192.0.2.0/25",), ("t0",))
    assert (other.networks, other.trunks) == (("192.0.2.128/25",), ("t0", "t1"))
