"""Durations as people read them, and text that a terminal cannot be made to obey."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.verify.words import duration, printable


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 ms"),
        (0.012, "12 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (2.0, "2.00 s"),
        (32.0, "32.00 s"),
        (119.7, "2 min 0 s"),
        (180.1, "3 min 0 s"),
    ],
)
def test_durations_read_well(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@given(st.text())
def test_nothing_unprintable_is_left(text: str) -> None:
    assert printable(text).isprintable()


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"])))
def test_printable_text_stays_what_it_is(text: str) -> None:
    assert printable(text) == text
