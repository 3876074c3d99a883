"""What is counted of calls, and that nothing which a caller says is a label."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.accounts import CANCELLED, EAST, GAUGES, OVER, REFUSED, UP, WEST
from runtime.scrape import scrape, value
from sipfo.plan.ladder import Ladder, Settled
from sipfo.runtime.exposition import exposition
from sipfo.runtime.metrics import RECENT, Gauges, Kept, Meter
from sipfo.runtime.record import AttemptRecord, Notice, Record


def shown(*records: Record, gauges: Gauges = GAUGES, kept: tuple[Kept, ...] = ()) -> bytes:
    meter = Meter()
    for record in records:
        meter.take(record)
    return exposition(meter.families(gauges, kept))


def test_calls_are_counted_by_trunk_and_result() -> None:
    text = shown(UP, REFUSED, REFUSED, CANCELLED, OVER)
    assert value(text, "sipfo_calls_total", trunk="acme", result="answered") == 1
    assert value(text, "sipfo_calls_total", trunk="acme", result="refused") == 2
    assert value(text, "sipfo_calls_total", trunk="other", result="cancelled") == 1
    assert value(text, "sipfo_responses_total", leg="caller", code="500") == 2


def test_the_end_of_a_call_says_who_and_how_long() -> None:
    text = shown(UP, OVER)
    assert value(text, "sipfo_calls_ended_total", trunk="acme", by="caller") == 1
    assert value(text, "sipfo_talk_seconds_total", trunk="acme") == pytest.approx(60.0)


def test_attempts_are_counted_by_place_and_outcome() -> None:
    unreached = replace(EAST, target=None, outcome="transport-error")
    text = shown(
        AttemptRecord("c", "acme", 1, EAST),
        AttemptRecord("c", "acme", 2, WEST),
        AttemptRecord("c", "acme", 3, replace(EAST, route="northstar"), carrier=True),
        AttemptRecord("c", "acme", 4, unreached),
    )
    name = "sipfo_failover_attempts_total"
    assert value(text, name, route="pbx-east", outcome="503") == 1
    assert value(text, name, route="pbx-east", outcome="transport-error") == 1
    assert value(text, name, carrier="northstar", outcome="503") == 1
    assert value(text, "sipfo_responses_total", leg="target", code="503") == 2
    assert value(text, "sipfo_responses_total", leg="target", code="200") == 1


def test_what_was_made_here_is_no_response_of_a_target() -> None:
    unregistered = replace(EAST, target=None, outcome="480")
    text = shown(AttemptRecord("c", "acme", 1, unregistered))
    assert not [name for name, _, _ in scrape(text) if name == "sipfo_responses_total"]


def test_post_dial_delay_is_until_it_rang_or_was_answered() -> None:
    silent = replace(UP, rang=None)
    text = shown(UP, silent, REFUSED)
    name = "sipfo_post_dial_delay_seconds"
    assert value(text, f"{name}_count", trunk="acme") == 2
    assert value(text, f"{name}_bucket", trunk="acme", le="1") == 1
    assert value(text, f"{name}_bucket", trunk="acme", le="2") == 2
    assert value(text, f"{name}_bucket", trunk="acme", le="+Inf") == 2


def test_answer_seizure_ratio_is_that_of_a_trunk_s_last_calls() -> None:
    assert value(shown(UP, REFUSED, REFUSED, REFUSED), "sipfo_asr_ratio", trunk="acme") == 0.25
    long_ago = [REFUSED] * 50
    assert value(shown(*long_ago, *[UP] * RECENT), "sipfo_asr_ratio", trunk="acme") == 1.0


def test_the_state_of_the_moment_is_shown() -> None:
    text = shown(Notice("-", "something"))
    assert value(text, "sipfo_calls_current", state="setting-up") == 2
    assert value(text, "sipfo_calls_current", state="up") == 3
    assert value(text, "sipfo_transactions_current") == 17
    assert value(text, "sipfo_internal_errors_total") == 0
    assert value(text, "sipfo_config_info", sha256="c0ffee") == 1
    assert value(text, "sipfo_notices_total") == 1
    east, northstar = (
        {"route": "pbx-east", "target": "udp:198.51.100.10:5060"},
        {"carrier": "northstar", "target": "udp:203.0.113.9:5060"},
    )
    assert value(text, "sipfo_target_up", egress="us.primary", **east) == 0
    assert value(text, "sipfo_target_up", egress="us.primary", **northstar) == 1


def test_each_book_says_what_is_safe_and_what_is_lost() -> None:
    text = shown(kept=(Kept('a "b".db', 10, 2, 3, 1_790_000_000.5),))
    book = {"book": 'a "b".db'}
    assert value(text, "sipfo_records_acknowledged_total", **book) == 10
    assert value(text, "sipfo_records_lost_total", **book) == 2
    assert value(text, "sipfo_records_waiting", **book) == 3
    assert value(text, "sipfo_records_through_timestamp_seconds", **book) == 1_790_000_000.5


def test_nothing_that_a_caller_says_is_a_label_or_makes_a_series() -> None:
    records: list[Record] = []
    for n in range(3000):
        code = str(400 + n % 200)
        said = replace(EAST, outcome=code, phrase=f"secret {n}", reasons=(f"secret {n}",))
        records.append(AttemptRecord(f"c{n}", "acme", 1, said))
        records.append(
            replace(
                REFUSED,
                number=f"secret{n}",
                caller=b"secret",
                call_id=b"secret",
                source="secret",
                ladder=Ladder((said,), Settled("refused", int(code)), 0.1),
            )
        )
    text = shown(*records)
    assert b"secret" not in text
    assert len(scrape(text)) < 250
