"""Counts whose labels a peer cannot make without end."""

from __future__ import annotations

import pytest

from sipfo.runtime.tally import MOST_SERIES, Histogram, Tally, bounded_code


def test_the_same_labels_are_one_series() -> None:
    tally = Tally("trunk", "result")
    tally.add("acme", "answered")
    tally.add("acme", "answered", by=2.0)
    tally.add("acme", "refused")
    assert [(dict(one.labels), one.value) for one in tally.samples()] == [
        ({"trunk": "acme", "result": "answered"}, 3.0),
        ({"trunk": "acme", "result": "refused"}, 1.0),
    ]


def test_beyond_the_bound_counts_go_to_other_and_none_is_lost() -> None:
    tally = Tally("trunk", "result")
    for n in range(3 * MOST_SERIES):
        tally.add(f"t{n}", "refused")
    samples = tally.samples()
    assert len(samples) == MOST_SERIES
    assert sum(one.value for one in samples) == 3 * MOST_SERIES
    assert dict(samples[-1].labels) == {"trunk": "other", "result": "other"}


def test_a_span_is_in_every_bucket_that_it_fits() -> None:
    spans = Histogram("trunk", (0.5, 1.0))
    for seconds in (0.5, 0.6, 7.0):
        spans.observe("acme", seconds)
    found = [(one.suffix, dict(one.labels).get("le"), one.value) for one in spans.samples()]
    assert found == [
        ("_bucket", "0.5", 1),
        ("_bucket", "1", 2),
        ("_bucket", "+Inf", 3),
        ("_sum", None, 8.1),
        ("_count", None, 3),
    ]


def test_histograms_are_bounded_as_well() -> None:
    spans = Histogram("trunk", (0.5, 1.0))
    for n in range(2 * MOST_SERIES):
        spans.observe(f"t{n}", 0.1)
    assert len(list(spans.samples())) <= 3 * MOST_SERIES


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("503", "503"),
        ("477", "4xx"),
        ("699", "6xx"),
        ("no-response", "no-response"),
        ("999", "999"),
    ],
)
def test_codes_that_nobody_registered_are_counted_by_class(word: str, label: str) -> None:
    assert bounded_code(word) == label
