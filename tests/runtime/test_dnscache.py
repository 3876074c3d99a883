"""What is remembered of the DNS, and for how long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.runtime.dnscache import (
    CACHE_SIZE,
    KEEPING,
    PREFETCH,
    STALE_LIFE,
    STALE_RECHECK,
    Cache,
    Known,
)
from sipfo.runtime.question import WORDS, Answer, Query, Status

QUERY = Query("a.example", "A")
KNOWN = Answer("ok", ("192.0.2.1",))
FAILURES: list[Status] = ["servfail", "refused", "timeout"]
NEGATIVES: list[Status] = ["nodata", "nxdomain"]


def believed(cache: Cache, now: float, query: Query = QUERY) -> Answer | None:
    known = cache.known(query, now)
    return known.answer if known is not None else None


def test_every_status_has_its_policy() -> None:
    assert set(KEEPING) == set(WORDS)
    assert [status for status, one in KEEPING.items() if one.is_failure] == [
        "servfail",
        "timeout",
        "refused",
    ]


def test_an_answer_is_believed_for_its_ttl() -> None:
    cache = Cache()
    assert cache.learn(QUERY, KNOWN, 60, now=100) == Known(KNOWN, "asked", 60)
    assert cache.known(QUERY, 110) == Known(KNOWN, "remembered", 50)
    assert believed(cache, 159.9) == KNOWN
    assert believed(cache, 160) is None


@pytest.mark.parametrize("status", WORDS)
@pytest.mark.parametrize("ttl", [0.0, 2.0**31])
def test_no_ttl_is_believed_beyond_the_bounds_of_its_status(status: Status, ttl: float) -> None:
    cache, keeping = Cache(), KEEPING[status]
    cache.learn(QUERY, Answer(status), ttl, now=200)
    kept = keeping.most if ttl else keeping.least
    assert believed(cache, 200 + kept) is None
    if kept:
        assert believed(cache, 200 + kept - 0.1) == Answer(status)


def test_a_failure_is_remembered_for_a_second_at_least_and_five_minutes_at_most() -> None:
    """RFC 9520 §3.2."""
    assert all(1 <= KEEPING[status].least <= KEEPING[status].most <= 300 for status in FAILURES)


def test_an_empty_answer_without_a_soa_record_is_not_remembered() -> None:
    """RFC 2308 §5."""
    cache = Cache()
    cache.learn(QUERY, Answer("nxdomain"), 0, now=0)
    assert cache.known(QUERY, 0) is None


@pytest.mark.parametrize("status", FAILURES)
def test_an_old_answer_is_used_in_place_of_a_failure_and_not_asked_for_until_the_recheck(
    status: Status,
) -> None:
    cache = Cache()
    cache.learn(QUERY, KNOWN, 60, now=0)
    old = cache.learn(QUERY, Answer(status), 0, now=1000)
    assert old == Known(KNOWN, "stale", STALE_RECHECK, age=940)
    assert cache.known(QUERY, 1010) == Known(KNOWN, "stale", STALE_RECHECK - 10, age=950)
    assert believed(cache, 1000 + STALE_RECHECK) is None


def test_an_old_answer_dies_in_the_end() -> None:
    cache = Cache()
    cache.learn(QUERY, KNOWN, 60, now=0)
    assert cache.has_stale(QUERY, 59 + STALE_LIFE)
    assert cache.stale(QUERY, 59 + STALE_LIFE) == Known(KNOWN, "stale", 1, age=STALE_LIFE - 1)
    assert believed(cache, 60 + STALE_LIFE) is None
    assert not cache.has_stale(QUERY, 60 + STALE_LIFE)
    assert cache.stale(QUERY, 60 + STALE_LIFE) is None
    assert cache.learn(QUERY, Answer("timeout"), 0, 60 + STALE_LIFE).answer == Answer("timeout")


@pytest.mark.parametrize("status", NEGATIVES)
def test_a_name_that_is_gone_is_no_failure(status: Status) -> None:
    """RFC 8767 §5: a negative answer replaces what was known."""
    cache = Cache()
    cache.learn(QUERY, KNOWN, 60, now=0)
    assert cache.learn(QUERY, Answer(status), 30, now=100).answer == Answer(status)
    assert cache.learn(QUERY, Answer("timeout"), 0, now=200).answer == Answer(status)


def test_an_answer_that_is_believed_still_outlives_a_failure_to_renew_it() -> None:
    cache = Cache()
    cache.learn(QUERY, KNOWN, 60, now=0)
    assert cache.learn(QUERY, Answer("servfail"), 0, now=58).source == "remembered"
    assert believed(cache, 59.9) == KNOWN
    assert believed(cache, 60) is None


def test_an_answer_in_its_last_tenth_is_due_to_be_asked_for_and_a_failure_never_is() -> None:
    cache = Cache()
    cache.learn(QUERY, KNOWN, 60, now=0)
    early, late = cache.known(QUERY, 60 * (1 - PREFETCH)), cache.known(QUERY, 59)
    assert early is not None and not early.is_due
    assert late is not None and late.is_due
    other = Query("b.example", "A")
    cache.learn(other, Answer("refused"), 0, now=0)
    known = cache.known(other, KEEPING["refused"].most - 0.01)
    assert known is not None and not known.is_due


def test_the_least_recently_used_is_forgotten_first() -> None:
    cache = Cache(size=2)
    one, two, three = (Query(name, "A") for name in ("one", "two", "three"))
    cache.learn(one, KNOWN, 60, now=0)
    cache.learn(two, KNOWN, 60, now=0)
    assert believed(cache, 1, one) == KNOWN
    cache.learn(three, KNOWN, 60, now=1)
    assert [believed(cache, 2, each) for each in (one, two, three)] == [KNOWN, None, KNOWN]


def test_however_many_names_are_asked_for_the_memory_is_bounded() -> None:
    cache = Cache()
    for n in range(CACHE_SIZE + 100):
        cache.learn(Query(f"h{n}", "A"), Answer("timeout"), 0, now=0)
    known = [cache.known(Query(f"h{n}", "A"), 1) for n in range(CACHE_SIZE + 100)]
    assert sum(one is not None for one in known) == CACHE_SIZE


@given(
    st.lists(
        st.tuples(
            st.floats(0, 5000), st.sampled_from(list(WORDS)), st.floats(0, 10000), st.booleans()
        )
    )
)
def test_nothing_is_believed_longer_than_its_bound_unless_it_is_called_stale(
    steps: list[tuple[float, Status, float, bool]],
) -> None:
    cache, now, rounding = Cache(), 0.0, 1e-6
    learnt: dict[Status, float] = {}
    for passed, status, ttl, asks in steps:
        now += passed
        known = cache.known(QUERY, now) if asks else cache.learn(QUERY, Answer(status), ttl, now)
        if not asks:
            learnt[status] = now
        if known is None:
            continue
        most = KEEPING[known.answer.status].most + rounding
        assert known.left <= max(most, STALE_RECHECK)
        age = now - learnt[known.answer.status]
        assert known.source == "stale" or age <= most
        assert age <= most + STALE_LIFE
