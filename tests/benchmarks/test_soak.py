"""The soak of benchmarks/soak.py, for a few seconds: whether every view of every call agrees.

Half an hour of it is for whoever changes what lives long; its figures are in docs/running.md.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


def soak(*options: str) -> str:
    """What it says of ten seconds. Fails when anything is wrong."""
    command = [sys.executable, str(SOAK), "--brief", "--quiet", "--minutes", "0.17", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert done.stdout.endswith("every view agrees\n")
    return done.stdout


def test_callers_callees_records_metrics_and_log_agree() -> None:
    said = soak("--reload", "3")
    found = re.search(r"^(\d+) calls placed, (\d+) records, (\d+) attempts$", said, re.MULTILINE)
    assert found is not None, said
    calls, records, attempts = map(int, found.groups())
    assert 0 < calls == records < attempts
    assert re.search(r"^0 internal errors, [3-9] reloads, 0 replacements", said, re.MULTILINE), said


def test_they_agree_when_another_process_takes_over_under_load() -> None:
    assert ", 1 replacements, " in soak("--replace", "4")


def test_a_view_that_disagrees_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A soak that finds nothing must be one that could: an attempt is taken out of a book."""
    monkeypatch.syspath_prepend(str(SOAK.parent))
    audit = __import__("soak_audit")
    callee, caller = __import__("soak_callee"), __import__("soak_caller")
    message = __import__("soak_message").Message("", ())
    call = caller.Placed("one", "hangs up", [], 0.0)
    call.finals.add((200, "a"))
    call.we_hung_up, call.bye_answered = True, 200
    leg = callee.Leg("one", "east", "answers", message, lambda data: True, "a", 0.1)
    leg.said, leg.acknowledged, leg.they_hung_up = [100, 200], True, True
    attempt = audit.Attempt("udp:127.0.0.21:5060", "200")
    row = audit.Row("closed", "answered", 200, "east", "caller", [attempt])
    hosts = {"east": "127.0.0.21"}
    late: list[str] = []

    def wrong() -> list[str]:
        return list(audit.audit([call], [leg], {"one": [row]}, hosts, set(), late))

    assert wrong() == []
    row.attempts.clear()
    assert wrong() == ["one (hangs up): 1 INVITEs at east, 0 attempts recorded"]
    row.attempts.append(attempt)
    leg.they_hung_up = False
    assert wrong() == ["one at east (answers): answered, and never hung up"]
    leg.they_hung_up, row.hung_up_by = True, "sipfo"
    assert wrong() == ["one (hangs up): recorded as hung up by sipfo, and not by ['caller']"]
    row.hung_up_by, attempt.outcome = "caller", "486"
    assert wrong() == ["one (hangs up): east answers, recorded 486"]
    attempt.outcome = "no-answer"
    assert wrong() == []
    assert late == ["one (hangs up): east answers, recorded no-answer"]
