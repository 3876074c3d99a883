"""A nonce is ours, its source's, young, and each of its counts good once."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from sipfo.runtime.limits import Limits
from sipfo.runtime.nonces import LIFE, Nonces

HERE, ELSEWHERE = "203.0.113.7", "203.0.113.8"


def nonces(most: int = 100, key: bytes = b"key") -> Nonces:
    numbers = itertools.count(1)
    return Nonces(key, lambda: f"{next(numbers):016x}", Limits(nonces=most))


def test_a_nonce_is_fresh_for_its_source_and_its_life() -> None:
    ours = nonces()
    nonce = ours.make(HERE, 1000.0)
    assert ours.is_fresh(nonce, HERE, 1000.0)
    assert ours.is_fresh(nonce, HERE, 1000.0 + LIFE - 0.01)
    assert not ours.is_fresh(nonce, HERE, 1000.0 + LIFE)
    assert not ours.is_fresh(nonce, ELSEWHERE, 1000.0)


def test_no_two_nonces_are_the_same() -> None:
    ours = nonces()
    assert len({ours.make(HERE, 5.0) for _ in range(100)}) == 100


def test_a_nonce_of_another_key_is_not_ours() -> None:
    assert not nonces(key=b"other").is_fresh(nonces().make(HERE, 5.0), HERE, 5.0)


@given(st.data())
def test_a_nonce_that_was_changed_is_not_ours(data: st.DataObject) -> None:
    ours = nonces()
    nonce = ours.make(HERE, 77.0)
    place = data.draw(st.integers(0, len(nonce) - 1))
    octet = data.draw(st.integers(0, 255).filter(lambda one: one != nonce[place]))
    changed = nonce[:place] + bytes([octet]) + nonce[place + 1 :]
    assert not ours.is_fresh(changed, HERE, 77.0)


@given(st.binary(max_size=200))
def test_what_is_no_nonce_is_not_ours(text: bytes) -> None:
    assert not nonces().is_fresh(text, HERE, 0.0)


def test_nothing_is_remembered_of_a_nonce_that_was_not_used() -> None:
    ours = nonces()
    for _ in range(1000):
        assert ours.is_fresh(ours.make(HERE, 5.0), HERE, 5.0)
    assert len(ours) == 0


def test_a_count_is_good_once_and_no_smaller_one_after_it() -> None:
    """ "if the same nc value is seen twice, then the request is a replay" (RFC 7616 §3.4)"""
    ours = nonces()
    nonce = ours.make(HERE, 5.0)
    assert [ours.use(nonce, count, 5.0) for count in (1, 1, 2, 7, 3, 7, 8)] == [
        *(True, False, True, True),
        *(False, False, True),
    ]
    assert ours.is_fresh(nonce, HERE, 5.0)


def test_nonces_of_the_past_make_room() -> None:
    ours = nonces(most=3)
    for second in range(3):
        assert ours.use(ours.make(HERE, float(second)), 1, float(second))
    late = LIFE + 1.5
    assert ours.use(ours.make(HERE, late), 1, late)
    assert len(ours) == 2  # those of 0 and 1 are past; the one of 2 is not
    young = ours.make(HERE, 1.9)
    assert ours.is_fresh(young, HERE, late)  # nothing was forgotten before its time


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 3)), max_size=40), st.integers(1, 5))
def test_no_count_is_taken_twice_however_small_the_table(
    steps: list[tuple[int, int]], most: int
) -> None:
    ours = nonces(most)
    made: list[bytes] = []
    taken: set[tuple[bytes, int]] = set()
    now = 0.0
    for pick, count in steps:
        now += pick / 10
        made.append(ours.make(HERE, now))
        nonce = made[pick % len(made)]
        if ours.is_fresh(nonce, HERE, now) and ours.use(nonce, count, now):
            assert (nonce, count) not in taken
            taken.add((nonce, count))
        assert len(ours) <= most


def test_a_full_table_makes_the_older_nonces_stale() -> None:
    ours = nonces(most=2)
    old = [ours.make(HERE, float(second)) for second in range(4)]
    for nonce in old[:3]:
        assert ours.use(nonce, 1, 4.0)
    assert [ours.is_fresh(nonce, HERE, 4.0) for nonce in old] == [False, True, True, True]
