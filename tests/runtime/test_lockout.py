"""Ten failures in five minutes, per source, in a table that does not grow."""

from __future__ import annotations

from sipfo.runtime.limits import Limits
from sipfo.runtime.lockout import Lockout

HERE, ELSEWHERE = "203.0.113.7", "203.0.113.8"


def locked_out(*sources: str) -> Lockout:
    lockout = Lockout(Limits())
    for source in sources:
        for _ in range(10):
            lockout.fail(source, 0.0)
    return lockout


def test_the_tenth_failure_locks_out() -> None:
    lockout = Lockout(Limits())
    for second in range(9):
        lockout.fail(HERE, float(second))
        assert not lockout.is_locked(HERE, float(second))
    lockout.fail(HERE, 9.0)
    assert lockout.is_locked(HERE, 9.0)
    assert not lockout.is_locked(ELSEWHERE, 9.0)


def test_a_failure_is_held_against_its_source_for_five_minutes() -> None:
    lockout = Lockout(Limits())
    for second in range(10):
        lockout.fail(HERE, second * 10.0)
    assert lockout.is_locked(HERE, 299.9)
    assert not lockout.is_locked(HERE, 300.0)
    lockout.fail(HERE, 300.0)  # nine are left of before
    assert lockout.is_locked(HERE, 300.0)


def test_a_64_is_one_source() -> None:
    lockout = locked_out("2001:db8::1")
    assert lockout.is_locked("2001:db8::ffff", 0.0)
    assert not lockout.is_locked("2001:db8:0:1::1", 0.0)


def test_the_source_that_failed_least_recently_is_forgotten() -> None:
    lockout = Lockout(Limits(failing_sources=2, failures=1))
    for source in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.3"):
        lockout.fail(source, 0.0)
    assert len(lockout) == 2
    found = [lockout.is_locked(f"192.0.2.{n}", 0.0) for n in (1, 2, 3)]
    assert found == [True, False, True]


def test_looking_remembers_nobody() -> None:
    lockout = Lockout(Limits())
    for n in range(200):
        assert not lockout.is_locked(f"192.0.2.{n}", 0.0)
    assert len(lockout) == 0
