"""How often strangers are answered, per source and together, and how many are remembered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sipfo.runtime.limits import Limits
from sipfo.runtime.strangers import Bucket, Strangers, Verdict, network_of

A, F, S = Verdict.ANSWER, Verdict.FALL_SILENT, Verdict.STAY_SILENT


def test_a_burst_is_answered_then_silence_falls_once() -> None:
    bucket = Bucket(2.0, 3, 0.0)
    assert [bucket.take(0.0) for _ in range(6)] == [A, A, A, F, S, S]


def test_a_bucket_fills_at_its_rate_and_no_fuller_than_its_burst() -> None:
    bucket = Bucket(2.0, 3, 0.0)
    for _ in range(4):
        bucket.take(0.0)
    assert [bucket.take(0.5) for _ in range(2)] == [A, S]
    assert [bucket.take(1000.0) for _ in range(4)] == [A, A, A, F]  # quiet since, so told again


@given(
    st.floats(0.5, 50),
    st.integers(1, 20),
    st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=200),
)
def test_never_more_than_the_burst_and_the_rate(
    rate: float, burst: int, pauses: list[float]
) -> None:
    bucket, now, answers = Bucket(rate, burst, 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        answers += bucket.take(now) is A
        assert answers <= burst + rate * now + 1e-6


def test_sources_do_not_share_their_burst_but_a_64_does() -> None:
    strangers = Strangers(Limits(answers_burst=1))
    heard = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"]
    assert [strangers.hear(one, 0.0) for one in heard] == [A, A, A, F, A]


def test_an_ipv4_address_is_one_source_in_either_spelling() -> None:
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"


def test_all_strangers_together_have_a_rate() -> None:
    strangers = Strangers(Limits(all_answers=5.0))
    verdicts = [strangers.hear(f"192.0.2.{n}", 0.0) for n in range(8)]
    assert verdicts == [A] * 5 + [F, S, S]
    assert strangers.hear("192.0.2.99", 0.2) is A


def test_the_stranger_heard_least_recently_is_forgotten() -> None:
    strangers = Strangers(Limits(strangers=2, answers_burst=1, answers=0.001))
    assert [strangers.hear(one, 0.0) for one in ("192.0.2.1", "192.0.2.2")] == [A, A]
    assert strangers.hear("192.0.2.1", 1.0) is F
    assert strangers.hear("192.0.2.3", 2.0) is A
    assert len(strangers) == 2
    assert strangers.hear("192.0.2.1", 3.0) is S  # still remembered
    assert strangers.hear("192.0.2.2", 4.0) is A  # forgotten
    for n in range(1000):
        strangers.hear(f"198.51.{n % 256}.{n // 256}", 5.0)
    assert len(strangers) == 2
