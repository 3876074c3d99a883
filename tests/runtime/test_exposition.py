"""Metrics as text, held against the grammar of the format that Prometheus documents."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.scrape import scrape
from sipfo.runtime.exposition import Family, Sample, exposition, number


def family(value: float, *labels: tuple[str, str]) -> Family:
    return Family("sipfo_x", "gauge", "What it is.", (Sample(labels, value),))


def test_a_family_has_its_help_its_type_and_a_line_for_each_sample() -> None:
    assert exposition([family(3, ("trunk", "acme"), ("by", "x"))]) == (
        b'# HELP sipfo_x What it is.\n# TYPE sipfo_x gauge\nsipfo_x{trunk="acme",by="x"} 3\n'
    )


def test_a_family_without_samples_is_named_all_the_same() -> None:
    text = exposition([Family("sipfo_x", "counter", "None yet.", ())])
    assert text == b"# HELP sipfo_x None yet.\n# TYPE sipfo_x counter\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (3.0, "3"),
        (0.25, "0.25"),
        (-1.5, "-1.5"),
        (1e300, "1e+300"),
        (1_790_000_000.125, "1790000000.125"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
    ],
)
def test_numbers_are_as_go_reads_them(value: float, text: str) -> None:
    assert number(value) == text


@given(st.text(), st.text(), st.floats(allow_nan=False))
def test_any_label_and_value_comes_back(first: str, second: str, value: float) -> None:
    text = exposition([family(value, ("a", first), ("b", second))])
    ((name, labels, found),) = scrape(text)
    assert (name, found) == ("sipfo_x", value)
    if first.isascii() and second.isascii():
        assert labels == {"a": first, "b": second}
