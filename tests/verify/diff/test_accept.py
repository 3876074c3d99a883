"""Who may place calls is compared as a set of addresses, not as a list of networks."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from sipfo.plan.model import Accept, Credential
from sipfo.verify.diff.accept import Door, doors

networks = st.one_of(
    st.integers(24, 32).map(lambda length: f"192.0.2.0/{length}"),
    st.sampled_from(("192.0.2.128/25", "192.0.2.64/26", "0.0.0.0/0", "2001:db8::/33", "::/0")),
)
accepts = st.builds(
    Accept,
    networks=st.lists(networks, max_size=4, unique=True).map(tuple),
    anyone=st.sampled_from((False, False, True)),
)
addresses = st.sampled_from(("192.0.2.1", "192.0.2.64", "192.0.2.200", "10.0.0.1", "2001:db8::1"))


def takes(accept: Accept, address: str) -> bool:
    known = [ip_network(network) for network in accept.networks]
    return accept.anyone or any(ip_address(address) in network for network in known)


def known(*users: str, secret: str = "S") -> tuple[Credential, ...]:
    return tuple(Credential(user=user, secret=secret) for user in users)


@given(accepts, accepts, addresses)
def test_no_door_means_that_the_same_addresses_are_taken(
    old: Accept, new: Accept, address: str
) -> None:
    found = doors(old, new)
    if not found:
        assert takes(old, address) == takes(new, address)
    for door in found:
        assert (takes(old, door.caller), takes(new, door.caller)) == (door.before, not door.before)


def test_two_halves_are_the_whole() -> None:
    whole = Accept(networks=("192.0.2.0/24",))
    assert doors(whole, Accept(networks=("192.0.2.128/25", "192.0.2.0/25"))) == ()


def test_both_whole_families_are_anyone() -> None:
    assert doors(Accept(anyone=True), Accept(networks=("::/0", "0.0.0.0/0"))) == ()


def test_a_credential_is_known_by_its_user() -> None:
    old, new = Accept(credentials=known("ann", "bob")), Accept(credentials=known("ann", secret="T"))
    assert doors(old, new) == (Door("bob", "credential", True),)


def test_a_credential_beside_anyone_makes_no_difference() -> None:
    assert doors(Accept(anyone=True), Accept(anyone=True, credentials=known("ann"))) == ()
