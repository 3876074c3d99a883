"""`sipfo why`: the reasons of a recorded call, with the policy's lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.command import NUMBER, POLICY, sipfo
from sipfo.compiler.pipeline import compile_source
from sipfo.plan.codec import fingerprint
from sipfo.plan.ladder import Attempt, Ladder, Settled
from sipfo.runtime.record import CallRecord
from sipfo.runtime.row import Row, row_of
from sipfo.runtime.wire.books import open_book

ATTEMPTS = (
    Attempt("us.primary", "east", "udp:198.51.100.10:5060", "503", 0.0, 0.041, "Too \x1b[31mred"),
    Attempt("us.primary", "west", "udp:198.51.100.20:5060", "200", 0.042, 0.38, "OK"),
)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.sipfo"
    file.write_text(POLICY, encoding="utf-8")
    return file


def row(call: str, plan: str = "", trunk: str = "acme") -> Row:
    record = CallRecord(
        call=call,
        trunk=trunk,
        number=NUMBER,
        source="203.0.113.7",
        ladder=Ladder(ATTEMPTS, Settled("answered", 200, "west"), 0.422),
        began=1.0,
        call_id=b"one@caller",
        caller=b"sip:a@b",
        callee=b"sip:c@d",
        plan=plan,
        notes=("us.primary to east skipped: down",),
    )
    return row_of(record, lambda moment: 1_760_000_000 + moment)


def book(folder: Path, *rows: Row, name: str = "calls.db") -> str:
    path = str(folder / name)
    made = open_book(path, "normal")
    made.write(rows, 1_760_000_001.0)
    made.close()
    return path


def this_plan() -> str:
    plan = compile_source(POLICY, "policy.sipfo").plan
    assert plan is not None
    return fingerprint(plan)


@pytest.mark.parametrize("name", ["calls.db", "calls.jsonl", "calls.csv"])
@pytest.mark.parametrize("call", ["20251009-one", "one@caller"])
def test_every_attempt_has_the_line_that_decided_it(
    name: str, call: str, tmp_path: Path, policy: Path
) -> None:
    records = book(tmp_path, row("20251009-one", this_plan()), name=name)
    result = sipfo("why", call, "--policy", str(policy), "--records", records)
    assert result.exit_code == 0, result.output
    lines = [line.strip() for line in result.output.splitlines()]
    assert lines[0] == f"20251009-one  acme → {NUMBER}"
    assert (
        "1  us.primary → east  udp:198.51.100.10:5060  503 Too \\x1b[31mred  0 ms + 41 ms" in lines
    )
    rule = lines.index("503: it fails over")
    assert lines[rule + 1] == f"{policy}:5:17  failover on 503, transport-error"
    assert "⇒ answered 200 by west after 422 ms" in lines
    assert "policy" not in lines[-1]


@pytest.mark.parametrize("name", ["calls.db", "calls.jsonl", "calls.csv"])
def test_why_a_step_was_passed_over_is_in_the_record(
    name: str, tmp_path: Path, policy: Path
) -> None:
    made = row("one", this_plan())
    records = book(tmp_path, made._replace(attempts=made.attempts[1:]), name=name)
    result = sipfo("why", "one", "--policy", str(policy), "--records", records)
    assert "us.primary to east was passed over: down\n" in result.output


def test_json_has_the_places_apart(tmp_path: Path, policy: Path) -> None:
    records = book(tmp_path, row("c1", this_plan()))
    result = sipfo("why", "c1", "--policy", str(policy), "--records", records, "--format", "json")
    found = json.loads(result.output)
    assert found["call"] == "c1"
    assert found["attempts"][0]["why"][-1] == {
        "words": "503: it fails over",
        "file": str(policy),
        "line": 5,
        "column": 17,
        "text": "failover on 503, transport-error",
    }
    assert found["result"]["by"] == "west"
    assert found["caution"] is None


def test_a_policy_that_has_changed_since_is_said(tmp_path: Path, policy: Path) -> None:
    records = book(tmp_path, row("c1", "0" * 64))
    result = sipfo("why", "c1", "--policy", str(policy), "--records", records)
    assert "it went by another policy than" in result.output.splitlines()[-1]


def test_a_record_that_does_not_know_its_policy_is_said(tmp_path: Path, policy: Path) -> None:
    records = book(tmp_path, row("c1"))
    result = sipfo("why", "c1", "--policy", str(policy), "--records", records)
    assert "the record does not say which policy it went by" in result.output.splitlines()[-1]


def test_the_environment_names_policy_and_records(
    tmp_path: Path, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIPFO_POLICY", str(policy))
    monkeypatch.setenv("SIPFO_RECORDS", book(tmp_path, row("c1", this_plan())))
    result = sipfo("why", "c1")
    assert result.exit_code == 0
    assert "west answered first" in result.output


def test_a_call_that_is_not_there_is_said(tmp_path: Path, policy: Path) -> None:
    records = book(tmp_path, row("c1"))
    result = sipfo("why", "c2", "--policy", str(policy), "--records", records)
    assert result.exit_code == 2
    assert f"{records} has no call c2" in result.output


def test_a_trunk_that_is_gone_is_said(tmp_path: Path, policy: Path) -> None:
    records = book(tmp_path, row("c1", trunk="old"))
    result = sipfo("why", "c1", "--policy", str(policy), "--records", records)
    assert result.exit_code == 2
    assert "has no trunk old, whose call c1 was: give the policy as it was then" in result.output


def test_a_plan_has_no_lines_to_show(tmp_path: Path, policy: Path) -> None:
    records = book(tmp_path, row("c1"))
    plan = tmp_path / "plan.json"
    plan.write_text("{}", encoding="utf-8")
    result = sipfo("why", "c1", "--policy", str(plan), "--records", records)
    assert result.exit_code == 2
    assert "give the policy that it was compiled from" in result.output
