"""The INVITE client transaction: Timers A, B, D and M, the ACK of refusals, Accepted."""

from __future__ import annotations

import pytest

from runtime.sip.samples import TCP, UDP, answer, request
from runtime.sip.transaction.bench import Bench
from sipfo.runtime.sip.cseq import CSeq
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, serialize
from sipfo.runtime.sip.transaction.invite_client import InviteClientTransaction, State
from sipfo.runtime.sip.transaction.values import TimerValues


def placed(
    flow: Flow = UDP, values: TimerValues | None = None
) -> tuple[Bench, InviteClientTransaction]:
    bench = Bench(values)
    return bench, bench.layer.invite(request(), flow, bench.user, bench.now)


def hears(bench: Bench, status: int, tag: bytes = b"to-1") -> None:
    assert bench.layer.receive_response(answer(request(), status, tag), bench.now)


def test_timer_a_doubles_without_a_bound_until_timer_b_at_64_t1() -> None:
    bench, _ = placed()
    bench.run(100)
    assert bench.times("INVITE") == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert bench.user.told == [(32.0, "timeout"), (32.0, "terminated")]
    assert bench.empty


@pytest.mark.parametrize("t1", [0.1, 0.25, 1.0])
def test_timer_b_is_exactly_64_t1(t1: float) -> None:
    bench, _ = placed(values=TimerValues(t1=t1))
    bench.run(64 * t1 - 1e-6)
    assert bench.user.told == []
    bench.run(64 * t1)
    assert bench.user.told == [(64 * t1, "timeout"), (64 * t1, "terminated")]
    assert len(bench.times("INVITE")) == 7


def test_every_retransmission_is_the_same_bytes() -> None:
    bench, transaction = placed()
    transaction.request.headers.add(b"x-late", b"changed after it was sent")
    bench.run(4)
    assert len({serialize(message) for _, _, message in bench.sent}) == 1


def test_a_reliable_transport_is_sent_to_once_and_still_times_out() -> None:
    bench, _ = placed(TCP)
    bench.run(100)
    assert bench.times("INVITE") == [0]
    assert bench.user.told == [(32.0, "timeout"), (32.0, "terminated")]
    assert bench.empty


def test_a_provisional_ends_retransmission_and_timer_b() -> None:
    bench, transaction = placed()
    bench.run(1.0)
    hears(bench, 100)
    bench.run(500)
    assert bench.times("INVITE") == [0, 0.5]
    assert bench.user.told == [(1.0, 100)]
    assert transaction.state is State.PROCEEDING
    assert len(bench.layer) == 1


def test_every_provisional_reaches_the_user_but_none_after_a_final() -> None:
    bench, _ = placed()
    for status in (100, 180, 180, 183, 486, 180):
        hears(bench, status)
    assert [what for _, what in bench.user.told] == [100, 180, 180, 183, 486]


@pytest.mark.parametrize("status", [300, 404, 503, 603, 699])
def test_a_refusal_is_acknowledged_each_time_and_told_once(status: int) -> None:
    bench, transaction = placed()
    bench.run(0.2)
    for _ in range(3):
        hears(bench, status)
        bench.run(bench.now + 1)
    assert len(bench.times("ACK")) == 3
    assert bench.user.told == [(0.2, status)]
    assert transaction.state is State.COMPLETED
    ack = bench.last()
    assert isinstance(ack, Request)
    assert ack.via == request().via
    assert (ack.to.tag, ack.cseq) == (b"to-1", CSeq(7, "ACK"))


def test_timer_d_is_32_seconds_on_udp_and_is_not_renewed() -> None:
    bench, _ = placed()
    hears(bench, 486)
    bench.run(31.9)
    hears(bench, 486)
    bench.run(32.0)
    assert bench.user.told == [(0, 486), (32.0, "terminated")]
    assert bench.empty


def test_timer_d_is_64_t1_when_that_is_longer() -> None:
    bench, _ = placed(values=TimerValues(t1=1.0))
    hears(bench, 486)
    bench.run(63.9)
    assert len(bench.layer) == 1
    bench.run(64)
    assert bench.empty


def test_timer_d_is_zero_on_a_reliable_transport() -> None:
    bench, _ = placed(TCP)
    hears(bench, 486)
    bench.run(0)
    assert bench.times("ACK") == [0]
    assert bench.user.told == [(0, 486), (0, "terminated")]
    assert bench.empty


@pytest.mark.parametrize("flow", [UDP, TCP], ids=["udp", "tcp"])
def test_every_2xx_reaches_the_user_until_timer_m(flow: Flow) -> None:
    """RFC 6026 §7.2: repeated and forked 2xx alike, and the transaction acknowledges none."""
    bench, transaction = placed(flow)
    hears(bench, 200, b"fork-1")
    bench.run(0.5)
    hears(bench, 200, b"fork-1")
    hears(bench, 202, b"fork-2")
    for late in (180, 486):
        hears(bench, late)
    assert bench.user.told == [(0, 200), (0.5, 200), (0.5, 202)]
    assert bench.times("ACK") == []
    assert transaction.state is State.ACCEPTED
    bench.run(32.0)
    assert bench.user.told[3:] == [(32.0, "terminated")]
    assert bench.empty
    assert not bench.layer.receive_response(answer(request(), 200), 33.0)


def test_a_final_without_a_provisional_ends_retransmission() -> None:
    for status in (200, 503):
        bench, _ = placed()
        hears(bench, status)
        bench.run(100)
        assert bench.times("INVITE") == [0]


@pytest.mark.parametrize(("status", "state"), [(200, State.ACCEPTED), (503, State.COMPLETED)])
def test_a_final_after_a_provisional_is_told(status: int, state: State) -> None:
    bench, transaction = placed()
    hears(bench, 180)
    hears(bench, status)
    assert bench.user.told == [(0, 180), (0, status)]
    assert transaction.state is state
    bench.run(100)
    assert bench.empty


def test_a_connection_that_breaks_under_the_ack_ends_it_without_an_error() -> None:
    bench, _ = placed(TCP)
    hears(bench, 486)
    bench.layer.transport_failed(TCP, bench.now)
    assert bench.user.told == [(0, 486), (0, "terminated")]
    assert bench.empty


def test_a_2xx_after_a_refusal_is_ignored() -> None:
    bench, _ = placed()
    hears(bench, 486)
    hears(bench, 200)
    assert bench.user.told == [(0, 486)]


def test_a_transport_error_before_any_response_is_told_at_once() -> None:
    bench, _ = placed()
    bench.run(0.1)
    bench.layer.transport_failed(UDP, bench.now)
    assert bench.user.told == [(0.1, "transport error"), (0.1, "terminated")]
    bench.run(100)
    assert bench.times("INVITE") == [0]
    assert bench.empty


def test_end_destroys_a_proceeding_transaction_and_no_other() -> None:
    """§9.1: no final response within 64·T1 of the CANCEL."""
    bench, transaction = placed()
    transaction.end(bench.now)
    assert transaction.state is State.CALLING
    hears(bench, 180)
    transaction.end(5.0)
    transaction.end(6.0)
    assert bench.user.told == [(0, 180), (5.0, "terminated")]
    bench.run(100)
    assert bench.empty
