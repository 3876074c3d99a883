"""`sipfo budget`: a table to read, JSON to keep, a test block that passes; what exits with what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.command import EXAMPLES, POLICY, TELNYX, sipfo

QUICK = POLICY.replace("no-response 2s", "no-response 2s no-progress 3s no-answer 10s")
TIMERS_ALONE = POLICY.replace("failover on 503, transport-error", "failover on no-response")


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "policy.sipfo"
    path.write_text(QUICK, encoding="utf-8")
    return path


def test_a_table_shows_when_each_attempt_starts_and_the_call_that_waits_longest(
    written: Path,
) -> None:
    result = sipfo("budget", str(written))
    assert result.exit_code == 0
    assert result.stdout == (
        "acme  a caller waits at most 60.00 s\n"
        "                          soonest  all silent   latest  tried\n"
        "  1  us.primary → east       0 ms        0 ms     0 ms  always\n"
        "  2  us.primary → west       0 ms           —  15.00 s  not in silence\n"
        "  3  us.secondary → east     0 ms           —  30.00 s  not in silence\n"
        "  4  us.secondary → west     0 ms           —  45.00 s  not in silence\n"
        "  attempts 2 to 4 cannot be tried when all before are silent: no-response stops\n"
        "\n"
        "acme: the longest wait  acme → +13125550000\n"
        "  1     0 ms  us.primary   → east  udp:198.51.100.10:5060  503 Service Unavailable"
        "  15.00 s\n"
        "  2  15.00 s  us.primary   → west  udp:198.51.100.20:5060  503 Service Unavailable"
        "  15.00 s\n"
        "  3  30.00 s  us.secondary → east  udp:198.51.100.10:5060  503 Service Unavailable"
        "  15.00 s\n"
        "  4  45.00 s  us.secondary → west  udp:198.51.100.20:5060  200 OK                 "
        "  15.00 s\n"
        "  ⇒ answered 200 by west after 60.00 s\n"
    )


def test_json_has_the_shape_that_is_documented(written: Path) -> None:
    result = sipfo("budget", str(written), "--format", "json")
    assert result.exit_code == 0
    (trunk,) = json.loads(result.stdout)["trunks"]
    attempts, ladder, test = trunk.pop("attempts"), trunk.pop("ladder"), trunk.pop("test")
    assert trunk == {
        "trunk": "acme",
        "longest": 60.0,
        "without_deadline": 60.0,
        "deadline": None,
        "patience": None,
        "names": [],
        "targets": 1,
    }
    assert attempts[1] == {
        "number": 2,
        "egress": "us.primary",
        "route": "west",
        "level": None,
        "address": None,
        "soonest": 0.0,
        "silent": None,
        "latest": 15.0,
        "tried": "not in silence",
        "why": "no-response stops",
    }
    assert ladder["elapsed"] == 60.0
    assert test.startswith('test "acme: the longest wait" {\n    call acme to +13125550000\n')


def test_the_shown_test_passes(written: Path) -> None:
    shown = sipfo("budget", str(written), "--show-test").stdout
    written.write_text(QUICK + shown[shown.index("\ntest ") :], encoding="utf-8")
    result = sipfo("test", str(written))
    assert result.exit_code == 0, result.output
    assert "1 passed, 0 failed" in result.stdout


def test_what_no_test_can_say_is_a_comment(tmp_path: Path) -> None:
    shown = sipfo("budget", str(EXAMPLES / "srv.sipfo"), "--targets", "2", "--show-test").stdout
    assert "no words for targets of one name" in shown
    assert "counted as 2 addresses each: pbx.example.com, backup.example.com" in shown


def test_an_attempt_that_can_never_be_tried_exits_1(tmp_path: Path) -> None:
    path = tmp_path / "policy.sipfo"
    late = TIMERS_ALONE.replace("retry   standard", "retry   standard\n    deadline 4s")
    path.write_text(late, encoding="utf-8")
    result = sipfo("budget", str(path))
    assert result.exit_code == 1
    assert "attempts 3 to 4 can never be tried: the deadline of 4.00 s has passed" in result.stdout


def test_a_plan_serves_as_well_as_its_policy(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    assert sipfo("compile", TELNYX, "-o", str(path)).exit_code == 0
    assert sipfo("budget", str(path)).stdout == sipfo("budget", TELNYX).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("/nonexistent.sipfo",), "cannot read"),
        ((TELNYX, "--trunk", "amce"), "did you mean acme?"),
        ((TELNYX, "--trunk", "nobody"), "there is acme"),
        ((TELNYX, "--targets", "0"), "--targets"),
        ((TELNYX, "--format", "xml"), "--format"),
    ],
)
def test_wrong_usage_is_2(arguments: tuple[str, ...], said: str) -> None:
    result = sipfo("budget", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_policy_with_errors_is_1(tmp_path: Path) -> None:
    path = tmp_path / "policy.sipfo"
    path.write_text(POLICY.replace("east, west", "esat, west"), encoding="utf-8")
    result = sipfo("budget", str(path))
    assert result.exit_code == 1
    assert result.stdout == ""
