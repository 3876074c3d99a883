"""The INVITE server transaction: Timers G, H, I and L, and INVITEs that come again."""

from __future__ import annotations

import pytest

from runtime.sip.samples import TCP, UDP, answer, request
from runtime.sip.transaction.bench import Bench
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.transaction.invite_server import InviteServerTransaction, State
from sipfo.runtime.sip.transaction.values import TimerValues


def served(
    flow: Flow = UDP, values: TimerValues | None = None
) -> tuple[Bench, InviteServerTransaction]:
    bench = Bench(values)
    made = bench.layer.serve(request(), flow)
    assert isinstance(made, InviteServerTransaction)
    return bench, made


def says(bench: Bench, transaction: InviteServerTransaction, *statuses: int) -> None:
    for status in statuses:
        transaction.respond(answer(request(), status), bench.now)


def again(bench: Bench) -> None:
    assert bench.layer.absorb(request(), bench.now)


def acknowledged(bench: Bench) -> bool:
    return bench.layer.absorb(request("ACK", to_tag=b"to-1"), bench.now)


def test_a_repeated_invite_is_answered_with_the_latest_provisional() -> None:
    bench, transaction = served()
    again(bench)
    assert bench.sent == []
    says(bench, transaction, 100, 180)
    again(bench)
    assert [bench.times(100), bench.times(180)] == [[0], [0, 0]]


def test_a_refusal_is_repeated_by_timer_g_until_timer_h() -> None:
    bench, transaction = served()
    says(bench, transaction, 486)
    bench.run(100)
    expected = [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert bench.times(486) == expected
    assert transaction.state is State.TERMINATED
    assert bench.empty


def test_a_repeated_invite_gets_the_refusal_again() -> None:
    bench, transaction = served()
    says(bench, transaction, 486)
    bench.run(0.1)
    again(bench)
    assert bench.times(486) == [0, 0.1]


def test_an_ack_ends_the_repetition_and_timer_i_absorbs_more() -> None:
    bench, transaction = served()
    says(bench, transaction, 486)
    bench.run(0.7)
    assert acknowledged(bench)
    assert transaction.state is State.CONFIRMED
    bench.run(5.6)
    assert acknowledged(bench)
    again(bench)
    assert bench.times(486) == [0, 0.5]
    assert transaction.state is State.CONFIRMED
    bench.run(5.7)
    assert bench.empty
    assert not acknowledged(bench)


def test_on_a_reliable_transport_nothing_is_repeated_but_timer_h_runs() -> None:
    bench, transaction = served(TCP)
    says(bench, transaction, 486)
    bench.run(31.9)
    assert bench.times(486) == [0]
    assert len(bench.layer) == 1
    bench.run(32)
    assert bench.empty


def test_timer_i_is_zero_on_a_reliable_transport() -> None:
    bench, transaction = served(TCP)
    says(bench, transaction, 486)
    assert acknowledged(bench)
    bench.run(0)
    assert bench.empty


@pytest.mark.parametrize("flow", [UDP, TCP], ids=["udp", "tcp"])
def test_after_a_2xx_invites_are_absorbed_until_timer_l(flow: Flow) -> None:
    """RFC 6026 §7.1: the user repeats its 2xx through the transaction, which answers nothing."""
    bench, transaction = served(flow)
    says(bench, transaction, 180, 200)
    again(bench)
    bench.run(0.5)
    says(bench, transaction, 200)
    assert (bench.times(180), bench.times(200)) == ([0], [0, 0.5])
    assert transaction.state is State.ACCEPTED
    bench.run(32)
    assert bench.empty
    assert not bench.layer.absorb(request(), bench.now)


def test_the_ack_of_a_2xx_is_the_users() -> None:
    bench, transaction = served()
    says(bench, transaction, 200)
    assert not acknowledged(bench)
    assert transaction.state is State.ACCEPTED


@pytest.mark.parametrize(
    ("final", "later"), [(200, 180), (200, 486), (486, 180), (486, 200), (486, 503)]
)
def test_after_a_final_no_other_is_sent(final: int, later: int) -> None:
    bench, transaction = served()
    says(bench, transaction, final, later)
    assert bench.times(later) == []
    if final == 486:
        acknowledged(bench)
        says(bench, transaction, later)
        assert bench.times(later) == []
    assert len(bench.layer) == 1


def test_whether_it_refused() -> None:
    bench, transaction = served()
    says(bench, transaction, 180)
    assert not transaction.refused
    says(bench, transaction, 486)
    assert transaction.refused
    acknowledged(bench)
    assert transaction.refused
    bench.run(100)
    assert not transaction.refused


def test_an_invite_that_nobody_answers_stays_the_users() -> None:
    bench, transaction = served()
    bench.run(500)
    assert transaction.state is State.PROCEEDING
    assert len(bench.layer) == 1
    assert bench.timers.next_due() is None


def test_the_values_are_the_engines() -> None:
    bench, transaction = served(values=TimerValues(t1=0.125, t2=0.25, t4=1.0))
    says(bench, transaction, 503)
    bench.run(0.75)
    assert bench.times(503) == [0, 0.125, 0.375, 0.625]
    acknowledged(bench)
    bench.run(1.5)
    assert len(bench.layer) == 1
    bench.run(1.75)
    assert bench.empty
