from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.grammar.near import MOST, distance, near

words = st.text(alphabet="abc", max_size=8)


@pytest.mark.parametrize(
    ("a", "b", "mistakes"),
    [("", "", 0), ("a", "", 1), ("secondry", "secondary", 1), ("esat", "east", 1), ("ab", "cd", 2)],
)
def test_distance_counts_mistakes(a: str, b: str, mistakes: int) -> None:
    assert distance(a, b) == mistakes


@given(words, words)
def test_distance_is_the_same_both_ways_and_zero_only_for_equals(a: str, b: str) -> None:
    assert distance(a, b) == distance(b, a)
    assert (distance(a, b) == 0) == (a == b)


def test_the_nearest_comes_first() -> None:
    assert near("pbx-esat", ["pbx-west", "sbc", "pbx-east"]) == ("pbx-east", "pbx-west")


def test_case_is_no_mistake() -> None:
    assert near("REGION", ["region", "route"]) == ("region",)


def test_what_is_far_is_not_meant() -> None:
    assert near("dispatcher", ["region", "route", "trunk"]) == ()


def test_there_are_at_most_four() -> None:
    assert len(near("abcd", [f"abc{n}" for n in range(9)])) == MOST


def test_a_very_long_word_is_near_nothing() -> None:
    assert near("x" * 1_000_000, ["region"]) == ()
