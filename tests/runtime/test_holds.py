"""Retry-After, per target and capped."""

from __future__ import annotations

from sipfo.runtime.holds import RETRY_AFTER_CAP, Holds


def test_a_hold_ends_by_itself() -> None:
    holds = Holds()
    holds.hold("udp:192.0.2.1:5060", 30, now=100)
    assert holds.holds("udp:192.0.2.1:5060", 129.9)
    assert not holds.holds("udp:192.0.2.1:5060", 130)


def test_a_hold_is_for_one_target() -> None:
    holds = Holds()
    holds.hold("udp:192.0.2.1:5060", 30, now=100)
    assert not holds.holds("tcp:192.0.2.1:5060", 101)


def test_a_hold_is_capped() -> None:
    holds = Holds()
    holds.hold("udp:192.0.2.1:5060", 1e9, now=0)
    assert not holds.holds("udp:192.0.2.1:5060", RETRY_AFTER_CAP)
