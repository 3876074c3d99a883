"""Retry-After, per target, capped, and never for quite as long as anybody else's."""

from __future__ import annotations

import pytest

from sipfo.runtime.holds import RETRY_AFTER_CAP, Holds

HELD = "udp:192.0.2.1:5060"


def holds(part: float = 0.5) -> Holds:
    """Holds whose draw is always at this part of the range; the middle is what was asked for."""
    return Holds(lambda most: int(part * most))


def test_a_hold_ends_by_itself() -> None:
    found = holds()
    found.hold(HELD, 30, now=100)
    assert found.holds(HELD, 129.9)
    assert not found.holds(HELD, 130)


def test_a_hold_is_for_one_target() -> None:
    found = holds()
    found.hold(HELD, 30, now=100)
    assert not found.holds("tcp:192.0.2.1:5060", 101)


@pytest.mark.parametrize(("part", "seconds"), [(0.0, 27.0), (0.25, 28.5), (1.0, 33.0)])
def test_a_hold_is_up_to_a_tenth_shorter_or_longer(part: float, seconds: float) -> None:
    found = holds(part)
    found.hold(HELD, 30, now=100)
    assert found.holds(HELD, 100 + seconds - 0.001)
    assert not found.holds(HELD, 100 + seconds + 0.001)


def test_a_hold_is_capped_whatever_is_drawn_and_still_drawn() -> None:
    longest, shortest = holds(1.0), holds(0.0)
    longest.hold(HELD, 1e9, now=0)
    shortest.hold(HELD, 1e9, now=0)
    assert longest.holds(HELD, RETRY_AFTER_CAP - 0.001)
    assert not longest.holds(HELD, RETRY_AFTER_CAP + 0.001)
    assert shortest.holds(HELD, 49.0)
    assert not shortest.holds(HELD, 49.2)
