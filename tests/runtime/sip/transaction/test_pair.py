"""Whole calls across a network that loses, repeats and reorders: each is told its one ending."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.sip.samples import OURS, THEIRS, request
from runtime.sip.transaction.pair import Callee, Caller, Fate, Network
from sipfo.runtime.sip.flow import Flow

MOST_LOST = 5
"""Few enough that Timers A, E and G get through before B, F and H end the wait."""

delays = st.floats(0.001, 2.4)  # there and back in less than T4, which Timers I and K wait
fates = st.lists(
    st.one_of(st.just(()), st.tuples(delays), st.tuples(delays, delays)), max_size=16
).filter(lambda drawn: drawn.count(()) <= MOST_LOST)
finals = st.sampled_from([200, 302, 404, 486, 503, 603])
UDP = Flow("udp", OURS, THEIRS)
TCP = Flow("tcp", OURS, THEIRS, 1)
LOST: Fate = ()


def call(
    fates: list[Fate], script: list[int], method: str = "INVITE", flow: Flow = UDP
) -> tuple[Network, Caller, Callee]:
    """A request placed at 0, whose final response is made a second after it arrives."""
    network = Network(fates)
    callee = Callee(network, THEIRS, script, 1.0)
    caller = Caller(network, flow)
    caller.send(request(method))
    return network, caller, callee


def nothing_left(network: Network, caller: Caller, callee: Callee) -> bool:
    network.run(200)
    return len(caller.layer) == len(callee.layer) == 0 and network.timers.next_due() is None


@settings(deadline=None)
@given(fates, finals)
def test_an_invite_is_served_once_and_ends_once(drawn: list[Fate], final: int) -> None:
    network, caller, callee = call(drawn, [100, 180, final])
    assert nothing_left(network, caller, callee)
    assert callee.served == ["INVITE"]
    endings = [what for what in caller.told if isinstance(what, str) or what >= 200]
    answers = 1 if final >= 300 else len(endings) - 1
    assert endings == [final] * answers + ["terminated"]
    assert answers >= 1
    assert (callee.acknowledged >= 1) or final >= 300


@settings(deadline=None)
@given(fates, finals)
def test_another_request_is_served_once_and_ends_once(drawn: list[Fate], final: int) -> None:
    network, caller, callee = call(drawn, [final], "OPTIONS")
    assert nothing_left(network, caller, callee)
    assert callee.served == ["OPTIONS"]
    assert caller.told == [final, "terminated"]


@settings(deadline=None)
@given(fates)
def test_a_cancelled_call_ends_once(drawn: list[Fate]) -> None:
    network = Network(drawn)
    callee = Callee(network, THEIRS, [180, 200], 60.0)
    caller = Caller(network, UDP)
    caller.send(request())
    while 180 not in caller.told:
        network.run(network.now + 0.5)
    caller.cancel(request())
    assert nothing_left(network, caller, callee)
    assert callee.served == ["INVITE", "CANCEL"]
    assert [what for what in caller.told if what in (200, 487)] in ([200, 487], [487, 200])
    assert caller.told.count("terminated") == 2
    assert "timeout" not in caller.told
    assert callee.acknowledged == 0


@pytest.mark.parametrize(("method", "sent"), [("INVITE", 7), ("OPTIONS", 11)])
def test_into_silence_a_request_times_out_once(method: str, sent: int) -> None:
    network, caller, callee = call([LOST] * 100, [200], method)
    assert nothing_left(network, caller, callee)
    assert caller.told == ["timeout", "terminated"]
    assert network.sent == [method] * sent
    assert callee.served == []


@pytest.mark.parametrize(
    ("method", "script", "sent"),
    [
        ("INVITE", [100, 180, 486], ["INVITE", "100", "180", "486", "ACK"]),
        ("INVITE", [100, 180, 200], ["INVITE", "100", "180", "200", "ACK"]),
        ("BYE", [200], ["BYE", "200"]),
    ],
)
@pytest.mark.parametrize("flow", [UDP, TCP], ids=["udp", "tcp"])
def test_where_nothing_is_lost_nothing_is_repeated(
    method: str, script: list[int], sent: list[str], flow: Flow
) -> None:
    """Over UDP a request that is answered a second later is repeated meanwhile, unless by a 1xx."""
    network, caller, callee = call([], script, method, flow)
    assert nothing_left(network, caller, callee)
    assert network.sent == (sent if method == "INVITE" or flow is TCP else ["BYE", "BYE", "200"])
    assert caller.told[-2:] == [script[-1], "terminated"]


def test_a_lost_ack_of_a_refusal_is_sent_again() -> None:
    network, caller, callee = call([(0.05,), (0.05,), (0.05,), LOST], [100, 486])
    assert nothing_left(network, caller, callee)
    assert network.sent == ["INVITE", "100", "486", "ACK", "486", "ACK"]
    assert caller.told == [100, 486, "terminated"]


def test_a_provisional_that_arrives_after_the_final_is_not_told() -> None:
    network, caller, callee = call([(0.05,), (0.05,), (3.0,)], [100, 180, 486])
    assert nothing_left(network, caller, callee)
    assert caller.told == [100, 486, "terminated"]


def test_a_copy_of_the_invite_that_arrives_last_starts_no_second_call() -> None:
    network, caller, callee = call([(0.05, 2.4)], [100, 486])
    assert nothing_left(network, caller, callee)
    assert callee.served == ["INVITE"]
