"""`sipfo audit`: what fails and what is lost, as text and JSON; what exits with what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.command import POLICY, TELNYX, sipfo

SAFE = POLICY.replace("failover on 503,", "failover on 408, 503,").replace(
    "198.51.100.20", "203.0.113.20"
)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "policy.sipfo"
    path.write_text(SAFE, encoding="utf-8")
    return path


def test_a_policy_that_survives_every_single_failure_exits_0(written: Path) -> None:
    result = sipfo("audit", str(written))
    assert result.exit_code == 0
    assert result.stdout == (
        "acme  no single thing of 4 loses calls\n"
        "  us.primary 192.76.120.10   silent  answered after 4.10 s\n"
        "  us.secondary 64.16.250.10  silent  answered after 100 ms\n"
        "  route east 198.51.100.10   silent  answered after 2.10 s\n"
        "  route west 203.0.113.20    silent  answered after 100 ms\n"
    )


def test_a_single_point_of_failure_exits_1(written: Path) -> None:
    written.write_text(POLICY, encoding="utf-8")
    result = sipfo("audit", str(written))
    assert result.exit_code == 1
    assert "acme  3 of 5 things lose calls alone" in result.stdout
    assert "lost after 2.00 s: no-response stops" in result.stdout


def test_pairs_are_shown_and_do_not_change_the_status(written: Path) -> None:
    result = sipfo("audit", str(written), "--depth", "2")
    assert result.exit_code == 0
    assert "2 pairs of the others lose calls:" in result.stdout
    assert "us.primary 192.76.120.10 + us.secondary 64.16.250.10" in result.stdout
    assert "the slowest pair that loses none: answered after 6.10 s" in result.stdout


def test_json_has_the_shape_that_is_documented(written: Path) -> None:
    result = sipfo("audit", str(written), "--depth", "2", "--format", "json")
    found = json.loads(result.stdout)
    assert found["depth"] == 2
    (trunk,) = found["trunks"]
    assert list(trunk) == ["trunk", "deadline", "patience", "singles", "pairs", "slowest_pair"]
    first = trunk["singles"][0]
    assert first.pop("ladder")["result"] == {"kind": "answered", "code": 200, "by": "east"}
    assert first == {
        "failures": [
            {"kind": "egress", "name": "us.primary", "what": "192.76.120.10", "mode": "silent"}
        ],
        "lost": False,
        "why": "",
        "elapsed": 4.1,
        "test": None,
    }
    assert [pair["why"] for pair in trunk["pairs"]] == 2 * ["nothing else is left"]
    assert trunk["pairs"][0]["test"].startswith('test "acme: us.primary 192.76.120.10 silent and')


def test_the_shown_tests_pass(written: Path) -> None:
    shown = sipfo("audit", str(written), "--depth", "2", "--show-tests").stdout
    written.write_text(SAFE + shown[shown.index("\ntest ") :], encoding="utf-8")
    result = sipfo("test", str(written))
    assert result.exit_code == 0, result.output
    assert "2 passed, 0 failed" in result.stdout


def test_many_trunks_are_a_grid(written: Path) -> None:
    other = SAFE[SAFE.index("trunk acme") :].replace("acme", "other").replace("+1312555", "+44")
    other = other.replace("east, west", "west").replace("from    us\n", "")
    written.write_text(SAFE + other, encoding="utf-8")
    result = sipfo("audit", str(written))
    assert result.exit_code == 1
    grid, _, others = result.stdout.split("\n\n")
    assert grid == (
        "                             acme  other\n"
        "us.primary 192.76.120.10   4.10 s      —\n"
        "us.secondary 64.16.250.10  100 ms      —\n"
        "listen 192.0.2.10               —   lost\n"
        "route east 198.51.100.10   2.10 s      —\n"
        "route west 203.0.113.20    100 ms   lost"
    )
    assert others == (
        "other  2 of 2 things lose calls alone\n"
        "  listen 192.0.2.10        silent  lost after 2.00 s: the only address to send from\n"
        "  route west 203.0.113.20  silent  lost after 2.00 s: the only route\n"
    )


def test_one_trunk_can_be_asked_for() -> None:
    assert sipfo("audit", TELNYX, "--trunk", "acme").stdout == sipfo("audit", TELNYX).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("/nonexistent.sipfo",), "cannot read"),
        ((TELNYX, "--trunk", "amce"), "did you mean acme?"),
        ((TELNYX, "--depth", "3"), "--depth"),
        ((TELNYX, "--format", "table"), "--format"),
    ],
)
def test_wrong_usage_is_2(arguments: tuple[str, ...], said: str) -> None:
    result = sipfo("audit", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_help_says_what_exits_with_what() -> None:
    text = " ".join(sipfo("audit", "--help").stdout.split())
    assert "Exits 1 when a single thing loses calls" in text
    assert "Pairs are shown, and do not change the exit status" in text
