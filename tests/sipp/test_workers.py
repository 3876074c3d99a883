"""The same with two workers: what SIPp judges of one process, it judges of three.

All of this folder's tests can be run so, with `SIPFO_WORKERS=2`; these are some of each kind.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sipp import (
    harness,
    test_caller,
    test_dialog,
    test_everything,
    test_order,
    test_outcomes,
    test_transports,
    test_zombie,
)
from sipp.harness import Bench

SOME: list[Callable[[Bench], None]] = [
    test_caller.test_cancel_during_the_second_attempt_reaches_its_callee_and_ends_the_call,
    test_caller.test_caller_over_tcp_reaches_a_callee_over_udp,
    test_dialog.test_reinvite_crosses_from_callee_to_caller,
    test_everything.test_a_run_of_everything_is_well_formed,
    test_order.test_round_robin_starts_six_calls_at_three_routes_in_turn,
    test_outcomes.test_nothing_listening_on_udp_fails_over_at_once,
    test_outcomes.test_ringing_commits_so_that_a_503_after_it_stops_and_leaves_as_500,
    test_transports.test_silence_over_udp_and_a_refusal_over_tcp_lead_to_an_answer_over_tls,
    test_zombie.test_attempt_given_up_is_acknowledged_and_hung_up_on_when_it_answers_late,
]


@pytest.mark.parametrize("judged", SOME, ids=lambda one: one.__name__.removeprefix("test_"))
def test_with_two_workers(
    bench: Bench, judged: Callable[[Bench], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness, "WORKERS", "2")
    judged(bench)
