"""What `sipfo run` says: text that stays as it is, and JSON with the names of the records."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from sipfo.cli.log import Form, open_log
from sipfo.plan.ladder import Attempt, Ladder, Settled
from sipfo.runtime.record import AttemptRecord, CallRecord, EndRecord, Notice, Record
from sipfo.runtime.row import Row

ATTEMPT = Attempt(
    "us.primary",
    "pbx-east",
    "udp:192.0.2.1:5060",
    "503",
    0.0012,
    0.25,
    "No \x1b[31mroom",
    reasons=("Q.850;cause=34",),
)
ENDED = AttemptRecord("c1", "acme", 1, ATTEMPT)
CALL = CallRecord(
    call="c1",
    trunk="acme",
    number="+13125550123",
    source="203.0.113.7",
    ladder=Ladder((ATTEMPT,), Settled("answered", 200, "pbx-west"), 1.5),
    began=10.0,
    call_id=b"one@caller",
    caller=b"sip:a@b",
    callee=b"sip:c@d",
)
OVER = EndRecord(CALL, "caller", 20.0)


def said(form: Form, capsys: pytest.CaptureFixture[str], *records: Record) -> list[str]:
    log = open_log(form, lambda moment: 1_760_000_000 + moment)
    for record in records:
        log.record(record)
    return capsys.readouterr().out.splitlines()


def objects(capsys: pytest.CaptureFixture[str], *records: Record) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said("json", capsys, *records)]


def test_text_has_a_line_for_each_attempt_call_and_notice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = said("text", capsys, ENDED, CALL, OVER, Notice("-", "the \x1b[31mlot"))
    stamp = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d  ")
    assert all(stamp.match(line) for line in lines)
    assert [stamp.sub("", line) for line in lines] == [
        "call c1  attempt 1  us.primary to pbx-east  udp:192.0.2.1:5060  503 No ?[31mroom  0.250 s",
        "call c1  acme  203.0.113.7 to +13125550123  answered 200 by pbx-west  1.500 s  1 attempt",
        "call -  the ?[31mlot",
    ]


def test_each_line_of_json_is_an_object_with_its_time_and_event(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = open_log("json", lambda moment: moment)
    log.ready(["udp 192.0.2.10:5060"], 2)
    log.draining(3, 10.0)
    log.stopped()
    ready, draining, stopped = map(json.loads, capsys.readouterr().out.splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", ready.pop("time"))
    assert ready == {"event": "ready", "listen": ["udp 192.0.2.10:5060"], "trunks": 2}
    assert (draining["event"], draining["calls"], draining["grace"]) == ("draining", 3, 10.0)
    assert stopped["event"] == "stopped"


def test_an_attempt_in_json_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = objects(capsys, ENDED)
    del found["time"]
    assert found == {
        "event": "attempt",
        "call": "c1",
        "trunk": "acme",
        "attempt": 1,
        "egress": "us.primary",
        "route": "pbx-east",
        "level": None,
        "carrier": False,
        "target": "udp:192.0.2.1:5060",
        "outcome": "503",
        "phrase": "No \x1b[31mroom",
        "reasons": ["Q.850;cause=34"],
        "at": 0.001,
        "took": 0.25,
    }


def test_a_call_and_its_end_in_json_have_the_names_of_the_records(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call, end = objects(capsys, CALL, OVER)
    names = set(Row._fields) | {"time", "event"}
    assert call.keys() == end.keys() == names
    assert (call["event"], call["state"], call["attempts"]) == ("call", "open", 1)
    assert (call["call_id"], call["began"]) == ("one@caller", "2025-10-09T08:53:30.000Z")
    assert (end["event"], end["state"], end["hung_up_by"]) == ("end", "closed", "caller")
    assert end["talked"] == 8.5


def test_a_notice_in_json_has_a_call_or_none(capsys: pytest.CaptureFixture[str]) -> None:
    about, general = objects(capsys, Notice("c1", "skipped"), Notice("-", "reloaded"))
    assert (about["event"], about["call"], about["text"]) == ("notice", "c1", "skipped")
    assert (general["call"], general["text"]) == (None, "reloaded")


def test_a_stranger_in_json_has_its_address_apart(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = objects(capsys, Notice("-", "stranger 198.51.100.9 sent INVITE: 403"))
    del found["time"]
    assert found == {
        "event": "stranger",
        "source": "198.51.100.9",
        "sent": "INVITE",
        "answer": "403",
    }


def test_json_is_one_line_of_ascii_whatever_a_peer_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (line,) = said("json", capsys, Notice("c1", "a\nb\u2028c\x00\u202e"))
    assert line.isascii() and line.isprintable()
    assert json.loads(line)["text"] == "a\nb\u2028c\x00\u202e"
