"""The non-INVITE server transaction: repetitions answered, Timer J."""

from __future__ import annotations

import pytest

from runtime.sip.samples import TCP, UDP, answer, request
from runtime.sip.transaction.bench import Bench
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.transaction.server import ServerTransaction, State


def served(flow: Flow = UDP) -> tuple[Bench, ServerTransaction]:
    bench = Bench()
    made = bench.layer.serve(request("BYE"), flow)
    assert isinstance(made, ServerTransaction)
    return bench, made


def says(bench: Bench, transaction: ServerTransaction, *statuses: int) -> None:
    for status in statuses:
        transaction.respond(answer(request("BYE"), status), bench.now)


def again(bench: Bench) -> None:
    assert bench.layer.absorb(request("BYE"), bench.now)


def test_a_repetition_before_any_response_is_silent() -> None:
    bench, transaction = served()
    again(bench)
    assert bench.sent == []
    assert transaction.state is State.TRYING


def test_a_repetition_is_answered_with_the_latest_response() -> None:
    bench, transaction = served()
    says(bench, transaction, 100)
    again(bench)
    says(bench, transaction, 200)
    again(bench)
    again(bench)
    assert (len(bench.times(100)), len(bench.times(200))) == (2, 3)


def test_every_provisional_is_sent_and_the_latest_repeated() -> None:
    bench, transaction = served()
    says(bench, transaction, 100, 183)
    again(bench)
    assert (len(bench.times(100)), len(bench.times(183))) == (1, 2)


def test_nothing_is_sent_twice_unasked() -> None:
    bench, transaction = served()
    says(bench, transaction, 481)
    bench.run(100)
    assert bench.times(481) == [0]


def test_only_the_first_final_is_sent() -> None:
    bench, transaction = served()
    says(bench, transaction, 200, 100, 500)
    again(bench)
    assert [bench.times(status) for status in (200, 100, 500)] == [[0, 0], [], []]


@pytest.mark.parametrize(("flow", "seconds"), [(UDP, 32.0), (TCP, 0.0)], ids=["udp", "tcp"])
def test_timer_j_is_64_t1_or_zero(flow: Flow, seconds: float) -> None:
    bench, transaction = served(flow)
    bench.run(1)
    says(bench, transaction, 200)
    bench.run(1 + seconds - 0.001 if seconds else 1)
    assert len(bench.layer) == (1 if seconds else 0)
    bench.run(1 + seconds)
    assert bench.empty
    assert transaction.state is State.TERMINATED
    says(bench, transaction, 500)
    assert bench.times(500) == []
