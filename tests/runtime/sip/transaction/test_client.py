"""The non-INVITE client transaction: Timers E, F and K."""

from __future__ import annotations

import pytest

from runtime.sip.samples import TCP, UDP, answer, request
from runtime.sip.transaction.bench import Bench
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.transaction.values import TimerValues


def asked(flow: Flow = UDP, values: TimerValues | None = None) -> Bench:
    bench = Bench(values)
    bench.layer.request(request("OPTIONS"), flow, bench.user, bench.now)
    return bench


def hears(bench: Bench, status: int) -> None:
    assert bench.layer.receive_response(answer(request("OPTIONS"), status), bench.now)


def test_timer_e_doubles_up_to_t2_until_timer_f_at_64_t1() -> None:
    bench = asked()
    bench.run(100)
    expected = [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert bench.times("OPTIONS") == expected
    assert bench.user.told == [(32.0, "timeout"), (32.0, "terminated")]
    assert bench.empty


def test_timer_e_is_t2_once_proceeding_and_timer_f_still_runs() -> None:
    bench = asked()
    bench.run(0.6)
    hears(bench, 100)
    bench.run(100)
    expected = [0, 0.5, 1.5, 5.5, 9.5, 13.5, 17.5, 21.5, 25.5, 29.5]
    assert bench.times("OPTIONS") == expected
    assert bench.user.told == [(0.6, 100), (32.0, "timeout"), (32.0, "terminated")]
    assert bench.empty


def test_every_provisional_and_the_final_after_them_are_told() -> None:
    bench = asked()
    for status in (100, 100, 183, 200):
        hears(bench, status)
    assert [what for _, what in bench.user.told] == [100, 100, 183, 200]


@pytest.mark.parametrize(("flow", "gone"), [(UDP, 6.0), (TCP, 1.0)], ids=["udp", "tcp"])
@pytest.mark.parametrize("status", [200, 302, 404, 503, 603])
def test_a_final_is_told_once_and_timer_k_absorbs_its_repetitions(
    flow: Flow, gone: float, status: int
) -> None:
    bench = asked(flow)
    bench.run(1.0)
    hears(bench, status)
    if not flow.reliable:
        bench.run(5.9)
        hears(bench, status)
        hears(bench, 100)
    bench.run(100)
    assert bench.user.told == [(1.0, status), (gone, "terminated")]
    assert bench.times("OPTIONS") == ([0] if flow.reliable else [0, 0.5])
    assert bench.empty


def test_a_reliable_transport_is_sent_to_once_and_still_times_out() -> None:
    bench = asked(TCP)
    bench.run(100)
    assert bench.times("OPTIONS") == [0]
    assert bench.user.told == [(32.0, "timeout"), (32.0, "terminated")]


def test_the_values_are_the_engines() -> None:
    bench = asked(values=TimerValues(t1=0.125, t2=0.375, t4=1.0))
    bench.run(1.5)
    assert bench.times("OPTIONS") == [0, 0.125, 0.375, 0.75, 1.125, 1.5]
    hears(bench, 200)
    bench.run(100)
    assert bench.user.told == [(1.5, 200), (2.5, "terminated")]


@pytest.mark.parametrize("provisional", [False, True])
def test_a_broken_connection_is_told_at_once(provisional: bool) -> None:
    bench = asked(TCP)
    if provisional:
        hears(bench, 100)
    bench.layer.transport_failed(TCP, bench.now)
    assert bench.user.told[-2:] == [(0, "transport error"), (0, "terminated")]
    bench.run(100)
    assert bench.empty


def test_an_error_after_the_final_is_ignored() -> None:
    for flow in (UDP, TCP):
        bench = asked(flow)
        hears(bench, 200)
        bench.layer.transport_failed(flow, bench.now)
        bench.run(100)
        assert [what for _, what in bench.user.told] == [200, "terminated"]
        assert bench.empty
