"""Loopback addresses are one to one with declared ones, and nobody else's."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from sipfo.verify.lab.addresses import HOSTS, Addresses


def test_the_same_host_has_the_same_address_and_another_another() -> None:
    addresses = Addresses(0)
    try:
        one, other = addresses.of("192.0.2.1"), addresses.of("2001:db8::1")
        assert one == addresses.of("192.0.2.1") != other
        assert addresses.declared(one) == "192.0.2.1"
        assert addresses.mapping().actual("2001:db8::1", 5060) == (other, 5060)
    finally:
        addresses.close()


@pytest.mark.parametrize("slots", [(0, 0), (0, 1), (63, 64)])
def test_two_plays_never_share_a_block(slots: tuple[int, int]) -> None:
    plays = [Addresses(slot) for slot in slots]
    try:
        blocks = {ip_network(f"{play.of('192.0.2.1')}/24", strict=False) for play in plays}
        assert len(blocks) == 2
    finally:
        for play in plays:
            play.close()


def test_a_policy_with_more_hosts_than_a_block_gets_another() -> None:
    addresses = Addresses(0)
    try:
        given = {addresses.of(f"host {number}") for number in range(HOSTS + 1)}
        assert len(given) == HOSTS + 1
        assert all(ip_address(one).is_loopback for one in given)
    finally:
        addresses.close()


def test_a_closed_block_can_be_had_again() -> None:
    first = Addresses(7)
    address = first.of("192.0.2.1")
    first.close()
    second = Addresses(7)
    try:
        assert second.of("192.0.2.1") == address
    finally:
        second.close()
