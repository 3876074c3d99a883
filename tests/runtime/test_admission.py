"""The door: source and number to a trunk, or a refusal."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.world import policy
from sipfo.plan.model import Accept, NumberPrefix, Plan
from sipfo.runtime.admission import Admission, Networks, Refused
from sipfo.runtime.mapping import parse_mapping

AT = ("udp", "192.0.2.10", 5060)


def plan_of(*trunks: tuple[str, str, str]) -> Plan:
    """A plan with trunks of (name, number prefix, network or "anyone")."""
    plan = policy()
    (pattern,) = plan.trunks
    made = tuple(
        pattern.model_copy(
            update={
                "name": name,
                "numbers": (NumberPrefix(prefix=prefix),),
                "accept": Accept(anyone=True)
                if network == "anyone"
                else Accept(networks=(network,)),
            }
        )
        for name, prefix, network in trunks
    )
    return plan.model_copy(update={"trunks": made})


def admit(plan: Plan, user: str, source: str, *maps: str) -> str | int:
    answer = Admission(plan, parse_mapping(maps)).admit(user, source, AT)
    return answer.status if isinstance(answer, Refused) else answer[0].name


TWO = plan_of(("acme", "+1312", "203.0.113.0/24"), ("bolt", "+44", "2001:db8::/32"))


@pytest.mark.parametrize(
    ("user", "source", "expected"),
    [
        ("+13125550123", "203.0.113.7", "acme"),
        ("13125550123", "203.0.113.7", "acme"),
        ("+1-312-555-0123", "203.0.113.7", "acme"),
        ("+442071838750", "2001:db8::7", "bolt"),
        ("+442071838750", "203.0.113.7", 403),
        ("+15105550100", "203.0.113.7", 404),
        ("alice", "203.0.113.7", 404),
        ("", "203.0.113.7", 404),
        ("+13125550123", "198.51.100.1", 403),
        ("+15105550100", "198.51.100.1", 403),
    ],
)
def test_admit(user: str, source: str, expected: str | int) -> None:
    assert admit(TWO, user, source) == expected


def test_a_stranger_learns_nothing_about_numbers() -> None:
    door = Admission(TWO, parse_mapping([]))
    answers = {door.admit(user, "198.51.100.1", AT) for user in ("+13125550123", "+15105550100")}
    assert len(answers) == 1


def test_anyone_is_one_trunk_s_word_only() -> None:
    plan = plan_of(("acme", "+1312", "203.0.113.0/24"), ("open", "+44", "anyone"))
    assert admit(plan, "+442071838750", "198.51.100.1") == "open"
    assert admit(plan, "+13125550123", "198.51.100.1") == 403


def test_only_a_listening_address_takes_calls() -> None:
    door = Admission(TWO, parse_mapping([]))
    for at in (("tcp", "192.0.2.10", 5061), ("udp", "192.76.120.10", 5060)):
        answer = door.admit("+13125550123", "203.0.113.7", at)
        assert isinstance(answer, Refused) and answer.status == 403


def test_a_mapped_source_is_looked_at_under_its_declared_addresses() -> None:
    assert admit(TWO, "+13125550123", "127.0.0.9", "203.0.113.7=127.0.0.9") == "acme"
    assert admit(TWO, "+13125550123", "127.0.0.8", "203.0.113.7=127.0.0.9") == 403


networks = st.one_of(
    st.builds(
        lambda n, length: str(ip_network((n, length), strict=False)),
        st.integers(0, 2**32 - 1),
        st.integers(0, 32),
    ),
    st.builds(
        lambda n, length: str(ip_network((n, length), strict=False)),
        st.integers(2**32, 2**128 - 1),
        st.integers(0, 128),
    ),
)


@given(st.lists(networks, max_size=8), st.integers(0, 2**32 - 1), st.booleans())
def test_networks_agree_with_the_library(declared: list[str], number: int, six: bool) -> None:
    address = ip_address(number + 2**64) if six else ip_address(number)
    known = Networks()
    for network in declared:
        known.add(network)
    expected = any(
        address in ip_network(one) for one in declared if ip_network(one).version == address.version
    )
    assert (address in known) == expected
