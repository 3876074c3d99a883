"""Names of calls: none twice, in the order in which the calls came."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sipfo.runtime.callname import CALL_NAME, CallNames

EPOCH = 1_790_000_000.0


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=50))
def test_names_are_all_different_and_sort_as_the_calls_came(gaps: list[float]) -> None:
    names = CallNames(lambda: "1f2e3d4c5b6a7980", EPOCH)
    now = 0.0
    taken = []
    for gap in gaps:
        now += gap
        taken.append(names.take(now))
    assert taken == sorted(set(taken))
    assert all(CALL_NAME.fullmatch(name) for name in taken)


def test_a_name_says_the_millisecond_and_the_process() -> None:
    names = CallNames(lambda: "1f2e3d4c5b6a7980", EPOCH)
    assert names.take(1.5) == f"{1_790_000_001_500:012x}-1f2e3d4c"
    assert names.take(1.5) == f"{1_790_000_001_501:012x}-1f2e3d4c"


def test_names_of_two_processes_differ_at_the_same_moment() -> None:
    one = CallNames(lambda: "1f2e3d4c5b6a7980", EPOCH)
    other = CallNames(lambda: "0000000000000000", EPOCH)
    assert one.take(0.0) != other.take(0.0)
